"""What `git wild doctor` says of the instance's own files: whether they can be read at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from wildgit.adapters.instance import CONFIG, SECRETS, Instance
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.drift.ignore_rules import read_rules
from wildgit.core.cluster.environment import read_environments
from wildgit.core.diagnosis import Diagnosis
from wildgit.errors import WildgitError


def diagnose(root: Path) -> Iterator[Diagnosis]:
    """Yield whether configuration, secrets, settings and the apps' manifests can be read."""
    instance = Instance(root)

    def manifests() -> None:
        for app in instance.app_names():
            instance.manifest(app)

    def settings() -> None:
        found = read_settings(root)
        found.check_choices()
        read_environments(found.values)
        read_rules(found.values)

    yield _try(f"{CONFIG} can be read", instance.config)
    yield _try(f"{SECRETS} can be read", instance.secrets)
    yield _try("the settings can be read", settings)
    yield _try("the apps' manifests can be read", manifests)


def _try(what: str, read: Callable[[], object]) -> Diagnosis:
    try:
        read()
    except WildgitError as error:
        return Diagnosis(what, ok=False, detail=error.message, hint=error.hint)
    return Diagnosis(what, ok=True)
