"""`.package.lock.yaml`: where `.package/` came from, and what it was compiled with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wildgit.core.yaml_text import dump_yaml
from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

FOLDER = ".package"
FILE = ".package.lock.yaml"
_OBJECT_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class PackageLock:
    """The package an app was last compiled from.

    Attributes:
        remote: the git remote.
        branch: its branch.
        commit: the upstream commit.
        path: the package's folder there.
        tree: git tree id of that folder, and of `.package/`.
        values: exactly what the templates read when they were last rendered (see `render.py`).
    """

    remote: str
    branch: str
    commit: str
    path: str
    tree: str
    values: Mapping[str, object]


def parse_lock(data: bytes, source: str) -> PackageLock:
    """Return the lock.

    Raises:
        InputError: broken YAML or a missing or ill-typed field; with the file.
    """
    raw = load_yaml(data, source)
    upstream = raw.get("upstream") if isinstance(raw, dict) else None
    values = raw.get("values", {}) if isinstance(raw, dict) else None
    if not isinstance(upstream, dict) or not isinstance(values, dict):
        raise InputError(
            "is not a package lock: it needs 'upstream' and 'values'",
            source=source,
            hint=f"restore it: git checkout HEAD -- {source}",
        )
    fields = {}
    for name in ("remote", "branch", "commit", "path", "tree"):
        value = upstream.get(name)
        if not isinstance(value, str):
            raise InputError(f"'upstream.{name}' is missing or no string", source=source)
        fields[name] = value
    for name in ("commit", "tree"):
        if not _OBJECT_ID.fullmatch(fields[name]):
            raise InputError(f"'upstream.{name}' is no git object id", source=source)
    return PackageLock(**fields, values=values)


def lock_text(lock: PackageLock) -> bytes:
    """Return the file's content."""
    upstream = {
        "remote": lock.remote,
        "branch": lock.branch,
        "commit": lock.commit,
        "path": lock.path,
        "tree": lock.tree,
    }
    text = dump_yaml({"upstream": upstream, "values": dict(lock.values)})
    return f"# Written by git wild; says what .package was taken from and compiled with.\n{text}".encode()
