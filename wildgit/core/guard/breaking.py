"""Whether a new version of a package breaks with the one before, told from the two manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wildgit.core.app.package import Manifest


def find_breaks(old: Manifest, new: Manifest) -> Iterator[tuple[str, str]]:
    """Yield what breaks, with the key of manifest.yaml it is about.

    A major step of the version, by its first number; a field of defaultConfig that is gone, which the
    instance may have customised and its templates no longer read.
    """
    before, after = _major(old.version), _major(new.version)
    if before is not None and after is not None and after > before:
        yield "version", f"{new.name} goes from {old.version} to {new.version}, a major step"
    kept = set(_fields(new.default_config))
    for field in _fields(old.default_config):
        if field not in kept:
            yield "defaultConfig", f"{new.name} has no field {field} any more"


def _major(version: str) -> int | None:
    match = re.search(r"\d+", version)
    return int(match[0]) if match else None


def _fields(config: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
