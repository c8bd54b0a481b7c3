"""The three-way merge of an app's files: path by path, after resources were followed to where they moved.

What a path comes to is a record: its content, and for a conflict the three stages that git's index
keeps. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from wildgit.core.merge import Conflict, Decision, MergeOptions, merge3
from wildgit.core.merge.resources import Files, Move, find_duplicates, follow_moves

BINARY_PROBE_BYTES = 8000
"""As far as git looks for a NUL. Source: git's `buffer_is_binary`."""


@dataclass(frozen=True)
class MergedFile:
    """What one path comes to.

    Attributes:
        path: in the app's folder.
        content: of the work tree's file, with markers where there are conflicts; None if it goes.
        stages: base, ours and theirs as they go into git's index if there are conflicts; None where a
            side has no such file.
        conflicts: empty for a clean merge.
        decisions: what was decided without asking.
    """

    path: str
    content: bytes | None
    stages: tuple[bytes | None, bytes | None, bytes | None]
    conflicts: tuple[Conflict, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class FilesMerge:
    """Every path that any side has, in order, and the moves that were followed."""

    files: tuple[MergedFile, ...]
    moves: tuple[Move, ...] = field(default=())

    @property
    def conflicts(self) -> tuple[MergedFile, ...]:
        """The files that a person must settle."""
        return tuple(file for file in self.files if file.conflicts)

    @property
    def clean(self) -> bool:
        """Whether nobody need be asked."""
        return not self.conflicts


def merge_files(base: Files, ours: Files, theirs: Files, options: MergeOptions | None = None) -> FilesMerge:
    """Return what becomes of every path of base, ours and theirs.

    Paths are relative to the app's folder. A file that a side changed and the other deleted is a
    conflict that leaves the changed one; one that both added is merged against nothing; a binary file
    that both changed is a conflict that leaves ours. A resource that would stand twice, because the
    sides added it in different files, is a conflict of the file that theirs has it in. One that the sides
    moved to different files is merged where ours put it, and a conflict there; so is a whole file.
    """
    options = options or MergeOptions()
    followed = follow_moves(base, ours, theirs)
    paths = sorted(path for path in {*base, *ours, *theirs, *followed.base, *followed.ours, *followed.theirs})
    merged = [
        _merge_path(
            path, followed.base.get(path), followed.ours.get(path), followed.theirs.get(path), options
        )
        for path in paths
    ]
    contested = {move.target: move for move in followed.moves if move.contested}
    judged = _without_duplicates([_contest(file, contested) for file in merged], (base, ours, theirs))
    return FilesMerge(tuple(judged), followed.moves)


def _merge_path(
    path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, options: MergeOptions
) -> MergedFile:
    stages = (base, ours, theirs)
    told = options.explain and None not in stages  # one side's changes are decisions, too
    if theirs == ours or (theirs == base and not told):
        return MergedFile(path, ours, stages)
    if base == ours and not told:
        return MergedFile(path, theirs, stages)
    if ours is None or theirs is None:
        kept = theirs if ours is None else ours
        deleted_by = "ours" if ours is None else "theirs"
        return MergedFile(
            path, kept, stages, (_whole(path, f"deleted by {deleted_by}, changed on the other side"),)
        )
    if any(b"\0" in content[:BINARY_PROBE_BYTES] for content in (base or b"", ours, theirs)):
        return MergedFile(path, ours, stages, (_whole(path, "binary files can't be merged"),))
    result = merge3(base or b"", ours, theirs, path=path, options=options)
    return MergedFile(path, result.text, stages, result.conflicts, result.decisions)


def _contest(file: MergedFile, contested: Mapping[str, Move]) -> MergedFile:
    """Return the file as a conflict if both sides moved it, or a resource, and only ours moved it here."""
    move = contested.get(file.path)
    if move is None or file.conflicts:
        return file
    what = f"{move.resource.kind} {move.resource.name}" if move.resource else move.source
    reason = f"{what}: ours moved it here, theirs to {move.contested}"
    return replace(file, conflicts=(_whole(file.path, reason),))


def _without_duplicates(merged: list[MergedFile], sides: tuple[Files, Files, Files]) -> Iterator[MergedFile]:
    clean = {file.path: file.content for file in merged if file.content is not None and not file.conflicts}
    twice = find_duplicates(clean, sides)
    blamed = {_blamed(paths, merged): identity for identity, paths in twice.items()}
    for file in merged:
        identity = blamed.get(file.path)
        if identity is None:
            yield file
        else:
            reason = f"{identity.kind} {identity.name} would stand in two files"
            yield replace(file, conflicts=(_whole(file.path, reason),))


def _blamed(paths: Iterable[str], merged: list[MergedFile]) -> str:
    """Return the path of the duplicate that came from theirs; the last one where both sides have each."""
    *_, last = paths
    files = {file.path: file for file in merged}
    return next((path for path in paths if files[path].stages[1] != files[path].content), last)


def _whole(path: str, reason: str) -> Conflict:
    return Conflict(
        path=(), document="", line=1, base=None, ours=None, theirs=None, reason=f"{path}: {reason}"
    )
