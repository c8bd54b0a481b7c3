"""Which rule a list is merged by: its keys, or the comparison of its elements."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from wildgit.core.merge.alignment import Alignment, Triple, align_compared, align_keyed
from wildgit.core.merge.gaps import Order, find_repeats, find_same_numbers
from wildgit.core.merge.list_keys import Keying, find_keying, is_ordered, label
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry

NEW = "[+]"  # how a path names an element without a key that base doesn't have


class AlignedList(NamedTuple):
    """Aligned elements, what two insertions mean here, and how paths name an element."""

    alignment: Alignment
    order: Order
    labels: dict[int, str]  # by the number of an element's text
    forced: dict[int, str]  # elements that clash whatever they hold, and why

    def label(self, triple: Triple) -> tuple[str, ...]:
        """Return the step of a path that leads to this element; nothing for a note."""
        entry = triple.base or triple.ours or triple.theirs
        return (self.labels.get(entry.text, NEW),) if entry and not entry.is_note else ()


def align_sequence(
    sides: Three[tuple[Entry, ...]], path: tuple[str, ...], values: Values, similarity: Similarity
) -> AlignedList:
    """Align the elements of a list by the rule that fits it.

    Args:
        sides: the entries of base, ours and theirs.
        path: where the list stands; the last step names its field.
        values: what the data numbers stand for.
        similarity: compares elements.
    """
    field = path[-1] if path and not path[-1].startswith("[") else ""
    elements = [[entry for entry in side if not entry.is_note] for side in sides]
    data = [[entry.data for entry in side] for side in elements]
    keying = find_keying(field, data, values, leading=_leading(elements))
    if keying:
        alignment = align_keyed(sides, keying, similarity)
        labels = _labels(elements, keying, values)
        tokens: dict[int, Hashable] = {
            entry.text: key
            for side, keys in zip(elements, keying.keys, strict=True)
            for entry, key in zip(side, keys, strict=True)
        }
        forced = find_repeats(alignment.triples, tokens) | find_same_numbers(alignment.triples, values)
        return AlignedList(alignment, Order.FREE, labels, forced)
    ordered = is_ordered(field)
    alignment = align_compared(sides, similarity, anywhere=not ordered)
    order = Order.SET if not ordered and _is_growing_set(data, values) else Order.STRICT
    forced = find_same_numbers(alignment.triples, values)
    if all(len(set(side)) == len(side) for side in data):
        tokens = {entry.text: entry.data for side in elements for entry in side}
        forced |= find_repeats(alignment.triples, tokens)
    return AlignedList(alignment, order, _positions(elements[0]), forced)


def _leading(elements: Sequence[Sequence[Entry]]) -> str:
    """The field that every element starts with, "" if there is none: people write first what it is."""
    first = {
        entry.block.entries[0].name if entry.block and entry.block.kind == "map" else ""
        for side in elements
        for entry in side
    }
    return first.pop() if len(first) == 1 else ""


def _labels(elements: Sequence[Sequence[Entry]], keying: Keying, values: Values) -> dict[int, str]:
    labels: dict[int, str] = {}
    for side in (2, 1, 0):
        for i, entry in enumerate(elements[side]):
            labels[entry.text] = label(keying, side, i, values)
    return labels


def _positions(base: Sequence[Entry]) -> dict[int, str]:
    return {entry.text: f"[{i}]" for i, entry in enumerate(base)}


def _is_growing_set(data: Sequence[Sequence[int]], values: Values) -> bool:
    """Whether these are unique scalars, to which both sides only added."""
    if not all(len(set(side)) == len(side) and all(map(values.is_scalar, side)) for side in data):
        return False
    return set(data[0]) <= set(data[1]) and set(data[0]) <= set(data[2])
