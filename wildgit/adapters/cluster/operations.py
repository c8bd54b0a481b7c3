"""Records of what was done: `operations/op_<action>_app_<app>_<timestamp>.json`, one file an operation.

A record is written when the operation starts and replaced at each step, so one that was killed stays behind
as unfinished and says how far it came. The folder is not tracked: what was deployed is the cluster's to say.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wildgit.adapters.files import locked, write_atomically
from wildgit.core.cluster.events import DONE, FAILED, NOTE, STARTED, Event
from wildgit.errors import WildgitError

FOLDER = "operations"
RUNNING, SUCCEEDED, FAILED_OUTCOME, INTERRUPTED = "running", "succeeded", "failed", "interrupted"
LOCK_TIMEOUT_S = 30.0


@dataclass
class Operation:
    """One operation that is under way, and its record on disk."""

    path: Path
    record: dict[str, Any]
    mask: Callable[[str], str]

    def note(self, event: Event) -> None:
        """Keep an event; steps as they begin and end, single objects only if they fail."""
        steps: list[dict[str, str]] = self.record["steps"]
        if event.state == STARTED:
            steps.append({"step": event.step, "started": now()})
        elif event.state == DONE and not event.resource:
            open_step = next((s for s in steps if s["step"] == event.step and "ended" not in s), None)
            if open_step is None:
                steps.append({"step": event.step, "started": now(), "ended": now()})
            else:
                open_step["ended"] = now()
        elif event.state in (NOTE, FAILED):
            steps.append({"step": event.step, "started": now(), event.state: self.mask(event.message)})
        else:
            return
        self.save()

    def save(self) -> None:
        """Replace the record on disk."""
        text = json.dumps(self.record, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self.path, text.encode(), mode=0o600, durable=False)

    def finish(self, outcome: str, error: str = "") -> None:
        """Write the last version of the record."""
        self.record |= {"outcome": outcome, "ended": now()} | ({"error": self.mask(error)} if error else {})
        self.save()


@contextmanager
def operation(
    root: Path, action: str, app: str, commit: str, mask: Callable[[str], str]
) -> Iterator[Operation]:
    """Hold the lock of an app's operations, and keep a record of this one.

    Args:
        root: the instance.
        action: `deploy`, `delete`, …
        app: whose operation it is; one at a time.
        commit: HEAD, for the record.
        mask: hides secrets in what is kept.

    Raises:
        LockedError: another operation on this app runs for longer than we wait.
    """
    folder = root / FOLDER
    with locked(folder / f"{app}.lock", timeout_s=LOCK_TIMEOUT_S):
        started = datetime.now(UTC)
        path = folder / f"op_{action}_app_{app}_{started.strftime('%Y%m%dT%H%M%S%fZ')}.json"
        record = {
            "action": action,
            "app": app,
            "who": f"{_user()}@{socket.gethostname()}",
            "process": os.getpid(),
            "commit": commit,
            "started": now(),
            "steps": [],
            "outcome": RUNNING,
        }
        running = Operation(path, record, mask)
        running.save()
        try:
            with _ended_in_order():
                yield running
        except WildgitError as error:
            running.finish(FAILED_OUTCOME, error.message)
            raise
        except BaseException as error:
            running.finish(
                INTERRUPTED, "^C" if isinstance(error, KeyboardInterrupt) else type(error).__name__
            )
            raise
        if running.record["outcome"] == RUNNING:
            running.finish(SUCCEEDED)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have a CI job that is cancelled, or a terminal that is closed, end an operation as ^C does."""
    endings = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    for each in endings:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in endings:
            signal.signal(each, signal.SIG_DFL)


def read_operations(root: Path, app: str | None = None) -> list[dict[str, Any]]:
    """Return the records of an app, or of all, oldest first; `outcome` is `unfinished` for what was killed.

    Args:
        root: the instance.
        app: whose; None for all apps.
    """
    pattern = f"op_*_app_{app}_*.json" if app else "op_*_app_*_*.json"
    found = [record for path in (root / FOLDER).glob(pattern) if (record := _read(path)) is not None]
    if app:
        found = [record for record in found if record.get("app") == app]
    return sorted(found, key=lambda record: str(record.get("started")))


def last_operations(root: Path, environment: str) -> dict[str, dict[str, Any]]:
    """Return app → the record of its last operation from here.

    Args:
        root: the instance.
        environment: where; what older records don't say counts as there. "" for any.
    """
    return {
        str(record.get("app")): record
        for record in read_operations(root)
        if not environment or record.get("environment", environment) == environment
    }


def now() -> str:
    """Return the time as records have it: UTC, RFC 3339, with milliseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _read(path: Path) -> dict[str, Any] | None:
    """Return a record; None for what is not one (`wild`, the service, keeps its own here)."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict):
        return None
    steps = record.get("steps")
    record["steps"] = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    if record.get("outcome") == RUNNING and not _is_running(record):
        record["outcome"] = "unfinished"
    return record


def _is_running(record: dict[str, Any]) -> bool:
    """Whether the process of a record is alive; one on another machine may be."""
    if str(record.get("who", "")).rpartition("@")[2] != socket.gethostname():
        return True
    try:
        os.kill(int(record.get("process", 0)) or -1, 0)
    except (ProcessLookupError, ValueError, TypeError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user id without a name
        return str(os.getuid())
