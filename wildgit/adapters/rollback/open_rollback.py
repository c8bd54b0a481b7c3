"""A rollback in an emergency that nobody has committed yet: what git says next would undo it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wildgit.adapters.cluster.operations import SUCCEEDED
from wildgit.adapters.committed_apps import AppHistory
from wildgit.adapters.git.repo import Repo


def open_rollback(repo: Repo, app: str, head: str, running: str, last: Mapping[str, Any] | None) -> str:
    """Return the commit that an app was rolled back to where history does not say so; "" for none.

    Args:
        repo: where.
        app: its name.
        head: the commit that is to be deployed next.
        running: the commit that the cluster says it runs.
        last: the record of the app's last operation here; None for none. Other clones can't know.
    """
    if last is None or not last.get("emergency") or last.get("outcome") != SUCCEEDED:
        return ""
    if last.get("commit") != running or not repo.has_commit(running):
        return ""  # somebody deployed since
    history = AppHistory(repo, app)
    state = history.state(running)
    for revision in history.read(head):
        if revision.state == state:
            is_newer = not repo.is_ancestor(revision.commit, running)
            return "" if is_newer or state == history.state(head) else running
    return running
