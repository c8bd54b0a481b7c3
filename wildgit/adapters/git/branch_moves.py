"""What a hook after the fact tells: has the branch that is checked out taken something in, and is that all?

git runs another hook for each way to do it: `post-merge` for a merge without conflicts and for a pull,
`post-commit` where a person finished it, `post-rewrite` for a rebase and an amend. An ordinary commit takes
nothing in. Nor does anything that is still under way: the last step of it counts.

This runs on every commit to a branch with an environment, so it imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wildgit.adapters.git.process import run_git, try_git

_UNDER_WAY = ("rebase-merge", "rebase-apply", "BISECT_LOG")
_HEADS = "refs/heads/"
# How the reflog calls commits that another branch had, or that take one back.
_TAKEN_IN = ("cherry-pick", "commit (cherry-pick)", "revert")
# What such a commit says where the reflog does not: a revert, and an update of ours, finished by hand.
_MARKS = ("\nThis reverts commit ", "\nWild-Upstream: ")


class BranchMove(NamedTuple):
    """A branch, where it is now, and the commit that an amend replaced ("" for anything else)."""

    branch: str
    head: str
    common_dir: Path
    amended: str = ""


def read_move(cwd: Path, hook: str, arguments: Sequence[str], stdin: str) -> BranchMove | None:
    """Return how the branch moved; None where it took nothing in, is none, or where more is to come.

    Args:
        cwd: the top of the work tree.
        hook: the hook that git runs.
        arguments: git's, for it.
        stdin: what git wrote to it: old and new commits of a `post-rewrite`.
    """
    query = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"]
    git_dir, common_dir = map(Path, os.fsdecode(run_git(query, cwd=cwd)).splitlines())
    is_squash = hook == "post-merge" and arguments[:1] == ["1"]
    if is_squash:
        _note_squash(cwd, git_dir)
    if is_squash or _is_under_way(git_dir, hook, arguments):
        return None
    if hook == "post-commit" and not _takes_something_in(cwd, git_dir):
        return None
    rewritten = [line.split(" ", 1)[0] for line in stdin.splitlines()]
    branch = _branch(cwd, rewritten)
    if branch is None:
        return None
    head = run_git(["rev-parse", "--verify", "HEAD"], cwd=cwd).decode().strip()
    is_amend = hook == "post-rewrite" and arguments[:1] == ["amend"]
    return BranchMove(branch, head, common_dir, rewritten[0] if is_amend else "")


def _branch(cwd: Path, rewritten: Sequence[str]) -> str | None:
    """Return the branch that HEAD is, or will be.

    `rebase --apply` tells that it is through before it goes back to its branch: that one still has the
    last of the commits that were rewritten.
    """
    done = try_git(["symbolic-ref", "--quiet", "HEAD"], cwd=cwd)
    refs = os.fsdecode(done.stdout).split()
    if not refs and rewritten:
        arguments = ["for-each-ref", "--format=%(refname)", "--points-at", rewritten[-1], _HEADS]
        refs = os.fsdecode(run_git(arguments, cwd=cwd)).split()
    return refs[0].removeprefix(_HEADS) if len(refs) == 1 and refs[0].startswith(_HEADS) else None


def _is_under_way(git_dir: Path, hook: str, arguments: Sequence[str]) -> bool:
    if hook == "post-rewrite" and arguments[:1] == ["rebase"]:
        return False  # it runs when a rebase is through; its folder goes afterwards
    todo = git_dir / "sequencer/todo"
    # The commit that is being made stands in there, too.
    is_in_sequence = todo.is_file() and len(todo.read_text(errors="replace").split("\n")) > 2
    return is_in_sequence or any((git_dir / name).exists() for name in _UNDER_WAY)


def _takes_something_in(cwd: Path, git_dir: Path) -> bool:
    shown = run_git(["log", "-1", "--format=%P%n%B"], cwd=cwd).decode("utf-8", "replace")
    first, _, message = shown.partition("\n")
    parents = first.split()
    if len(parents) > 1 or _was_squashed(git_dir, parents):
        return True
    if any(mark in f"\n{message}" for mark in _MARKS):
        return True
    reflog = try_git(["log", "--walk-reflogs", "-1", "--format=%gs"], cwd=cwd).stdout
    return reflog.decode("utf-8", "replace").startswith(_TAKEN_IN)


def _squash_note(git_dir: Path) -> Path:
    return git_dir / "wild/squashed"


def _note_squash(cwd: Path, git_dir: Path) -> None:
    """`git merge --squash` leaves the commit to the user, and it will look like any other."""
    note = _squash_note(git_dir)
    note.parent.mkdir(exist_ok=True)
    note.write_bytes(run_git(["rev-parse", "HEAD"], cwd=cwd))


def _was_squashed(git_dir: Path, parents: Sequence[str]) -> bool:
    note = _squash_note(git_dir)
    if not note.exists():
        return False
    base = note.read_text().strip()
    note.unlink(missing_ok=True)
    return base in parents
