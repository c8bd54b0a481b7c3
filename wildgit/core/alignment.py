"""Which entries of base, ours and theirs are one and the same, and in which order they stand in the result.

The answer is the same for mappings, keyed lists and compared lists: an ordered list of triples, each an
entry as base, ours and theirs have it. Entries that both sides deleted keep their place in it, or it would
go unseen that both put something else where they stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import NamedTuple

from wildgit.core.line_diff import Hunk, diff, matches
from wildgit.core.list_keys import Keying
from wildgit.core.similarity import ALIKE, Similarity
from wildgit.core.three import Three
from wildgit.core.yaml_entry import Entry

_LONG = 4096  # pairs in one changed stretch beyond which elements are no longer compared one by one


Triple = Three[Entry | None]  # one entry as each side has it; None where a side doesn't
Entries = Sequence[Entry]


class Alignment(NamedTuple):
    """Triples in the order of the result; `both_moved` if the sides re-ordered entries differently."""

    triples: list[Triple]
    both_moved: bool


def align_by_key(sides: Three[Entries]) -> Alignment:
    """Align mappings: entries by their keys, notes by what they say."""
    return align_ids(sides, [_mapping_ids(side) for side in sides])


def align_keyed(sides: Three[Entries], keying: Keying, similarity: Similarity) -> Alignment:
    """Align lists whose elements have keys; an element whose key changed stays the same element."""
    ids = [_keyed_ids(side, keys) for side, keys in zip(sides, keying.keys, strict=True)]
    for side in (1, 2):
        renamed = _renamed(sides, ids, side, similarity, composite=keying.composite)
        ids[side] = [renamed.get(x, x) for x in ids[side]]
    return align_ids(sides, ids)


def align_compared(sides: Three[Entries], similarity: Similarity, *, anywhere: bool) -> Alignment:
    """Align lists without keys: elements by equality, then by similarity, then by position.

    Args:
        sides: the elements.
        similarity: compares elements.
        anywhere: an element that both sides add is one, wherever they put it.
    """
    base, ours, theirs = sides
    to_base = [_compare(base, side, similarity) for side in (ours, theirs)]
    ids: list[list[Hashable]] = [list(range(len(base)))]
    ids.append([to_base[0].get(i, ("ours", i)) for i in range(len(ours))])
    ids.append([to_base[1].get(i, ("theirs", i)) for i in range(len(theirs))])
    _pair_additions(ours, theirs, ids, anywhere=anywhere)
    return align_ids(sides, ids)


def _token(entry: Entry) -> int:
    return entry.key if entry.is_note else entry.data


def _numbered(tokens: Sequence[Hashable]) -> list[Hashable]:
    """Tell equal tokens apart by their occurrence."""
    seen: Counter[Hashable] = Counter()
    out: list[Hashable] = []
    for token in tokens:
        out.append((token, seen[token]))
        seen[token] += 1
    return out


def _mapping_ids(side: Entries) -> list[Hashable]:
    return _numbered([(entry.is_note, entry.key) for entry in side])


def _keyed_ids(side: Entries, keys: Sequence[Hashable]) -> list[Hashable]:
    remaining = iter(keys)
    return _numbered([(True, entry.key) if entry.is_note else next(remaining) for entry in side])


def _renamed(
    sides: Three[Entries],
    ids: list[list[Hashable]],
    side: int,
    similarity: Similarity,
    *,
    composite: bool,
) -> dict[Hashable, Hashable]:
    """Elements of a side whose key is new, and the element of base that each of them was."""
    had, has = set(ids[0]), set(ids[side])
    gone = [(x, e) for x, e in zip(ids[0], sides[0], strict=True) if x not in has and not e.is_note]
    new = [(x, e) for x, e in zip(ids[side], sides[side], strict=True) if x not in had and not e.is_note]
    if not gone or not new or len(gone) * len(new) > _LONG:
        return {}
    scores = []
    for i, (_, old) in enumerate(gone):
        for j, (_, entry) in enumerate(new):
            score = similarity.of(old.data, entry.data)
            if score >= ALIKE or (composite and _shares_key_part(gone[i][0], new[j][0])):
                scores.append((-score, i, j))
    renamed: dict[Hashable, Hashable] = {}
    taken: set[int] = set()
    for _, i, j in sorted(scores):
        if i not in taken and new[j][0] not in renamed:
            taken.add(i)
            renamed[new[j][0]] = gone[i][0]
    return renamed


def _shares_key_part(old: Hashable, new: Hashable) -> bool:
    """Whether two composite keys have a part in common."""
    left, right = old[0], new[0]  # type: ignore[index]
    return any(a == b and a is not None for a, b in zip(left, right, strict=True))


def _compare(base: Entries, side: Entries, similarity: Similarity) -> dict[int, int]:
    """Which element of base each element of a side is: index in the side to index in base."""
    left, right = [_token(e) for e in base], [_token(e) for e in side]
    found = {j: i for i, j in matches(left, right)}
    for hunk in diff(left, right):
        if hunk.a_end > hunk.a_start and hunk.b_end > hunk.b_start:
            found.update(_compare_stretch(base, side, hunk, similarity))
    return found


def _compare_stretch(base: Entries, side: Entries, hunk: Hunk, similarity: Similarity) -> dict[int, int]:
    """Pair the elements of a changed stretch, in order: the alike ones, then what lies between them."""
    old = [i for i in range(hunk.a_start, hunk.a_end) if not base[i].is_note]
    new = [j for j in range(hunk.b_start, hunk.b_end) if not side[j].is_note]
    pairs = _alike_pairs(base, side, old, new, similarity) if len(old) * len(new) <= _LONG else []
    found = {new[j]: old[i] for i, j in pairs}
    edges = [(-1, -1), *pairs, (len(old), len(new))]
    for (i, j), (i_end, j_end) in pairwise(edges):
        between = list(zip(old[i + 1 : i_end], new[j + 1 : j_end], strict=False))
        if i_end - i == j_end - j and all(
            similarity.same_shape(base[a].data, side[b].data) for a, b in between
        ):
            found.update({b: a for a, b in between})
    return found


def _alike_pairs(
    base: Entries, side: Entries, old: list[int], new: list[int], similarity: Similarity
) -> list[tuple[int, int]]:
    """The pairs, in order on both sides, that are most alike in sum."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike: dict[tuple[int, int], float] = {}
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            score = similarity.of(base[old[i]].data, side[new[j]].data)
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if score >= ALIKE:
                alike[i, j] = score
                best[i][j] = max(best[i][j], best[i + 1][j + 1] + score)
    pairs = []
    i = j = 0
    while i < len(old) and j < len(new):
        if (i, j) in alike and best[i][j] == best[i + 1][j + 1] + alike[i, j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _pair_additions(ours: Entries, theirs: Entries, ids: list[list[Hashable]], *, anywhere: bool) -> None:
    """Give elements that both sides added the same identity."""
    added = [[i for i, x in enumerate(ids[side]) if isinstance(x, tuple)] for side in (1, 2)]
    if not added[0] or not added[1]:
        return
    if anywhere:
        places: dict[Hashable, int] = {_token(ours[i]): i for i in added[0]}
        for j in added[1]:
            i = places.get(_token(theirs[j]), -1)
            if i >= 0:
                ids[2][j] = ids[1][i]
        return
    gaps = [_gaps(ids[side]) for side in (1, 2)]
    for gap, run in gaps[0].items():
        other = gaps[1].get(gap, [])
        for i, j in matches([_token(ours[i]) for i in run], [_token(theirs[j]) for j in other]):
            ids[2][other[j]] = ids[1][run[i]]


def _gaps(ids: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    """Runs of added elements by the element of base they follow."""
    gaps: dict[Hashable, list[int]] = {}
    last: Hashable = None
    for i, x in enumerate(ids):
        if isinstance(x, tuple):
            gaps.setdefault(last, []).append(i)
        else:
            last = x
    return gaps


def align_ids(sides: Three[Entries], ids: Sequence[Sequence[Hashable]]) -> Alignment:
    """Align entries whose identities are known: per side, one for each entry, none of them twice."""
    found = [dict(zip(of_side, entries, strict=True)) for of_side, entries in zip(ids, sides, strict=True)]
    order, both_moved = _order(*ids)
    base, ours, theirs = found
    return Alignment([Three(base.get(x), ours.get(x), theirs.get(x)) for x in order], both_moved)


def _order(
    base: Sequence[Hashable], ours: Sequence[Hashable], theirs: Sequence[Hashable]
) -> tuple[list[Hashable], bool]:
    """Our order, unless only they re-ordered; the other side's additions behind what they follow there."""
    ours_moved, theirs_moved = _moved(base, ours), _moved(base, theirs)
    lead, other = (theirs, ours) if theirs_moved and not ours_moved else (ours, theirs)
    in_lead, in_other, in_base = set(lead), set(other), set(base)
    behind = _followers(other, in_lead)
    dropped = _followers(base, in_lead | in_other)
    order: list[Hashable] = []

    def put(items: Sequence[Hashable]) -> None:
        for x in items:
            order.append(x)
            order.extend(dropped.get(x, ()))

    order.extend(dropped.get(None, ()))
    pending: Sequence[Hashable] = behind.get(None, ())
    for x in lead:
        # What the lead itself added in this place comes first.
        if x in in_other or x in in_base:
            put(pending)
            pending = behind.get(x, ())
        put([x])
    put(pending)
    moved = (
        ours_moved
        and theirs_moved
        and [x for x in ours if x in in_other] != [x for x in theirs if x in in_lead]
    )
    return order, moved


def _moved(base: Sequence[Hashable], side: Sequence[Hashable]) -> bool:
    had, has = set(base), set(side)
    return [x for x in base if x in has] != [x for x in side if x in had]


def _followers(side: Sequence[Hashable], known: set[Hashable]) -> dict[Hashable, list[Hashable]]:
    """What stands in a side but not elsewhere, by the last element before it that does."""
    followers: dict[Hashable, list[Hashable]] = {}
    last: Hashable = None
    for x in side:
        if x in known:
            last = x
        else:
            followers.setdefault(last, []).append(x)
    return followers
