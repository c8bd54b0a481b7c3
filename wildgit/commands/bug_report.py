"""What is kept of a bug in us: a traceback in a file, without secrets, as the user will send it to us."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wildgit import __version__
from wildgit.adapters.instance import SECRETS, Instance
from wildgit.adapters.terminal import masked
from wildgit.core.cluster.masking import masker


def write_bug_report(error: Exception) -> tuple[str, str]:
    """Return the error as one line, and the file with its traceback, both without secrets.

    Where no file can be written, the traceback is in the line.
    """
    mask = _mask()
    line = mask(f"{type(error).__name__}: {error}")
    trace = mask("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="git-wild-", suffix=".txt", delete=False) as report:
            report.write(f"git-wild {__version__}\n{trace}")
    except OSError:
        return f"{line}\n{trace}", ""
    return line, report.name


def _mask() -> Callable[[str], str]:
    """Return what hides the secrets of the instance that we are in, and those that the terminal knows of."""
    with suppress(Exception):  # nothing may come in the way of the report; in no instance are no secrets
        root = Instance.find().root
        try:
            inner = Instance(root).mask()
        except Exception:  # noqa: BLE001 - a secrets.yaml that breaks us: every word of it may be a secret
            inner = masker(_words(root / SECRETS))
        return lambda text: inner(masked(text))
    return masked


def _words(path: Path) -> list[str]:
    text = path.read_text("utf-8", "replace")
    values = [line.partition(": ")[2] for line in text.splitlines()]
    return [word.strip("'\"") for word in [*text.split(), *values]]
