"""The last look at a merge before it is handed out: is the text what was decided, and sound YAML?

The engine splices text, so a rule that went wrong would show here: as text that doesn't parse, a key that
came in twice, a resource that exists twice, a comment that got lost, or data that nobody decided on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from wildgit.core.documents import resource_id
from wildgit.core.yaml_data import Values
from wildgit.core.yaml_tree import Entry, Stream, Unstructured, parse


def find_fault(
    text: str, data: Sequence[int] | None, sides: Sequence[Stream], values: Values, known: dict[str, Entry]
) -> str | None:
    """Return what is wrong with a clean merge of base, ours and theirs, None if nothing is.

    Args:
        text: the merged text.
        data: its documents' data as the merge decided it; None if the merge doesn't know.
        sides: base, ours and theirs.
        values: what the data numbers stand for.
        known: documents that were parsed before.
    """
    try:
        result = parse(text, values, known)
    except Unstructured as error:
        return f"the result is no valid YAML: {error}"
    if data is not None and [document.data for document in result.documents] != list(data):
        return "the result's data is not the merge of the data"
    if _more_than_sides(*[_identities(stream, values) for stream in (result, *sides[1:])]):
        return "the result has two resources of one identity"
    if not _keeps_comments(*[_comments(stream) for stream in (*sides, result)]):
        return "the result lost a comment, or has one too often"
    return None


def _identities(stream: Stream, values: Values) -> Counter[Hashable]:
    found = [resource_id(document.data, values) for document in stream.documents]
    return Counter(identity for identity in found if identity)


def _more_than_sides(result: Counter[Hashable], ours: Counter[Hashable], theirs: Counter[Hashable]) -> bool:
    return any(count > 1 and count > max(ours[x], theirs[x]) for x, count in result.items())


def _comments(stream: Stream) -> Counter[str]:
    return Counter(comment for document in stream.documents for comment in _comments_of(document))


def _comments_of(entry: Entry) -> Iterator[str]:
    """What each comment of an entry says, whatever the blanks in it."""
    for line in (*entry.head, entry.after, *entry.foot):
        said = "".join(line.strip("\x00\x01").split()) if "#" in line else ""
        if said.startswith("#"):
            yield said
    if entry.block:
        for inner in entry.block.entries:
            yield from _comments_of(inner)


def _keeps_comments(
    base: Counter[str], ours: Counter[str], theirs: Counter[str], result: Counter[str]
) -> bool:
    for comment in {*base, *ours, *theirs, *result}:
        b, o, t, r = (side[comment] for side in (base, ours, theirs, result))
        if o >= b and t >= b and r < max(o, t):
            return False
        if r > b + max(0, o - b) + max(0, t - b):
            return False
    return True
