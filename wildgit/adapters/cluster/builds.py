"""Builds of an instance's apps: under way, several at once, or remembered.

Little is imported here: a deploy starts its first build before it imports what it takes to deploy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from wildgit.adapters.cluster.build_memory import BuildMemory
from wildgit.adapters.cluster.kustomize import Build, kubectl_path
from wildgit.adapters.instance import APPS, Instance
from wildgit.core.cluster.kube_objects import Object
from wildgit.errors import InputError


def start_build(instance: Instance, app: str) -> Build:
    """Return a build of the app's folder, under way or remembered."""
    return Build(instance.app_folder(app), f"{APPS}/{app}", _memory(instance))


def remembered_build(instance: Instance, app: str) -> list[Object] | None:
    """Return what the app's folder builds, as far as that is remembered; None where it would take a build."""
    memory = _memory(instance)
    folder = instance.app_folder(app)
    return memory.recall(memory.key(folder)) if folder.is_dir() else None


def start_builds(instance: Instance, apps: Sequence[str]) -> Iterator[tuple[str, Build | InputError]]:
    """Yield each app's build, or why it can't be; as many are under way as there are processors."""
    waiting = iter(apps)
    running: dict[str, Build | InputError] = {}
    for app in apps:
        for following in islice(waiting, (os.cpu_count() or 1) - len(running)):
            try:
                running[following] = start_build(instance, following)
            except InputError as error:
                running[following] = error
        yield app, running.pop(app)


def _memory(instance: Instance) -> BuildMemory:
    return BuildMemory(instance.git_dir / "wild" / "builds", kubectl_path())
