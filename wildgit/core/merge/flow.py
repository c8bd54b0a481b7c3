"""Merging flow collections (`[a, b]`, `{a: 1}`) that both sides changed, in the style of ours."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from wildgit.core.merge.alignment import Triple, align_by_key
from wildgit.core.merge.gaps import Order, find_clashes, runs
from wildgit.core.merge.leaves import Leaf, data_of, merge_after
from wildgit.core.merge.place import Path, Place
from wildgit.core.merge.sequences import align_sequence
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three, pick
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry, place_text
from wildgit.core.merge.yaml_tree import Unstructured, flow_items


class _Flow(NamedTuple):
    """A flow collection taken apart: its brackets, its items as entries, and what stands between them."""

    opening: str
    items: tuple[Entry, ...]
    separators: tuple[str, ...]
    closing: str


def merge_flow(sides: Triple, place: Place, values: Values, similarity: Similarity) -> Leaf | None:
    """Return the merged flow collection, None if it clashes or a side is something else."""
    base, ours, theirs = sides
    assert ours and theirs
    if ours.style != theirs.style or ours.style not in ("[", "{"):
        return None
    before = pick(base and base.before, ours.before, theirs.before)
    after = merge_after(base and base.after, ours.after, theirs.after)
    if before is None or after is None:
        return None
    known = base.value if base and base.style == ours.style else None
    texts = [_absolute(text, place.indent) for text in (known, ours.value, theirs.value)]
    value = _FlowMerge(values, similarity).texts(Three(*texts), place.path)
    if value is None:
        return None
    data = data_of(f"k: {value}".split("\n"), values)
    return None if data is None else Leaf(before, _relative(value, place.indent), after, data)


def _absolute(value: str | None, indent: int) -> str:
    if value is None:
        return ""
    return "\n".join(place_text(value, indent)).lstrip(" ")


def _relative(value: str, indent: int) -> str:
    first, *rest = value.split("\n")
    return "\n".join([first, *[line[indent:] if line[:indent].isspace() else line for line in rest]])


class _FlowMerge:
    def __init__(self, values: Values, similarity: Similarity) -> None:
        self.values = values
        self.similarity = similarity

    def texts(self, sides: Three[str], path: Path) -> str | None:
        """The merged source; an empty base is none."""
        try:
            before = self._open(sides.base) if sides.base else None
            left, right = self._open(sides.ours), self._open(sides.theirs)
        except Unstructured:
            return None
        if "#" in "".join([*left.separators, *right.separators, left.closing, right.closing, left.opening]):
            return None
        entries = Three(before.items if before else (), left.items, right.items)
        items = self._items(entries, sides.ours[0], path)
        if items is None:
            return None
        separator = (left.separators or right.separators or (", ",))[0]
        shape = left if left.items else right
        return shape.opening + separator.join(items) + shape.closing

    def _open(self, text: str) -> _Flow:
        spans = list(flow_items(text, self.values))
        if not spans:
            return _Flow(text[:-1], (), (), text[-1])
        entries = tuple(entry for _, _, entry in spans)
        separators = tuple(text[a[1] : b[0]] for a, b in pairwise(spans))
        return _Flow(text[: spans[0][0]], entries, separators, text[spans[-1][1] :])

    def _items(self, sides: Three[tuple[Entry, ...]], bracket: str, path: Path) -> list[str] | None:
        if bracket == "{":
            triples, order = align_by_key(sides).triples, Order.FREE
        else:
            aligned = align_sequence(sides, path, self.values, self.similarity)
            if aligned.forced:
                return None
            triples, order = aligned.alignment.triples, aligned.order
        merged: list[str] = []
        for run in runs(triples):
            if find_clashes(run, order, self.similarity):
                return None
            for triple in run:
                item = self._item(triple, path)
                if item is None:
                    return None
                merged += item
        return merged

    def _item(self, triple: Triple, path: Path) -> list[str] | None:
        base, ours, theirs = triple
        if ours is None or theirs is None:
            kept = None if base else ours or theirs
            return [kept.before + kept.value] if kept else []
        if ours.data == theirs.data or (base and theirs.data == base.data):
            return [ours.before + ours.value]
        if base and ours.data == base.data:
            return [theirs.before + theirs.value]
        if ours.style in ("[", "{") and ours.style == theirs.style:
            known = base.value if base and base.style == ours.style else ""
            inner = self.texts(Three(known, ours.value, theirs.value), (*path, ours.name))
            return None if inner is None else [ours.before + inner]
        return None
