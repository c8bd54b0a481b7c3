"""What would be lost, or can't be done, if files of the work tree were written over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from wildgit.adapters.git.index_entries import FileChange
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import EXECUTABLE, REGULAR, Repo, TreeEntry
from wildgit.errors import GitError, InputError


def refuse_to_overwrite(repo: Repo, changes: Sequence[FileChange], *, staged: bool = True) -> None:
    """Raise GitError where writing `changes` would lose what is not committed, or can't be done.

    Args:
        repo: in whose work tree.
        changes: the files about to be written.
        staged: refuse staged changes anywhere, too: a commit would take them along.
    """
    paths = [change.path for change in changes]
    before = repo.entries_at(repo.head() or "HEAD", paths)
    _refuse_obstacles(repo.root, changes, before)
    status = dict(_status(repo.root))
    dirty = {path for path in paths if path in status}
    # git status is silent about ignored files, and they are somebody's too.
    dirty |= {path for path in paths if path not in before and os.path.lexists(repo.root / path)}
    dirty |= _edited_unseen(repo.root, before)
    if dirty:
        listed = "\n".join(f"  {path}" for path in sorted(dirty)[:10])
        more = f"\n  … and {len(dirty) - 10} more" if len(dirty) > 10 else ""
        raise GitError(
            f"your uncommitted changes to these files would be overwritten:\n{listed}{more}",
            hint="commit or stash them first",
        )
    if staged and any(state[0] not in " ?!" for state in status.values()):
        raise GitError("the index has staged changes", hint="commit or stash them first")


def refuse_links(root: Path, path: str) -> None:
    """Raise InputError where a folder on the way to `path` is a symbolic link that leads elsewhere."""
    folder = root
    for part in Path(path).parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise InputError("is a symbolic link; nothing is written through it", source=str(folder))


def _refuse_obstacles(root: Path, changes: Sequence[FileChange], before: Mapping[str, TreeEntry]) -> None:
    """Links and submodules are not written over, nor is a file made a folder or a folder a file."""
    going = {change.path for change in changes if change.data is None}
    for change in changes:
        entry = before.get(change.path)
        if entry is not None and entry.mode not in (EXECUTABLE, REGULAR):
            raise GitError(
                f"{change.path} is a link or a submodule; nothing is merged into it",
                hint=f"replace it by a regular file, or git rm {change.path}, and commit",
            )
        place = root / change.path
        if change.data is not None and place.is_dir() and not place.is_symlink():
            raise GitError(f"{change.path} is a folder, and upstream has a file of that name")
        for folder in Path(change.path).parents:
            here = root / folder
            if here.is_symlink() or (here.is_file() and folder.as_posix() not in going):
                raise GitError(f"{folder} is no folder, and {change.path} must be written into it")


def _edited_unseen(root: Path, before: Mapping[str, TreeEntry]) -> set[str]:
    """Edited files that git status does not look at: skip-worktree and assume-unchanged."""
    listed = run_git(["ls-files", "-v", "-z"], cwd=root).decode("utf-8", "surrogateescape")
    flagged = {line[2:] for line in listed.split("\0") if line[:1] == "S" or line[:1].islower()}
    found = set()
    for path in flagged & before.keys():
        place = root / path
        if place.is_file() and _blob_of(root, path) != before[path].blob:
            found.add(path)
    return found


def _status(root: Path) -> Iterator[tuple[str, str]]:
    arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"]
    for line in run_git(arguments, cwd=root).decode("utf-8", "surrogateescape").split("\0"):
        if line:
            yield line[3:], line[:2]


def _blob_of(root: Path, path: str) -> str:
    """The id of the blob that git would make of a file of the work tree."""
    return run_git(["hash-object", "--", path], cwd=root).decode().strip()
