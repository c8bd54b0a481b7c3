"""What the hooks after a merge do, for merges that git wild makes: once, when all is written and told."""

from __future__ import annotations

from pathlib import Path

from wildgit.adapters.git.branch_moves import read_move
from wildgit.adapters.git.hook_files import read_states
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.environment import environments_of


def look_after_merge(root: Path) -> None:
    """Deploy what the merge brought, or say so, where the hooks are there and an environment is meant.

    The hooks keep still while git wild commits: an update may be several commits, and people want to read
    what it did before they are asked.
    """
    move = read_move(root, "post-commit", [], "")
    if move is None or not environments_of(read_settings(root).values, move.branch):
        return
    if any(state.name == "post-commit" and state.is_installed for state in read_states(root)):
        from wildgit.adapters.cluster.merge_trigger import run_trigger

        run_trigger(root, move)
