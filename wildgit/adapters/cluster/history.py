"""Operations and commits on one time line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from wildgit.adapters.cluster.operations import read_operations
from wildgit.adapters.git.process import try_git
from wildgit.adapters.instance import APPS, CONFIG, Instance

_FIELDS = "%H%x00%cI%x00%an%x00%s"


def read_history(instance: Instance, app: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the newest operations and commits of an app, or of all apps, newest first.

    Each has `type` (`operation` or `commit`), `time` (UTC, RFC 3339) and `who`; an operation has `action`,
    `app`, `commit`, `outcome` and where it failed `error`; a commit has `commit` and `subject`.

    Args:
        instance: where.
        app: whose; None for all.
        limit: how many entries.
    """
    entries = [*_operations(instance, app), *_commits(instance, app, limit)]
    return sorted(entries, key=lambda entry: str(entry["time"]), reverse=True)[:limit]


def _operations(instance: Instance, app: str | None) -> list[dict[str, Any]]:
    return [
        {
            "type": "operation",
            "time": record.get("started", ""),
            "who": record.get("who", ""),
            "action": record.get("action", "?"),
            "app": record.get("app", "?"),
            "commit": record.get("commit", ""),
            "outcome": record.get("outcome", "?"),
            **({"error": record["error"]} if record.get("error") else {}),
        }
        for record in read_operations(instance.root, app)
    ]


def _commits(instance: Instance, app: str | None, limit: int) -> list[dict[str, Any]]:
    paths = [f"{APPS}/{app}"] if app else [APPS, CONFIG]
    done = try_git(
        ["log", f"--max-count={limit}", f"--format={_FIELDS}", "--", *paths], cwd=instance.root
    )  # no commit yet is an error to git, and no history to us
    lines = filter(None, done.stdout.decode("utf-8", "replace").split("\n"))
    found = []
    for commit, time, who, subject in (line.split("\0", 3) for line in lines):
        moment = datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found.append({"type": "commit", "time": moment, "who": who, "commit": commit, "subject": subject})
    return found
