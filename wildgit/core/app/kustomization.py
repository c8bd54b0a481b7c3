"""A kustomization may only name files of its own app: nothing from the network, nothing outside.

Kustomize would fetch a remote base with git, and follow `../..` to any file of the machine.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from wildgit.core.yaml_values import load_yaml_all
from wildgit.errors import InputError

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# Fields that name files, folders or remote targets.
# Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
_FILE_FIELDS = (
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
)
_REMOTE = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*://|[^/\s]+@[^/\s]+:|(?:www\.)?(?:github|gitlab|bitbucket)\.\w+[/:])|\?ref=",
    re.I,
)
_RUNS_PROGRAMS = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")


def check_confined(data: bytes, path: str, source: str) -> None:
    """Raise InputError where a kustomization names something that is not inside its app.

    Args:
        data: the file; anything but a kustomization passes.
        path: inside the app's folder; what it names is relative to it.
        source: the file, for messages.
    """
    if posixpath.basename(path) not in NAMES:
        return
    for document in load_yaml_all(data, source):
        if not isinstance(document, dict):
            continue
        for field in _RUNS_PROGRAMS:
            if document.get(field):
                raise InputError(f"{field} would download and run a chart; packages may not", source=source)
        for field, target in _targets(document):
            _check_target(field, target, posixpath.dirname(path), source)


def _check_target(field: str, target: str, folder: str, source: str) -> None:
    if _REMOTE.search(target):
        raise InputError(f"{field} names {target!r}, which lies on the network", source=source)
    inside = posixpath.normpath(posixpath.join("/", "app", folder, target))
    if target.startswith("/") or not (inside == "/app" or inside.startswith("/app/")) or "\\" in target:
        raise InputError(f"{field} names {target!r}, which lies outside the app", source=source)


def _targets(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    for field in _FILE_FIELDS:
        yield from ((field, each) for each in _strings(document.get(field)) if "\n" not in each)
    yield from (
        ("patchesStrategicMerge", each)
        for each in _strings(document.get("patchesStrategicMerge"))
        if "\n" not in each
    )
    for field in ("patches", "patchesJson6902", "replacements"):
        for entry in _mappings(document.get(field)):
            if isinstance(entry.get("path"), str):
                yield field, str(entry["path"])
    for field in ("configMapGenerator", "secretGenerator"):
        for entry in _mappings(document.get(field)):
            for kind in ("files", "envs"):
                yield from ((field, each.partition("=")[2] or each) for each in _strings(entry.get(kind)))
            yield from ((field, each) for each in _strings([entry.get("env")]))
    openapi = document.get("openapi")
    if isinstance(openapi, dict):
        yield from (("openapi", each) for each in _strings([openapi.get("path")]))


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _mappings(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
