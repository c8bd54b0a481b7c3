"""The branch on which an update waits for its review: `wild-directory-update-<date>`."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import date

from wildgit.adapters.git.process import run_git, try_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.settings import REMOTE
from wildgit.adapters.upstream.merge_message import APP_TRAILER

PREFIX = f"{REMOTE}-update-"


def new_branch_name(repo: Repo) -> str:
    """Return a name with today's date that no branch has, here or on a remote as last fetched."""
    taken = set(map(local_name, _update_branches(repo)))
    name = first = f"{PREFIX}{date.today().isoformat()}"
    count = 1
    while name in taken:
        count += 1
        name = f"{first}-{count}"
    return name


def find_branch_with(repo: Repo, trailers: Collection[str]) -> tuple[str, set[str]] | None:
    """Return an update branch whose commits beyond HEAD have all of these `Wild-App` trailers; None for none.

    So an update that waits for its review is not offered a second time.

    Returns:
        its name, and all the trailers that it has.
    """
    for name in _update_branches(repo):
        arguments = ["log", f"--format=%(trailers:key={APP_TRAILER},valueonly)", f"HEAD..{name}", "--"]
        found = set(run_git(arguments, cwd=repo.root).decode("utf-8", "replace").splitlines())
        if trailers and set(trailers) <= found:
            return name, found
    return None


def local_name(branch: str) -> str:
    """Return the name that `git switch` takes of an update branch, which may be a remote's."""
    return branch.rpartition("/")[2]


def switch_to_new(repo: Repo, name: str) -> None:
    """Make the branch at HEAD and switch to it; uncommitted work stays in the work tree, as git has it."""
    run_git(["switch", "--quiet", "--no-track", "--create", name], cwd=repo.root)


def _update_branches(repo: Repo) -> list[str]:
    patterns = [f"refs/heads/{PREFIX}*", f"refs/remotes/*/{PREFIX}*"]
    done = try_git(["for-each-ref", "--format=%(refname:short)", *patterns], cwd=repo.root)
    return os.fsdecode(done.stdout).split()
