"""The three-way merge of lines, with the result of `git merge-file`, byte for byte.

Changes of both sides that touch or overlap are one conflict; a conflict is refined by the diff between
the two sides, and conflicts with no more than three lines (or no letter or digit) between them are one.
Both of these are left out when the base is shown, since it would no longer match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from wildgit.core.merge.conflicts import Chunk, Clash, Style
from wildgit.core.merge.line_diff import Hunk, diff
from wildgit.core.merge.three import Three

CHANGED_LINES = "both sides changed these lines"

_FEW_LINES = 3
_ALNUM = re.compile("[0-9A-Za-z]")


class _Take(Enum):
    CONFLICT = 0
    OURS = 1
    THEIRS = 2


@dataclass(slots=True)
class _Region:
    """Where a change lies: half-open ranges of lines in base, ours and theirs."""

    take: _Take
    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]


def merge_text(texts: Three[str], style: Style = "merge") -> list[Chunk]:
    """Return the merged text as chunks, lines with their line ends as they stand in the sides."""
    base, ours, theirs = map(split_lines, texts)
    return merge_lines(base, ours, theirs, style)


def merge_lines(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], style: Style = "merge"
) -> list[Chunk]:
    """Return the merge of three lists of lines; see the module for what is one conflict."""
    changes, others = diff(base, ours), diff(base, theirs)
    if not changes:
        return list(theirs)
    if not others:
        return list(ours)
    regions = _regions(changes, others, ours, theirs, len(base))
    if style == "merge":
        regions = _simplified(_refined(regions, ours, theirs), ours)
    elif style == "zdiff3":
        _trim(regions, ours, theirs)
    return _chunks(regions, base, ours, theirs)


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends. Only \\n ends a line here, as for git."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _regions(
    changes: list[Hunk], others: list[Hunk], ours: Sequence[str], theirs: Sequence[str], size: int
) -> list[_Region]:
    regions: list[_Region] = []
    i = j = 0
    while i < len(changes) or j < len(others):
        # Behind the last change of a side, its lines are those of base, shifted.
        a = changes[i] if i < len(changes) else Hunk(size + 1, size + 1, len(ours) + 1, len(ours) + 1)
        b = others[j] if j < len(others) else Hunk(size + 1, size + 1, len(theirs) + 1, len(theirs) + 1)
        if j == len(others) or a.a_end < b.a_start:
            shift = b.b_start - b.a_start
            span = (a.a_start + shift, a.a_end + shift)
            _add(regions, _Region(_Take.OURS, (a.a_start, a.a_end), (a.b_start, a.b_end), span))
            i += 1
        elif i == len(changes) or b.a_end < a.a_start:
            shift = a.b_start - a.a_start
            span = (b.a_start + shift, b.a_end + shift)
            _add(regions, _Region(_Take.THEIRS, (b.a_start, b.a_end), span, (b.b_start, b.b_end)))
            j += 1
        else:
            if not _same_change(a, b, ours, theirs):
                _add(regions, _overlap(a, b))
            i, j = i + (a.a_end <= b.a_end), j + (b.a_end <= a.a_end)
    return regions


def _same_change(a: Hunk, b: Hunk, ours: Sequence[str], theirs: Sequence[str]) -> bool:
    return (
        (a.a_start, a.a_end) == (b.a_start, b.a_end)
        and a.b_end - a.b_start == b.b_end - b.b_start
        and ours[a.b_start : a.b_end] == theirs[b.b_start : b.b_end]
    )


def _overlap(a: Hunk, b: Hunk) -> _Region:
    """Both changes widened to the same stretch of base."""
    start, end = min(a.a_start, b.a_start), max(a.a_end, b.a_end)
    return _Region(
        _Take.CONFLICT,
        (start, end),
        (a.b_start - (a.a_start - start), a.b_end + (end - a.a_end)),
        (b.b_start - (b.a_start - start), b.b_end + (end - b.a_end)),
    )


def _add(regions: list[_Region], new: _Region) -> None:
    """Append a region, or widen the last one if they touch on either side."""
    last = regions[-1] if regions else None
    if last and (new.ours[0] <= last.ours[1] or new.theirs[0] <= last.theirs[1]):
        if new.take is not last.take:
            last.take = _Take.CONFLICT
        last.base = (last.base[0], new.base[1])
        last.ours = (last.ours[0], new.ours[1])
        last.theirs = (last.theirs[0], new.theirs[1])
    else:
        regions.append(new)


def _refined(regions: list[_Region], ours: Sequence[str], theirs: Sequence[str]) -> list[_Region]:
    """Conflicts cut down to the lines that differ between the two sides."""
    refined: list[_Region] = []
    for region in regions:
        (o, o_end), (t, t_end) = region.ours, region.theirs
        if region.take is not _Take.CONFLICT or o == o_end or t == t_end:
            refined.append(region)
            continue
        refined += [
            _Region(_Take.CONFLICT, region.base, (o + h.a_start, o + h.a_end), (t + h.b_start, t + h.b_end))
            for h in diff(ours[o:o_end], theirs[t:t_end])
        ]
    return refined


def _simplified(regions: list[_Region], ours: Sequence[str]) -> list[_Region]:
    """Conflicts that stand close together joined, with the lines between them."""
    simplified: list[_Region] = []
    for region in regions:
        last = simplified[-1] if simplified else None
        if last and last.take is region.take is _Take.CONFLICT:
            between = ours[last.ours[1] : region.ours[0]]
            if len(between) <= _FEW_LINES or not any(map(_ALNUM.search, between)):
                last.ours = (last.ours[0], region.ours[1])
                last.theirs = (last.theirs[0], region.theirs[1])
                continue
        simplified.append(region)
    return simplified


def _trim(regions: list[_Region], ours: Sequence[str], theirs: Sequence[str]) -> None:
    """Take lines common to both sides off the ends of each conflict, as zdiff3 does."""
    for region in regions:
        if region.take is not _Take.CONFLICT:
            continue
        (o, o_end), (t, t_end) = region.ours, region.theirs
        while o < o_end and t < t_end and ours[o] == theirs[t]:
            o, t = o + 1, t + 1
        while o < o_end and t < t_end and ours[o_end - 1] == theirs[t_end - 1]:
            o_end, t_end = o_end - 1, t_end - 1
        region.ours, region.theirs = (o, o_end), (t, t_end)


def _chunks(
    regions: list[_Region], base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> list[Chunk]:
    chunks: list[Chunk] = []
    done = 0
    for region in regions:
        chunks += ours[done : region.ours[0]]
        done = region.ours[1]
        if region.take is _Take.OURS:
            chunks += ours[slice(*region.ours)]
        elif region.take is _Take.THEIRS:
            chunks += theirs[slice(*region.theirs)]
        else:
            clash = Clash(
                tuple(base[slice(*region.base)]),
                tuple(ours[slice(*region.ours)]),
                tuple(theirs[slice(*region.theirs)]),
                reason=CHANGED_LINES,
                newline=_newline(region, base, ours, theirs),
            )
            chunks.append(clash)
    return chunks + list(ours[done:])


def _newline(region: _Region, base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> str:
    """How marker lines end: with CRLF only if the lines around them do on both sides."""
    for lines, at in ((ours, region.ours[0]), (theirs, region.theirs[0]), (base, 1)):
        crlf = _is_crlf(lines, at - 1 if at else 0)
        if crlf is False:
            return "\n"
    return "\r\n" if crlf else "\n"


def _is_crlf(lines: Sequence[str], at: int) -> bool | None:
    """None where there is no line end to look at."""
    if not lines:
        return None
    if not lines[at].endswith("\n"):  # the last line; the one before it decides
        if not at:
            return None
        at -= 1
    return lines[at].endswith("\r\n")
