"""Markdown for the comments and descriptions of a forge, out of text that strangers wrote.

Forges act on more than Markdown: `@name` calls people, `fixes #12` closes an issue, a line that begins with
`/` is a command, HTML is rendered. None of them looks into a code span, so whatever comes from outside stands
in one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# GitHub refuses a comment that is longer. The rest is for what a pipeline puts around it.
# Source: https://github.com/orgs/community/discussions/27190 (65,536 characters)
MAX_CHARACTERS = 65_000
_MAX_SPAN = 300


@dataclass(frozen=True)
class Section:
    """A part of a document that may be cut short: its items are left out from the end.

    Attributes:
        head: what comes before the items, and always stays.
        items: one line or more each.
        tail: what comes behind them, and always stays: the end of a fence, for example.
    """

    head: str
    items: tuple[str, ...] = ()
    tail: str = ""


def code(text: str) -> str:
    """Return the text as a code span, on one line, in a table too; nothing in it means anything.

    Characters that can't be seen or that turn the direction of writing are left out; long text is cut.
    """
    plain = " ".join(_visible(text).split())
    if not plain:
        return ""
    plain = plain if len(plain) <= _MAX_SPAN else f"{plain[: _MAX_SPAN - 1]}…"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    edge = " " if "`" in (plain[0], plain[-1]) else ""
    # A table ends its cell at every bar but an escaped one, in code spans as well.
    return f"{fence}{edge}{plain}{edge}{fence}".replace("|", "\\|")


def fenced_line(text: str) -> str:
    """Return the text as one line of a fenced block, unable to end it."""
    return _visible(text.replace("\n", " ")).replace("```", "'''")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> Section:
    """Return a table; its cells are Markdown already."""
    head = [title, ""] if title else []
    head += [_row(header), _row(["---"] * len(header))]
    return Section("\n".join(head), tuple(_row(row) for row in rows))


def details(summary: str, lines: Sequence[str], *, fence: str = "") -> Section:
    """Return lines that are folded away; in a fenced block of the language `fence` where it is given."""
    opened, closed = (f"\n```{fence}", "```\n") if fence else ("", "")
    head = f"<details><summary>{summary}</summary>\n{opened}"
    return Section(head, tuple(lines), f"{closed}\n</details>")


def document(sections: Sequence[Section], *, limit: int = MAX_CHARACTERS) -> str:
    """Return the sections, a blank line between them, in at most `limit` characters.

    What is too long loses items, the last sections first, and says how many.
    """
    room = limit - 200  # for the note at the end
    blocks: list[str] = []
    left_out = 0
    for section in sections:
        block, omitted = _fit(section, room)
        left_out += omitted
        if block:
            blocks.append(block)
            room -= len(block) + 2
    if left_out:
        blocks.append(f"_{left_out:,} more lines would be too long for a comment; the job's log has them._")
    return "\n\n".join(blocks) + "\n"


def _fit(section: Section, room: int) -> tuple[str, int]:
    """The section as far as there is room for it, and how many lines it lost."""
    room -= len(section.head) + len(section.tail) + 2
    if room < 0 or (section.items and room < len(section.items[0])):
        return "", max(len(section.items), 1)
    kept = []
    for item in section.items:
        room -= len(item) + 1
        if room < 0:
            break
        kept.append(item)
    parts = [section.head, *kept, section.tail]
    return "\n".join(part for part in parts if part), len(section.items) - len(kept)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _visible(text: str) -> str:
    # Cf holds what reverses or hides text: what a reviewer reads must be what is there.
    return "".join(
        " " if character in "\n\r\t" else character
        for character in text
        if character in "\n\r\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
