"""What people and scripts read: stdout carries results, stderr carries progress and remarks.

Colour only where the stream is a terminal that has any (TERM is set, and not dumb) and NO_COLOR is unset. The
styles are few on purpose: good, bad, doubtful, quiet, name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from wildgit.errors import InputError

_CODES = {"good": "32", "bad": "31", "doubtful": "33", "quiet": "2", "name": "1"}

_masks: list[Callable[[str], str]] = []


def add_mask(mask: Callable[[str], str]) -> None:
    """From now on pass everything printed through `mask`, so that no secret reaches a screen or a log."""
    _masks.append(mask)


def style(text: str, name: str, stream: TextIO | None = None) -> str:
    """Return `text` in the style where the stream (stdout by default) is a terminal that wants colour."""
    if not _coloured(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m"


def say(text: str = "") -> None:
    """Print a line of the result to stdout."""
    print(masked(text))


def remark(text: str) -> None:
    """Print a line about the work, for people, to stderr."""
    print(masked(text), file=sys.stderr)


def warn(text: str, *, hint: str | None = None) -> None:
    """Print a warning, and what to type, to stderr."""
    remark(f"{style('warning:', 'doubtful', sys.stderr)} {text}")
    if hint:
        remark(f"hint: {hint}")


def say_json(value: object) -> None:
    """Print `value` as one JSON document; keys keep their order."""
    import json

    print(masked(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def say_to_file(path: str, text: str) -> None:
    """Write a result to a file of the user's choice, masked as what is printed is; `-` is stdout.

    Raises:
        InputError: it can't be written; the folder is the user's to make.
    """
    if path == "-":
        print(masked(text), end="")
        return
    try:
        Path(path).write_text(masked(text), encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't be written: {error.strerror}", source=path) from error


def say_table(rows: Sequence[Sequence[str]], *, header: Sequence[str] | None = None) -> None:
    """Print rows in columns two blanks apart. Styled cells are allowed.

    The last column is not padded; on a terminal it is cut to the width, in a pipe it is whole.
    """
    every = [*([header] if header else []), *rows]
    if not every:
        return
    widths = [max(_width(row[i]) for row in every if i < len(row)) for i in range(max(map(len, every)))]
    if header:
        say(style(_line(header, widths), "quiet"))
    room = _columns() - sum(widths[:-1]) - 2 * (len(widths) - 1)
    for row in rows:
        say(_line([*row[:-1], _cut(row[-1], room)] if len(row) == len(widths) else row, widths))


def confirm(question: str) -> bool:
    """Ask on the terminal; False at once where nobody is there to answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{masked(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print(file=sys.stderr)  # ^D leaves the cursor behind the question
    return answer.strip().lower() in ("y", "yes")


def confirm_on_tty(question: str) -> bool | None:
    """Ask whoever sits at the terminal though stdin is not theirs (a hook's); None where nobody does."""
    if not sys.stderr.isatty():
        return None
    try:
        with Path("/dev/tty").open() as tty:
            if os.tcgetpgrp(tty.fileno()) != os.getpgrp():
                return None  # in the background, where reading would stop us
            print(f"{masked(question)} [y/N] ", end="", file=sys.stderr, flush=True)
            return tty.readline().strip().lower() in ("y", "yes")
    except OSError:
        return None


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show `label` and how far it is, on a terminal only; yields a function that names the next step."""
    shown = is_live(sys.stderr) and total > 1
    done = 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        if shown:
            print(f"\r\x1b[K{label} {done}/{total} {masked(name)}", end="", file=sys.stderr, flush=True)

    try:
        yield step
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show `label` for as long as something takes, on a terminal only."""
    shown = is_live(sys.stderr)
    if shown:
        print(f"{label} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which a line can be written over."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _coloured(stream: TextIO) -> bool:
    return is_live(stream) and not os.environ.get("NO_COLOR")


def masked(text: str) -> str:
    """Return a text with the secrets hidden that `add_mask` was told of."""
    for mask in _masks:
        text = mask(text)
    return text


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def _cut(cell: str, room: int) -> str:
    # A styled cell stays whole: cutting it could cut its end sequence off.
    return cell if len(cell) <= max(room, 20) or "\x1b" in cell else f"{cell[: max(room, 20) - 1]}…"


def _width(cell: str) -> int:
    import re

    return len(re.sub(r"\x1b\[[0-9;]*m", "", cell))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row[:-1])]
    return "  ".join([*cells, *row[-1:]]).rstrip()
