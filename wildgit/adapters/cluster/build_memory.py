"""What was built is remembered by what it was built from, since kustomize takes longer than a small deploy.

A memory is a folder that git does not track. Nothing in it is needed: what is missing is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wildgit.adapters.files import write_atomically
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER

_FORMAT = "1"
_KEPT = 300  # builds; an app has a few at a time: the work tree's, HEAD's, the deployed one


@dataclass(frozen=True)
class BuildMemory:
    """The builds remembered in one folder, by whatever built them.

    Attributes:
        folder: where they are; made when the first is kept.
        builder: the program that builds; a new one builds anew.
    """

    folder: Path
    builder: Path

    def key(self, source: Path) -> str:
        """Return what names the build of a folder: a digest of every name and byte in it, links followed."""
        stat = self.builder.stat()
        digest = hashlib.sha256(f"{_FORMAT} {self.builder} {stat.st_size} {stat.st_mtime_ns}".encode())
        for path in _paths(source):
            content = path.read_bytes() if path.is_file() else b""
            leads_to = os.fsencode(path.readlink()) if path.is_symlink() else b""
            for part in (os.fsencode(path.relative_to(source)), leads_to, content):
                digest.update(len(part).to_bytes(8) + part)
        return digest.hexdigest()

    def recall(self, key: str) -> list[dict[str, Any]] | None:
        """Return the resources of a build; None where it is not remembered."""
        path = self.folder / key
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        with suppress(OSError):
            os.utime(path)  # so that what is used is forgotten last
        return found if isinstance(found, list) else None

    def keep(self, key: str, resources: list[dict[str, Any]]) -> None:
        """Remember a build, and forget the ones that were not used for longest."""
        with suppress(OSError):  # a full disk, or a folder that is not ours to write
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / key, json.dumps(resources).encode(), mode=0o600, durable=False)
            builds = [(entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(self.folder)]
            for _, path in sorted(builds)[:-_KEPT]:
                Path(path).unlink(missing_ok=True)


def _paths(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        yield path
        if entry.is_dir(follow_symlinks=False) and entry.name != PACKAGE_FOLDER:
            yield from _paths(path)
