"""The entries that YAML text is made of, and how they are printed at another place.

A block mapping or sequence partitions its lines into consecutive entries: leading comments and blank
lines, a key or dash, a value, a trailing comment. So the text of a collection is the concatenation of its
entries. Nothing is ever dumped: an entry holds its exact source.

Text inside an entry is kept relative to the entry's column, so an entry can be printed at another
indentation and entries are equal wherever they stand. Two characters that YAML forbids mark lines for
which that can't be said:
  ABSOLUTE   a line that starts left of its entry (a comment at column 0), kept as it is
  BLANKS     a line of blanks only, which may be content of a block scalar
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

ABSOLUTE = "\x00"
BLANKS = "\x01"

Kind = Literal["map", "seq"]

_CONTENT = re.compile(r"[ \t]*[^ \t#]")


class Source(NamedTuple):
    """Where an entry with a block collection was read, without head and foot: lines[start:end]."""

    lines: list[str]
    start: int
    end: int
    column: int


class Entry(NamedTuple):
    """One entry: `head` lines, then `before + value + after` on the key's line, then `block`, then `foot`.

    A note is an entry of comments only; everything it says is in its head. A document is an entry whose
    `before` is its `---` line.
    """

    key: int  # number of the key's data, of a note's text, -1 for items and documents
    name: str  # the key as people write it; "" for items, notes and documents
    head: tuple[str, ...]
    before: str
    value: str  # source of a value that isn't a block collection, else ""
    after: str
    block: Block | None
    foot: tuple[str, ...]
    data: int  # number of the value's data; -1 for a note
    text: int  # number of the source: equal numbers, equal source
    style: str  # "|" and ">" for block scalars, "[" and "{" for flow collections, "*" for aliases, else ""
    source: Source | None  # of an entry with a block

    @property
    def is_note(self) -> bool:
        """Whether this is a comment that stands on its own."""
        return self.data < 0


class Block:
    """A block collection: its entries stand `column` columns to the right of the entry that holds them.

    Most collections are the same on all sides and never opened, so entries are made when first asked for.
    """

    __slots__ = ("_entries", "_make", "column", "inline", "kind")

    def __init__(
        self, kind: Kind, column: int, make: Callable[[], tuple[Entry, ...]], *, inline: bool
    ) -> None:
        self.kind = kind
        self.column = column
        self.inline = inline  # the first entry starts on the line of the dash
        self._make = make
        self._entries: tuple[Entry, ...] | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, in order."""
        if self._entries is None:
            self._entries = self._make()
        return self._entries


def entry_lines(entry: Entry, indent: int) -> list[str]:
    """Return an entry's lines, without line ends, with its key at column `indent`."""
    out: list[str] = []
    _print(entry, indent, out, from_source=True)
    return out


def assembled_lines(entry: Entry, indent: int) -> list[str]:
    """Return the same lines, but put together from all the entries inside, opened one by one."""
    out: list[str] = []
    _print(entry, indent, out, from_source=False)
    return out


def place_lines(lines: Iterable[str], indent: int) -> list[str]:
    """Return relative lines as they stand in an entry at column `indent`."""
    return [_placed(line, indent) for line in lines]


def place_text(text: str, indent: int) -> list[str]:
    """Return the lines of a text that starts at column `indent` and was kept relative to it."""
    if "\n" not in text:
        return [" " * indent + text]
    first, *rest = text.split("\n")
    return [" " * indent + first, *place_lines(rest, indent)]


def attach_dash(lines: list[str], intro: str, indent: int) -> list[str]:
    """Put `intro` ("- ", padded) before the first line with content; comments above it move to the dash."""
    column = indent + len(intro)
    for i, line in enumerate(lines):
        if has_content(line):
            above = [x[len(intro) :] if x[:column].isspace() else x for x in lines[:i]]
            return [*above, " " * indent + intro + line[column:], *lines[i + 1 :]]
    return lines


def has_content(line: str) -> bool:
    """Whether a line holds more than blanks and a comment."""
    return _CONTENT.match(line) is not None


def relative_line(line: str, column: int) -> str:
    """Return a whole line as it is kept in an entry whose key stands at `column`."""
    indent = line[:column]
    if not line.strip(" "):
        return line and (BLANKS + line[column:] if len(line) >= column else ABSOLUTE + line)
    return ABSOLUTE + line if indent.strip(" ") else line[column:]


def relative_lines(lines: Iterable[str], column: int) -> tuple[str, ...]:
    """Return whole lines as they are kept in an entry whose key stands at `column`."""
    return tuple([relative_line(line, column) for line in lines])


def relative_text(text: str, column: int) -> str:
    """Return a text that starts in the entry's first line as it is kept in an entry at `column`."""
    if "\n" not in text:
        return text
    first, *whole, last = text.split("\n")
    # The last piece ends in the middle of its line, so it is no line of blanks even if it looks like one.
    short = last[:column].strip(" ") or len(last) < column
    last = ABSOLUTE + last if short else last[column:]
    return "\n".join([first, *relative_lines(whole, column), last])


def _placed(line: str, indent: int) -> str:
    if not line:
        return line
    if line[0] == ABSOLUTE:
        rest = line[1:]
        return rest if rest.strip(" ") else rest[:indent]
    if line[0] == BLANKS:
        line = line[1:]
    return " " * indent + line


def _print(entry: Entry, indent: int, out: list[str], *, from_source: bool) -> None:
    if entry.head:
        out += place_lines(entry.head, indent)
    source = entry.source
    if from_source and source and source.column == indent:
        # The line of an entry behind a dash starts with the dash, which is for the caller to put there.
        out.append(" " * indent + source.lines[source.start][indent:])
        out += source.lines[source.start + 1 : source.end]
    else:
        _print_body(entry, indent, out, from_source=from_source)
    if entry.foot:
        out += place_lines(entry.foot, indent)


def _print_body(entry: Entry, indent: int, out: list[str], *, from_source: bool) -> None:
    block = entry.block
    body = entry.before + entry.value + entry.after
    if body and not (block and block.inline):
        out += place_text(body, indent)
    if block:
        column = indent + block.column
        start = len(out)
        for inner in block.entries:
            _print(inner, column, out, from_source=from_source)
        if block.inline:
            out[start] = " " * indent + body.ljust(block.column) + out[start][column:]
