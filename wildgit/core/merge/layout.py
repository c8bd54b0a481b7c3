"""Putting merged entries together so that the text reads on: dashes, and comments that head two entries."""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.core.merge.alignment import Triple
from wildgit.core.merge.conflicts import Chunk, Clash
from wildgit.core.merge.shapes import Clashing
from wildgit.core.merge.yaml_entry import attach_dash, has_content


def without_printed_head(run: Sequence[Triple], index: int, triples: Sequence[Triple]) -> Triple:
    """Both sides inserted below one comment of base, which heads both insertions now: print it once.

    Args:
        run: the entries of one gap.
        index: the one that is about to be printed.
        triples: all entries of the collection: what the comment headed may have moved elsewhere since.
    """
    triple = run[index]
    said = _head_of_insertion(triple)
    if not said or all(_head_of_insertion(before) != said for before in run[:index]):
        return triple
    if all(_without_blanks(other.base.head) != said for other in triples if other.base):
        return triple
    return Triple(*[side and side._replace(head=()) for side in triple])


def _head_of_insertion(triple: Triple) -> tuple[str, ...]:
    entry = triple.ours or triple.theirs
    return _without_blanks(entry.head) if entry and not triple.base else ()


def _without_blanks(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple([line for line in lines if line.strip()])


def with_dash(chunks: list[Chunk], intro: str, indent: int) -> list[Chunk]:
    """Put the dash in front of the first entry; if that is a clash, into every side of it."""
    first = next((i for i, c in enumerate(chunks) if isinstance(c, Clash) or has_content(c)), 0)
    chunk = chunks[first]
    if isinstance(chunk, str):
        head = attach_dash([str(c) for c in chunks[: first + 1]], intro, indent)
        return [*head, *chunks[first + 1 :]]
    rest = chunks[first + 1 :]
    while not all(any(map(has_content, side)) for side in (chunk.ours, chunk.theirs)):
        # A side without an entry here has its dash on the entry that follows.
        if not rest:
            raise Clashing
        following = rest.pop(0)
        if isinstance(following, str):
            following = Clash((following,), (following,), (following,))
        chunk = chunk._replace(
            base=chunk.base + following.base,
            ours=chunk.ours + following.ours,
            theirs=chunk.theirs + following.theirs,
        )
    base, ours, theirs = (tuple(attach_dash(list(side), intro, indent)) for side in chunk[:3])
    above = attach_dash([str(c) for c in chunks[:first]] + ["x"], intro, indent)[:-1]
    return [*above, chunk._replace(base=base, ours=ours, theirs=theirs), *rest]
