"""The last look at a merge before it is handed out: is the text what was decided, and sound YAML?

The engine splices text, so a rule that went wrong would show here: as text that doesn't parse, a key that
came in twice, a resource that exists twice, a comment that got lost, an alias that points elsewhere, or
data that nobody decided on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from wildgit.core.merge.aliases import are_captured, find_targets
from wildgit.core.merge.conflicts import Chunk, reduced, united
from wildgit.core.merge.documents import resource_id
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_tree import Entry, Stream, Unstructured, parse

CAPTURED = "an alias of the result means another anchor than it did"

_COMMENT = re.compile(r"(?:^|\s)#.*$")


class Trees(NamedTuple):
    """The parsed sides, and what parsing them taught."""

    texts: Three[str]
    streams: Three[Stream]
    values: Values
    known: dict[str, Entry]  # documents by their text


def find_fault(text: str, data: Sequence[int], trees: Trees) -> str | None:
    """Return what is wrong with a clean merge of base, ours and theirs, None if nothing is.

    Args:
        text: the merged text.
        data: its documents' data as the merge decided it.
        trees: the sides.
    """
    fault = _find_fault_of_settled(text, data, trees)
    if fault:
        return fault
    base, ours, theirs, result = map(_comments, (*trees.texts, text))
    if _loses_comments(base, ours, theirs, result) or _repeats_comments(base, ours, theirs, result):
        return "the result lost a comment, or has one too often"
    return None


def find_fault_beside_clashes(
    chunks: Sequence[Chunk], data: Sequence[int] | None, trees: Trees
) -> str | None:
    """Return what is wrong with a merge that has clashes, however they are settled; None if nothing is.

    Args:
        chunks: the merge.
        data: its documents' data as the merge decided it, every clash settled for ours; None if it decided
            on lines only.
        trees: the sides.
    """
    fault = _find_fault_of_settled(reduced(chunks, "ours"), data, trees)
    fault = fault or _find_fault_of_settled(reduced(chunks, "theirs"), None, trees)
    if fault:
        return fault
    base, ours, theirs = map(_comments, trees.texts)
    if _loses_comments(base, ours, theirs, _comments("".join(united(chunks)))):
        return "the result lost a comment"
    return None


def _find_fault_of_settled(text: str, data: Sequence[int] | None, trees: Trees) -> str | None:
    """What is wrong with the text apart from its comments; data that nobody computed is not compared."""
    try:
        result = parse(text, trees.values, trees.known)
    except Unstructured as error:
        return f"the result is no valid YAML: {error}"
    if data is not None and [document.data for document in result.documents] != list(data):
        return "the result's data is not the merge of the data"
    sides = (result, trees.streams.ours, trees.streams.theirs)
    if _more_than_sides(*[_identities(stream, trees.values) for stream in sides]):
        return "the result has two resources of one identity"
    if are_captured(*[find_targets(side) for side in (*trees.texts, text)]):
        return CAPTURED
    return None


def _identities(stream: Stream, values: Values) -> Counter[Hashable]:
    found = [resource_id(document.data, values) for document in stream.documents]
    return Counter(identity for identity in found if identity)


def _more_than_sides(result: Counter[Hashable], ours: Counter[Hashable], theirs: Counter[Hashable]) -> bool:
    return any(count > 1 and count > max(ours[x], theirs[x]) for x, count in result.items())


def _comments(text: str) -> Counter[str]:
    """What looks like a comment, whatever the blanks in it.

    In block scalars and strings it may be content: that is no comment, but it must not get lost either.
    """
    found = [_COMMENT.search(line) for line in text.split("\n") if "#" in line]
    return Counter("".join(match.group().split()) for match in found if match)


def _loses_comments(
    base: Counter[str], ours: Counter[str], theirs: Counter[str], result: Counter[str]
) -> bool:
    """Whether a comment that neither side removed is there less often than on the side that has it more."""
    return any(
        ours[x] >= base[x] <= theirs[x] and result[x] < max(ours[x], theirs[x])
        for x in {*base, *ours, *theirs}
    )


def _repeats_comments(
    base: Counter[str], ours: Counter[str], theirs: Counter[str], result: Counter[str]
) -> bool:
    """Whether a comment is there more often than what the sides added explains."""
    return any(
        count > base[x] + max(0, ours[x] - base[x]) + max(0, theirs[x] - base[x])
        for x, count in result.items()
    )
