"""Merges in history, replayed: a forge's merge button runs no merge driver.

For every merge commit of a range, each file that our driver would have merged is merged again, in
memory, and held against what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wildgit.adapters.git.objects import is_instance_at
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.guard.findings import Finding
from wildgit.core.merge.review import review_file

_ABSENT = "0"
_PATHS = (":(top,glob)apps/**/*.yaml", ":(top,glob)apps/**/*.yml", ":(top)config.yaml")
_NOT = (":(top,exclude,glob)apps/*/.package/**", ":(top,exclude,glob)apps/*/.package.lock.yaml")


def replay_merges(cwd: Path, revisions: str) -> list[Finding]:
    """Return where the merge commits of a range `A..B` lost an edit, or have a key twice.

    A commit with more than two parents is none of ours: git's octopus only does what cannot conflict. Nor is
    one with upstream as its second parent: that has templates where the instance has what they compile to,
    and it was merged by `git wild update`, not by a button. It has no config.yaml, as every instance has.

    Raises:
        GitError: the range names no commits.
    """
    listing = run_git(["rev-list", "--merges", "--parents", "--end-of-options", revisions], cwd=cwd)
    findings = []
    for line in listing.decode().splitlines():
        commit, *parents = line.split()
        if len(parents) == 2 and is_instance_at(cwd, parents[1]):
            found = _replay(cwd, commit, parents[0], parents[1])
            findings += [finding._replace(commit=commit) for finding in found]
    return findings


def _replay(cwd: Path, commit: str, ours: str, theirs: str) -> Iterator[Finding]:
    base = try_git(["merge-base", ours, theirs], cwd=cwd).stdout.decode().strip() or _empty_tree(cwd)
    by_ours, by_theirs = _changes(cwd, base, ours), _changes(cwd, base, theirs)
    recorded = _changes(cwd, base, commit)
    for path in sorted(by_ours.keys() | by_theirs.keys()):
        old = next(side[path][0] for side in (by_ours, by_theirs) if path in side)
        blobs = [old, *(side[path][1] if path in side else old for side in (by_ours, by_theirs, recorded))]
        if _is_taken(*blobs):
            continue
        yield from review_file(path, *(_read(cwd, blob) for blob in blobs))


def _is_taken(base: str, ours: str, theirs: str, recorded: str) -> bool:
    """Return whether only one side changed the file, or both did the same, and the merge has just that."""
    return recorded in {ours, theirs} and {ours, theirs} <= {base, recorded}


def _changes(cwd: Path, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Return path → (old blob, new blob) of the files that differ; an absent one is all zeros."""
    arguments = ["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--raw", old, new]
    fields = (
        run_git([*arguments, "--", *_PATHS, *_NOT], cwd=cwd).decode("utf-8", "surrogateescape").split("\0")
    )
    changes = {}
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        _, _, before, after, _ = facts.split()
        changes[path] = (before, after)
    return changes


def _read(cwd: Path, blob: str) -> bytes | None:
    return run_git(["cat-file", "blob", blob], cwd=cwd) if blob.strip(_ABSENT) else None


def _empty_tree(cwd: Path) -> str:
    return run_git(["hash-object", "-t", "tree", "--stdin"], cwd=cwd, stdin=b"").decode().strip()
