"""The files that git calls unmerged, what their sides are, and how they get settled.

Whatever is settled is written at once, so that `git wild resolve` can be left at any time: the work
tree and the index are all the state there is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wildgit.adapters.files import write_atomically
from wildgit.adapters.git.package_sides import PACKAGE, PackagePath, parse_package_path
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.app.package_lock import parse_lock
from wildgit.core.merge import MergeOptions
from wildgit.core.merge.package_lock import Side, merge_locks
from wildgit.errors import GitError, InputError


@dataclass
class Unmerged:
    """One unmerged path, from the top of the work tree; `blobs` are its stages' object ids: 1, 2, 3."""

    path: str
    blobs: dict[int, str] = field(default_factory=dict)

    @property
    def package(self) -> PackagePath | None:
        """What of an app's package it is, if it is."""
        return parse_package_path(self.path)


class Conflicts:
    """The unmerged paths of one work tree."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, only: Sequence[str] = ()) -> list[Unmerged]:
        """Return the unmerged paths, all or those in or below the given ones, relative to the root."""
        arguments = ["ls-files", "--unmerged", "-z", "--", *(f":(top,literal){path}" for path in only)]
        found: dict[str, Unmerged] = {}
        for record in run_git(arguments, cwd=self.root).decode("utf-8", "surrogateescape").split("\0"):
            if record:
                facts, path = record.split("\t", 1)
                _, blob, stage = facts.split()
                found.setdefault(path, Unmerged(path)).blobs[int(stage)] = blob
        return list(found.values())

    def read(self, unmerged: Unmerged) -> bytes | None:
        """Return the file as it is in the work tree; None if it is not there."""
        file = self.root / unmerged.path
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None

    def read_stage(self, unmerged: Unmerged, stage: int) -> bytes | None:
        """Return base (1), ours (2) or theirs (3); None where that side has no such file."""
        blob = unmerged.blobs.get(stage)
        return run_git(["cat-file", "blob", blob], cwd=self.root) if blob else None

    def marker_size(self, unmerged: Unmerged) -> int:
        """Return how many characters make a conflict marker in this file."""
        arguments = ["check-attr", "-z", "conflict-marker-size", "--", unmerged.path]
        value = run_git(arguments, cwd=self.root).split(b"\0")[2]
        return int(value) if value.isdigit() and int(value) > 0 else 7

    def write(self, unmerged: Unmerged, content: bytes) -> None:
        """Replace the file in the work tree; it stays unmerged."""
        write_atomically(self.root / unmerged.path, content)

    def settle(self, unmerged: Unmerged) -> None:
        """Take the file as it is in the work tree, or its absence, as the result."""
        pathspec = f":(top,literal){unmerged.path}"
        if (self.root / unmerged.path).exists():
            run_git(["add", "--", pathspec], cwd=self.root)
        else:
            run_git(["rm", "--quiet", "--cached", "--", pathspec], cwd=self.root)

    def delete(self, unmerged: Unmerged) -> None:
        """Settle the conflict by the file's going."""
        (self.root / unmerged.path).unlink(missing_ok=True)
        self.settle(unmerged)

    def edit(self, text: bytes, name: str) -> bytes:
        """Return the text as the user's editor left it.

        Raises:
            GitError: the editor failed.
        """
        editor = run_git(["var", "GIT_EDITOR"], cwd=self.root).decode().strip()
        with tempfile.TemporaryDirectory(prefix="git-wild-") as folder:
            file = Path(folder) / name
            file.write_bytes(text)
            # As git does it: the editor is a line of shell, the file its argument.
            words = ["sh", "-c", f'{editor} "$@"', editor, str(file)]
            if subprocess.run(words, cwd=self.root, check=False).returncode != 0:
                raise GitError(f"the editor failed: {editor}")
            return file.read_bytes()

    # --- packages ---------------------------------------------------------------------------------

    def take_package(self, package: PackagePath, stage: int) -> None:
        """Put one side's whole package in place: `.package/` as its lock says, and that lock.

        The lock comes last: until it is settled, the next `resolve` starts over with the package.

        Args:
            package: any path of the app's package.
            stage: 2 for ours, 3 for theirs.

        Raises:
            GitError: that side's package is not in this repository.
            InputError: its lock can't be read.
        """
        lock = next((unmerged for unmerged in self.list([package.lock])), None)
        content = self._lock_of(lock, package, stage)
        tree = parse_lock(content, package.lock).tree
        if try_git(["cat-file", "-e", f"{tree}^{{tree}}"], cwd=self.root).returncode != 0:
            raise GitError(
                f"the package of {package.app} is not here: tree {tree[:12]}", hint="git wild fetch"
            )
        self._replace_folder(f"apps/{package.app}/{PACKAGE}", tree)
        write_atomically(self.root / package.lock, content)
        run_git(["add", "--", f":(top,literal){package.lock}"], cwd=self.root)

    def describe_package(self, package: PackagePath, stage: int) -> str:
        """Return upstream's commit of that side's package in a line: id, date and subject."""
        lock = next((unmerged for unmerged in self.list([package.lock])), None)
        commit = parse_lock(self._lock_of(lock, package, stage), package.lock).commit
        done = try_git(["show", "--no-patch", "--format=%h %cs %s", commit], cwd=self.root)
        return done.stdout.decode("utf-8", "replace").strip() or commit[:12]

    def _lock_of(self, lock: Unmerged | None, package: PackagePath, stage: int) -> bytes:
        if lock is None:  # settled: the files of the package follow it, whichever side is asked for
            return (self.root / package.lock).read_bytes()
        base, ours, theirs = (self.read_stage(lock, number) for number in (1, 2, 3))
        if ours is None or theirs is None:
            raise InputError("one side has no lock of this package", source=package.lock)
        side: Side = "ours" if stage == 2 else "theirs"
        options = MergeOptions(favor=side)
        return merge_locks(base or b"", ours, theirs, upstream=side, path=package.lock, options=options).text

    def _replace_folder(self, folder: str, tree: str) -> None:
        """Make index and work tree of the folder the tree; the index in one step."""
        old = list(_split(run_git(["ls-files", "-z", "--", f":(top,literal){folder}"], cwd=self.root)))
        new = {}
        for record in _split(run_git(["ls-tree", "-r", "-z", tree], cwd=self.root)):
            facts, path = record.split("\t", 1)
            mode, _, blob = facts.split()
            new[f"{folder}/{path}"] = f"{mode} {blob} 0"
        for path in old:
            if path not in new:
                (self.root / path).unlink(missing_ok=True)
        # The old entries go first, all stages of them: an unmerged path takes no stage 0 beside them.
        records = [f"0 {'0' * 40}\t{path}" for path in old] + [
            f"{facts}\t{path}" for path, facts in new.items()
        ]
        run_git(["update-index", "-z", "--index-info"], cwd=self.root, stdin=_joined(records))
        run_git(["checkout-index", "--force", "-z", "--stdin"], cwd=self.root, stdin=_joined(new))


def _split(output: bytes) -> Iterator[str]:
    return (part for part in dict.fromkeys(output.decode("utf-8", "surrogateescape").split("\0")) if part)


def _joined(parts: Iterable[str]) -> bytes:
    return "".join(f"{part}\0" for part in parts).encode("utf-8", "surrogateescape")
