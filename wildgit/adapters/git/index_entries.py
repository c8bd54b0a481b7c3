"""What is to become of files, and as which entries of git's index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wildgit.adapters.git.conversion import Conversions, store_cleaned
from wildgit.adapters.git.repo import EXECUTABLE, REGULAR, Repo, TreeEntry

Stages = tuple[bytes | None, bytes | None, bytes | None]

_ABSENT = "0" * 40


@dataclass(frozen=True)
class FileChange:
    """What becomes of one file.

    Attributes:
        path: from the top of the work tree.
        data: the new content, with markers where it conflicts; None where the file goes.
        executable: its mode.
        blob: the object id of `data` where it is known already, else "".
        stages: base, ours and theirs of a conflict; None where there is none.
    """

    path: str
    data: bytes | None
    executable: bool = False
    blob: str = ""
    stages: Stages | None = None

    @property
    def mode(self) -> str:
        """Its mode as git writes it."""
        return f"{EXECUTABLE if self.executable else REGULAR:o}"


def store_blobs(repo: Repo, changes: Sequence[FileChange], conversions: Conversions) -> dict[str, str]:
    """Store the new contents, as `git add` would; returns path → blob, without the files that go."""
    return {
        change.path: change.blob or _store(repo, change.path, change.data, conversions)
        for change in changes
        if change.data is not None
    }


def unmerged_entries(
    changes: Sequence[FileChange], before: Mapping[str, TreeEntry], blobs: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines for `git update-index --index-info` that make every path to be written unmerged.

    Args:
        changes: what will be written.
        before: the entries of HEAD.
        blobs: what `store_blobs` returned.
    """
    for change in changes:
        entry = before.get(change.path)
        if entry is not None:
            yield f"0 {_ABSENT}\t{change.path}"
            yield f"{entry.mode:o} {entry.blob} 2\t{change.path}"
        elif change.data is not None:
            yield f"{change.mode} {blobs[change.path]} 3\t{change.path}"


def final_entries(
    repo: Repo, changes: Sequence[FileChange], blobs: Mapping[str, str], conversions: Conversions
) -> Iterator[str]:
    """Yield the lines for `git update-index --index-info` that the changes come to, clashes as stages."""
    for change in changes:
        yield f"0 {_ABSENT}\t{change.path}"
        if change.stages is not None:
            for stage, data in enumerate(change.stages, 1):
                if data is not None:
                    blob = _store(repo, change.path, data, conversions)
                    yield f"{change.mode} {blob} {stage}\t{change.path}"
        elif change.data is not None:
            yield f"{change.mode} {blobs[change.path]} 0\t{change.path}"


def _store(repo: Repo, path: str, data: bytes, conversions: Conversions) -> str:
    is_cleaned = path in conversions.filtered or (path in conversions.converted and b"\r" in data)
    return store_cleaned(repo.root, path, data) if is_cleaned else repo.store_blob(data)
