"""Merging what can't be opened further: spacing, comments, scalars, and the lines of block scalars.

Every function here returns None for "both sides changed it, differently"; who calls decides how much of
the file becomes the conflict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from wildgit.core.merge.conflicts import Chunk, Style
from wildgit.core.merge.text import merge_lines
from wildgit.core.merge.three import Three, pick
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry, place_text
from wildgit.core.merge.yaml_tree import Unstructured, parse

_BLOCK_HEADER = re.compile(r"[|>][-+]?[1-9]")


class Leaf(NamedTuple):
    """A merged value with what stands before and behind it, and its data."""

    before: str
    value: str
    after: str
    data: int


def merge_after(base: str | None, ours: str, theirs: str) -> str | None:
    """Merge what follows a value on its line; the space before a comment is nobody's edit."""
    picked = pick(base, ours, theirs)
    if picked is not None:
        return picked
    said = pick(None if base is None else base.strip(), ours.strip(), theirs.strip())
    if said is None and not base:
        said = ours.strip() or theirs.strip() if not (ours.strip() and theirs.strip()) else None
    if said is None:
        return None
    return ours if ours.strip() == said else theirs


def merge_head(base: Sequence[str] | None, ours: Sequence[str], theirs: Sequence[str]) -> Sequence[Chunk]:
    """Merge comments and blank lines; the clash, if there is one, holds nothing else."""
    picked = pick(base, ours, theirs)
    if picked is not None:
        return picked
    said = [_comments(side) for side in (base or (), ours, theirs)]
    if base is None or not said[0]:
        longer = _containing(said[1], said[2])
        if longer is not None:
            return ours if longer is said[1] else theirs
    merged = merge_lines(base or (), ours, theirs, "diff3")
    if all(isinstance(chunk, str) for chunk in merged):
        return merged
    winner = pick(said[0], said[1], said[2])
    if winner is not None:  # only the blank lines clash
        return theirs if winner is said[2] and said[1] == said[0] else ours
    return [c if isinstance(c, str) else c._replace(reason="both sides changed this comment") for c in merged]


def _comments(lines: Sequence[str]) -> list[str]:
    stripped = [line.strip(" \t\x00\x01") for line in lines]
    return [line for line in stripped if line]


def _containing(a: list[str], b: list[str]) -> list[str] | None:
    """The one of two lists that contains the other, in order."""
    for longer, shorter in ((a, b), (b, a)):
        rest = iter(longer)
        if all(line in rest for line in shorter):
            return longer
    return None


def merge_scalar(base: Entry | None, ours: Entry, theirs: Entry) -> Leaf | None:
    """Merge a value that is compared as a whole, with its comment.

    The value comes as source from the side that changed its data; a side that only spelled it otherwise
    gives way to one that changed it.
    """
    source = _changed_side(base, ours, theirs)
    after = merge_after(base.after if base and not base.block else None, ours.after, theirs.after)
    if source is None or after is None:
        return None
    before = pick(base.before if base else None, ours.before, theirs.before)
    if before is None or not all(side.value for side in (base, ours, theirs) if side):
        before = source.before  # or `key:` and `1` would meet without a blank
    if "#" in before and before.strip() != source.before.strip():
        return None
    return Leaf(before, source.value, after, source.data)


def _changed_side(base: Entry | None, ours: Entry, theirs: Entry) -> Entry | None:
    if ours.data == theirs.data:
        return theirs if base is not None and ours.value == base.value else ours
    if base is None:
        return None
    if ours.data == base.data:
        return theirs
    return ours if theirs.data == base.data else None


def data_of(lines: Sequence[str], values: Values) -> int | None:
    """Return the data of an entry, or of a document that is one scalar, None if the lines are no YAML."""
    try:
        document = parse("\n".join(lines) + "\n", values).documents[0]
    except Unstructured:
        return None
    return document.block.entries[0].data if document.block else document.data


class ScalarLines(NamedTuple):
    """A block scalar at its place: the header behind the key, and the lines of its content."""

    header: str
    content: tuple[str, ...]
    indent: int | None  # column of the content; None if it has none

    @staticmethod
    def of(entry: Entry, indent: int) -> ScalarLines:
        """Return the block scalar of an entry that stands at column `indent`."""
        first, *rest = place_text(entry.value, indent)
        filled = [line for line in rest if line.strip(" ")]
        column = min(len(filled[0]) - len(filled[0].lstrip(" ")), 1 << 20) if filled else None
        return ScalarLines(first.strip(" "), tuple(rest), column)

    def shifted(self, indent: int | None) -> tuple[str, ...]:
        """The content with its column at `indent`."""
        if indent is None or self.indent is None or indent == self.indent:
            return self.content
        cut, pad = self.indent, " " * indent
        return tuple(
            [pad + line[cut:] if line.strip(" ") or len(line) > cut else "" for line in self.content]
        )


def merge_block_scalar(sides: Three[Entry], indent: int, style: Style) -> tuple[str, list[Chunk]] | None:
    """Merge the lines of a block scalar that both sides changed.

    Returns:
        The header (`|`, `>-`, …) and the content, whose clashes hold lines of the scalar only; None if
        the headers clash, or the content can't be brought to one indentation.
    """
    base, ours, theirs = [ScalarLines.of(entry, indent) for entry in sides]
    header = pick(base.header, ours.header, theirs.header)
    explicit = any(_BLOCK_HEADER.match(scalar.header) for scalar in (base, ours, theirs))
    if header is None or (explicit and len({base.indent, ours.indent, theirs.indent}) > 1):
        return None
    column = pick(base.indent, ours.indent, theirs.indent) or ours.indent or theirs.indent
    return header, merge_lines(base.shifted(column), ours.shifted(column), theirs.shifted(column), style)
