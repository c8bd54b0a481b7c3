"""How files are merged with upstream's, as the settings say it."""

from __future__ import annotations

from wildgit.adapters.settings import REMOTE, Settings
from wildgit.core.merge import MergeOptions
from wildgit.core.merge.policy import KEEP_OWN_SIZES


def merge_options(settings: Settings, favor: str | None = None, *, explain: bool = False) -> MergeOptions:
    """Return how files are merged: git's conflict style, our labels, and the policies for upstream merges."""
    style = settings.get("merge.conflictStyle") or "merge"
    return MergeOptions(
        labels=("HEAD", "base", REMOTE),
        style=style if style in ("merge", "diff3", "zdiff3") else "merge",  # type: ignore[arg-type]
        favor=favor,  # type: ignore[arg-type]
        policies=KEEP_OWN_SIZES,
        explain=explain,
    )
