"""What the work tree has otherwise than HEAD, by `git status`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from wildgit.adapters.git.process import run_git


def uncommitted_paths(root: Path, *places: str) -> list[str]:
    """Return the files that were changed, staged, deleted or are new, in these places or anywhere."""
    arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *places]
    output = run_git(arguments, cwd=root).decode("utf-8", "replace")
    return [line[3:] for line in output.split("\0") if line]


def uncommitted_by_app(root: Path) -> dict[str, list[str]]:
    """Return app → such files of its folder; apps that have none are left out."""
    found = defaultdict(list)
    for path in uncommitted_paths(root, "apps"):
        _, app, *inside = path.split("/")
        if inside:
            found[app].append(path)
    return dict(found)
