"""How far an entry that both sides changed can be opened, and who wins where they only wrote it otherwise."""

from __future__ import annotations

from collections import Counter

from wildgit.core.merge.gaps import comments
from wildgit.core.merge.list_keys import find_keying
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry


class Clashing(Exception):
    """Not an error: the entry that is being merged is a conflict as a whole."""


def can_open(base: Entry | None, ours: Entry, theirs: Entry, values: Values) -> bool:
    """Whether all sides are block collections of one kind, or empty ones of any style."""
    kinds = {side.block.kind for side in (ours, theirs) if side.block}
    if len(kinds) != 1:
        return False
    kind = kinds.pop()
    empty = values.empty_map if kind == "map" else values.empty_list
    if any(not side.block and side.data != empty for side in (ours, theirs)):
        return False
    if base is None:
        return True
    return base.block.kind == kind if base.block else base.data in (empty, values.null)


def longer_list(ours: Entry, theirs: Entry, values: Values) -> Entry | None:
    """Of two lists that both sides added, the one that contains the other in order; None for no lists.

    Lists whose elements have the same keys are merged element by element instead.
    """
    left, right = values.items(ours.data), values.items(theirs.data)
    if not left or not right:
        return None
    for longer, shorter, items, others in ((ours, theirs, left, right), (theirs, ours, right, left)):
        rest = iter(items)
        if all(item in rest for item in others):
            lost = Counter(comments(shorter)) - Counter(comments(longer))
            return longer if not lost else None
    keying = find_keying("", (left, right), values)
    if keying and set(keying.keys[0]) == set(keying.keys[1]):
        return None
    raise Clashing


def rewritten_side(base: Entry | None, ours: Entry, theirs: Entry) -> Entry:
    """A block collection against something else: the side that didn't merely write it in another style."""
    if base and ours.data == base.data and comments(ours) == comments(base):
        return theirs
    if base and theirs.data == base.data and comments(theirs) == comments(base):
        return ours
    if ours.data == theirs.data and comments(ours) == comments(theirs):
        return ours
    raise Clashing
