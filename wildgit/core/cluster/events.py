"""What happens during an operation, as data: shown as a table, lines or JSON, and kept in its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

STARTED, DONE, FAILED, WAITING, NOTE = "started", "done", "failed", "waiting", "note"


@dataclass(frozen=True)
class Event:
    """One thing that happened to an app: a step began or ended, an object changed, something is awaited."""

    app: str
    step: str
    state: str
    resource: str = ""
    message: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it for a script; what is empty is left out."""
        return {key: value for key, value in asdict(self).items() if value}


Report = Callable[[Event], None]
