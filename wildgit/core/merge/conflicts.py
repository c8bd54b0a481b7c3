"""A merge result as a list of lines and clashes, and how a clash is written with git's markers.

A merge produces chunks: text that is settled, and clashes that show what each side wanted. The written
file, its reduction to one side and the line of each conflict all come from the one list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

Style = Literal["merge", "diff3", "zdiff3"]
Favor = Literal["ours", "theirs", "union"] | None
Side = Literal["base", "ours", "theirs"]
Path = tuple[str, ...]


class Clash(NamedTuple):
    """One place where the sides can't both have their way: the lines of each, line ends included."""

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    path: Path = ()
    document: str = ""
    reason: str = ""
    newline: str = "\n"  # how the marker lines end


Chunk = str | Clash  # a settled line, or a clash


class Written(NamedTuple):
    """The text with markers, and each clash with the line (from 1) on which its markers start."""

    text: str
    clashes: tuple[tuple[int, Clash], ...]


def write(
    chunks: Iterable[Chunk],
    *,
    labels: Sequence[str] = ("ours", "base", "theirs"),
    style: Style = "merge",
    marker_size: int = 7,
    favor: Favor = None,
) -> Written:
    """Return the chunks as text; `favor` settles clashes instead of marking them, as `git merge-file` does.

    Args:
        chunks: what the merge produced, in order.
        labels: names for ours, base and theirs; "" leaves a marker bare.
        style: git's merge.conflictStyle.
        marker_size: how many of the marker's character make a marker.
        favor: the side that wins every clash; "union" keeps both.
    """
    lines: list[str] = []
    clashes = []
    for chunk in chunks:
        if isinstance(chunk, str):
            lines.append(chunk)
        elif favor == "union":
            lines += united([chunk])
        elif favor:
            lines += chunk.ours if favor == "ours" else chunk.theirs
        else:
            clashes.append((len(lines) + 1, chunk))
            lines += _marked(chunk, labels, style, marker_size)
    return Written("".join(lines), tuple(clashes))


def reduced(chunks: Iterable[Chunk], side: Side) -> str:
    """Return the text that is left when every clash is settled for one side."""
    lines: list[str] = []
    for chunk in chunks:
        if isinstance(chunk, str):
            lines.append(chunk)
        else:
            lines += _terminated(getattr(chunk, side), chunk.newline)
    return "".join(lines)


def lines_of(chunks: Iterable[Chunk], side: Side) -> Iterator[str]:
    """Yield the lines that are left when every clash is settled for one side, as they are."""
    for chunk in chunks:
        if isinstance(chunk, str):
            yield chunk
        else:
            yield from getattr(chunk, side)


def has_clash(chunks: Iterable[Chunk]) -> bool:
    """Whether anything is left for a person to decide."""
    return any(isinstance(chunk, Clash) for chunk in chunks)


def united(chunks: Iterable[Chunk]) -> list[str]:
    """Return the lines with both versions of every clash, ours above theirs."""
    lines: list[str] = []
    for chunk in chunks:
        if isinstance(chunk, str):
            lines.append(chunk)
        else:
            lines += (*_terminated(chunk.ours, chunk.newline), *chunk.theirs)
    return lines


def joined(clashes: Sequence[Clash]) -> Clash:
    """Return one clash for several that stand next to each other."""
    if len(clashes) == 1:
        return clashes[0]
    first = min(clashes, key=lambda clash: clash.path)  # whichever side is called ours
    base, ours, theirs = (tuple([line for clash in clashes for line in clash[i]]) for i in range(3))
    reasons = "; ".join(dict.fromkeys(clash.reason for clash in clashes))
    others = dict.fromkeys(".".join(clash.path) for clash in clashes if clash.path != first.path)
    if others:
        reasons += f" (also {', '.join(others)})"
    return first._replace(base=base, ours=ours, theirs=theirs, reason=reasons)


def trimmed(clash: Clash) -> list[Chunk]:
    """Return the clash without the lines on which ours and theirs agree at its start and end."""
    ours, theirs = clash.ours, clash.theirs
    limit = min(len(ours), len(theirs))
    start = 0
    while start < limit and ours[start] == theirs[start]:
        start += 1
    end = 0
    while end < limit - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    if not start and not end:
        return [clash]
    middle = clash._replace(ours=ours[start : len(ours) - end], theirs=theirs[start : len(theirs) - end])
    kept: list[Chunk] = [middle] if middle.ours or middle.theirs else []
    return [*ours[:start], *kept, *ours[len(ours) - end :]]


def _marked(clash: Clash, labels: Sequence[str], style: Style, size: int) -> list[str]:
    ours, base, theirs = labels
    newline = clash.newline
    lines = [_marker("<", size, ours, newline), *_terminated(clash.ours, newline)]
    if style != "merge":
        lines += [_marker("|", size, base, newline), *_terminated(clash.base, newline)]
    lines += [_marker("=", size, "", newline), *_terminated(clash.theirs, newline)]
    return [*lines, _marker(">", size, theirs, newline)]


def _marker(character: str, size: int, label: str, newline: str) -> str:
    return character * size + (f" {label}" if label else "") + newline


def _terminated(lines: tuple[str, ...], newline: str) -> tuple[str, ...]:
    if lines and not lines[-1].endswith("\n"):
        return (*lines[:-1], lines[-1] + newline)
    return lines
