"""What happens between entries that all sides have: deletions, insertions, replacements.

A gap is a run of aligned entries that at least one side lacks. Most of what happens in a gap is settled
entry by entry; this module finds what is not: a deletion against an edit, two replacements for one entry,
two insertions that are one idea.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from enum import Enum

from wildgit.core.merge.alignment import Triple
from wildgit.core.merge.similarity import ALIKE, Similarity
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry

DELETED_AGAINST_CHANGED = "deleted on one side, changed on the other"
REPLACED_TWICE = "both sides replaced it, differently"
INSERTED_TWICE = "both sides inserted here"
REPLACED_AGAINST_DELETED = "replaced on one side, deleted on the other"
SAME_NUMBER = "both sides gave a new element the same value of a field that was unique"
SAME_ELEMENT = "both sides together have one element twice"

_FAR_LONGER = 4
_MANY = 4096  # pairs beyond which insertions are no longer compared one by one


class Order(Enum):
    """What two insertions into one gap mean."""

    FREE = "free"  # mappings and keyed lists: both belong there
    SET = "set"  # unique scalars from which nothing was taken: a union
    STRICT = "strict"  # compared lists: they may be one idea, or depend on each other


def runs(triples: Sequence[Triple]) -> Iterator[Sequence[Triple]]:
    """Yield each gap as one run, and each entry that all sides have as a run of its own."""
    start = 0
    while start < len(triples):
        end = start
        while end < len(triples) and None in triples[end]:
            end += 1
        yield triples[start : max(end, start + 1)]
        start = max(end, start + 1)


def find_clashes(run: Sequence[Triple], order: Order, similarity: Similarity) -> dict[int, str]:
    """Return the indices in the run that clash, each with its reason; neighbours clash together."""
    if None not in run[0]:
        return {}
    clashes = _find_clashes(run, order, similarity)
    # What both sides put there is settled, whatever they disagree about around it.
    return {i: reason for i, reason in clashes.items() if not _is_agreed(run[i])}


def _is_agreed(triple: Triple) -> bool:
    return bool(triple.ours and triple.theirs and triple.ours.text == triple.theirs.text)


def _find_clashes(run: Sequence[Triple], order: Order, similarity: Similarity) -> dict[int, str]:
    clashes = {i: DELETED_AGAINST_CHANGED for i, triple in enumerate(run) if is_deleted_and_changed(triple)}
    if clashes:
        if order is Order.STRICT:
            _absorb_deletions(run, clashes)
        _absorb_insertions(run, clashes)
        return clashes
    for notes in (False, True):
        of_kind = [(i, t) for i, t in enumerate(run) if _any(t).is_note is notes]
        dropped = [i for i, t in of_kind if t.base and not t.ours and not t.theirs]
        taken = [i for i, t in of_kind if t.base]
        ours = [i for i, t in of_kind if not t.base and not t.theirs]
        theirs = [i for i, t in of_kind if not t.base and not t.ours]
        if dropped and (ours or theirs) and not notes and order is Order.STRICT:
            clashes |= _span([*dropped, *ours, *theirs], REPLACED_AGAINST_DELETED)
        if not ours or not theirs:
            continue
        if dropped:
            clashes |= _span([*dropped, *ours, *theirs], REPLACED_TWICE)
        elif not notes and order is Order.STRICT and (taken or _one_idea(run, ours, theirs, similarity)):
            clashes |= _span([*taken, *ours, *theirs], INSERTED_TWICE)
        elif not notes and order is Order.SET and _one_number(run, ours, theirs, similarity):
            clashes |= _span([*ours, *theirs], INSERTED_TWICE)
    return clashes


def is_deleted_and_changed(triple: Triple) -> bool:
    """Whether one side deleted the entry and the other edited it, its layout apart."""
    base, ours, theirs = triple
    kept = ours or theirs
    return base is not None and kept is not None and (not ours or not theirs) and is_edited(base, kept)


def is_edited(base: Entry, side: Entry) -> bool:
    """Whether an entry says something else than it did, in its data or in a comment."""
    if base.text == side.text:
        return False
    return base.data != side.data or comments(base) != comments(side)


def comments(entry: Entry) -> list[str]:
    """Return the comments of an entry and of everything in it, without their indentation."""
    found = [line.strip(" \t\x00\x01") for line in (*entry.head, *entry.foot)]
    found = [line for line in found if line]
    after = entry.after.strip()
    if after:
        found.append(after)
    if entry.block:
        for inner in entry.block.entries:
            found += comments(inner)
    return found


def find_repeats(triples: Sequence[Triple], tokens: Mapping[int, Hashable]) -> dict[int, str]:
    """Return the entries by which the merged list would have an element twice that no side has twice.

    Args:
        triples: the aligned list, whose elements are unique on each side.
        tokens: what has to stay unique, by the number of an element's text.
    """
    seen: dict[Hashable, list[int]] = {}
    for i, triple in enumerate(triples):
        base, ours, theirs = [side and tokens.get(side.text) for side in triple]
        if triple.base and not (triple.ours and triple.theirs):
            continue
        token = theirs if triple.base and ours == base else ours or theirs
        if token is not None:
            seen.setdefault(token, []).append(i)
    repeated = [i for indices in seen.values() if len(indices) > 1 for i in indices]
    return dict.fromkeys((i for i in repeated if not _is_kept(triples[i])), SAME_ELEMENT)


def _is_kept(triple: Triple) -> bool:
    return None not in triple and len({side.text for side in triple if side}) == 1


def find_same_numbers(triples: Sequence[Triple], values: Values) -> dict[int, str]:
    """Return the entries in which both sides took the same next number.

    A scalar field that no two elements share on any side must not be shared in the result, if its value
    has a digit: ports, codes and versions are counted on; two equal words are mostly meant.
    """
    added = [
        (i, triple.ours or triple.theirs)
        for i, triple in enumerate(triples)
        if triple.base is None and (triple.ours is None or triple.theirs is None)
    ]
    if len({triples[i].ours is None for i, _ in added}) < 2:
        return {}
    taken: dict[tuple[int, int], list[int]] = {}
    for i, entry in added:
        for pair in _numbers(entry, values):
            taken.setdefault(pair, []).append(i)
    found: dict[int, str] = {}
    for (name, _), indices in taken.items():
        sides = {triples[i].ours is None for i in indices}
        if len(sides) > 1 and all(_is_unique(name, [t[side] for t in triples], values) for side in range(3)):
            found.update(dict.fromkeys(indices, SAME_NUMBER))
    return found


def _numbers(entry: Entry | None, values: Values) -> list[tuple[int, int]]:
    """The fields of an element whose value is a scalar with a digit in it."""
    fields = values.fields(entry.data) if entry and not entry.is_note else None
    return [
        (name, value)
        for name, value in (fields or {}).items()
        if values.is_scalar(value) and any(c.isdigit() for c in values.text(value))
    ]


def _is_unique(name: int, side: Sequence[Entry | None], values: Values) -> bool:
    """Whether at least two elements have the field, and no two of them the same value of it."""
    known = [values.fields(entry.data) for entry in side if entry and not entry.is_note]
    found = [fields[name] for fields in known if fields and name in fields]
    return len(found) > 1 and len(set(found)) == len(found)


def _any(triple: Triple) -> Entry:
    entry = triple.base or triple.ours or triple.theirs
    assert entry is not None
    return entry


def _absorb_deletions(run: Sequence[Triple], clashes: dict[int, str]) -> None:
    """What one side deleted beside a clash belongs to it: a flag to its value, which the other changed."""
    for start in list(clashes):
        by_ours = run[start].ours is None
        for step in (-1, 1):
            i = start + step
            while 0 <= i < len(run) and _is_deleted(run[i], by_ours=by_ours):
                clashes[i] = clashes[start]
                i += step


def _is_deleted(triple: Triple, *, by_ours: bool) -> bool:
    """Whether this side alone deleted it."""
    gone, kept = (triple.ours, triple.theirs) if by_ours else (triple.theirs, triple.ours)
    return triple.base is not None and gone is None and kept is not None


def _absorb_insertions(run: Sequence[Triple], clashes: dict[int, str]) -> None:
    """An insertion beside a clash may be what replaced the entry, so it belongs inside the markers.

    One that is far longer than the entry didn't replace it. Where both sides inserted, which of them
    stands next to the clash depends on whose side is ours: so they all belong inside, or none does.
    """
    for start in list(clashes):
        longest = _FAR_LONGER * max(_size(entry) for entry in run[start] if entry)
        for step in (-1, 1):
            beside = _insertions_beside(run, start, step, clashes)
            far = next((n for n, i in enumerate(beside) if _size(_any(run[i])) > longest), len(beside))
            if far < len(beside) and len({run[i].ours is None for i in beside}) > 1:
                far = 0
            clashes |= dict.fromkeys(beside[:far], clashes[start])


def _insertions_beside(run: Sequence[Triple], start: int, step: int, clashes: Container[int]) -> list[int]:
    """The indices of the insertions next to an entry, the nearest first."""
    found: list[int] = []
    i = start + step
    while 0 <= i < len(run) and i not in clashes and run[i].base is None:
        found.append(i)
        i += step
    return found


def _size(entry: Entry) -> int:
    """How many lines it has."""
    source = entry.source
    lines = source.end - source.start if source else 1 + entry.value.count("\n")
    return len(entry.head) + lines + len(entry.foot)


def _span(indices: list[int], reason: str) -> dict[int, str]:
    return dict.fromkeys(range(min(indices), max(indices) + 1), reason)


def _one_number(run: Sequence[Triple], ours: list[int], theirs: list[int], similarity: Similarity) -> bool:
    """Whether some insertion of ours and one of theirs differ in digits only: two steps from one number."""
    return len(ours) * len(theirs) <= _MANY and any(
        similarity.differ_in_digits(a, b) for a, b in _inserted(run, ours, theirs)
    )


def _one_idea(run: Sequence[Triple], ours: list[int], theirs: list[int], similarity: Similarity) -> bool:
    """Whether some insertion of ours and one of theirs are alike; too many to tell are."""
    return len(ours) * len(theirs) > _MANY or any(
        similarity.differ_in_digits(a, b) or similarity.of(a, b) >= ALIKE
        for a, b in _inserted(run, ours, theirs)
    )


def _inserted(run: Sequence[Triple], ours: list[int], theirs: list[int]) -> Iterator[tuple[int, int]]:
    """The data of each insertion of ours with that of each insertion of theirs."""
    right = [entry.data for j in theirs if (entry := run[j].theirs)]
    return ((entry.data, other) for i in ours if (entry := run[i].ours) for other in right)
