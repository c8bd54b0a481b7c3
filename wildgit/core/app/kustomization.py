"""A kustomization may only name files of its own app: nothing from the network, nothing outside.

Kustomize would fetch a remote base with git, and follow `../..` to any file of the machine.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from wildgit.core.yaml_values import load_yaml_all
from wildgit.errors import InputError

# kustomize looks for these names, in this order.
FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# Fields that make kustomize run helm.
HELM_FIELDS = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
# Lists whose entries are files or folders; a folder is built in turn.
# Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
FOLDER_FIELDS = ("resources", "bases", "components", "generators", "transformers", "validators")
_FILE_FIELDS = ("crds", "configurations", "patchesStrategicMerge")
_PATH_FIELDS = ("patches", "patchesJson6902", "replacements")  # lists of mappings with a `path`
_GENERATOR_FIELDS = ("configMapGenerator", "secretGenerator")
# Their entries may also be YAML of several lines, in place.
_INLINE_FIELDS = ("generators", "transformers", "validators", "patchesStrategicMerge")
_REMOTE = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*://|[^/\s]+@[^/\s]+:|(?:www\.)?(?:github|gitlab|bitbucket)\.\w+[/:])|\?ref=",
    re.I,
)


def check_confined(data: bytes, path: str, source: str) -> None:
    """Raise InputError where a kustomization names something that is not inside its app.

    Args:
        data: the file; anything but a kustomization passes.
        path: inside the app's folder; what it names is relative to it.
        source: the file, for messages.
    """
    if posixpath.basename(path) not in FILE_NAMES:
        return
    for document in load_yaml_all(data, source):
        if not isinstance(document, dict):
            continue
        for field in HELM_FIELDS:
            if document.get(field):
                raise InputError(f"{field} would download and run a chart; packages may not", source=source)
        for field, target in named_files(document):
            _check_target(field, target, posixpath.dirname(path), source)


def named_files(kustomization: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield field and entry for everything in a kustomization that kustomize would load."""
    for field in (*FOLDER_FIELDS, *_FILE_FIELDS):
        for entry in _strings(kustomization.get(field)):
            if field not in _INLINE_FIELDS or "\n" not in entry:
                yield field, entry
    for field in _PATH_FIELDS:
        for item in _mappings(kustomization.get(field)):
            yield from ((f"{field}.path", entry) for entry in _strings([item.get("path")]))
    for field in _GENERATOR_FIELDS:
        for item in _mappings(kustomization.get(field)):
            for key in ("files", "envs"):
                for entry in _strings(item.get(key)):
                    yield f"{field}.{key}", entry.partition("=")[2] or entry
            yield from ((f"{field}.env", entry) for entry in _strings([item.get("env")]))
    for item in _mappings([kustomization.get("openapi")]):
        yield from (("openapi.path", entry) for entry in _strings([item.get("path")]))


def _check_target(field: str, target: str, folder: str, source: str) -> None:
    if _REMOTE.search(target):
        raise InputError(f"{field} names {target!r}, which lies on the network", source=source)
    inside = posixpath.normpath(posixpath.join("/", "app", folder, target))
    if target.startswith("/") or not (inside == "/app" or inside.startswith("/app/")) or "\\" in target:
        raise InputError(f"{field} names {target!r}, which lies outside the app", source=source)


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _mappings(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
