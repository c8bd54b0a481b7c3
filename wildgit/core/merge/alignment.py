"""Which entries of base, ours and theirs are one and the same, and in which order they stand in the result.

The answer is the same for mappings, keyed lists and compared lists: an ordered list of triples, each an
entry as base, ours and theirs have it. Entries that both sides deleted keep their place in it, or it would
go unseen that both put something else where they stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from wildgit.core.merge.line_diff import diff, matches
from wildgit.core.merge.list_keys import Keying
from wildgit.core.merge.names import find_renamed
from wildgit.core.merge.pairing import Names, pair_anywhere, pair_in_order, pair_notes
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_entry import Entry

Triple = Three[Entry | None]  # one entry as each side has it; None where a side doesn't
Entries = Sequence[Entry]


class Alignment(NamedTuple):
    """Triples in the order of the result; `both_moved` if the sides re-ordered entries differently."""

    triples: list[Triple]
    both_moved: bool


def align_by_key(sides: Three[Entries]) -> Alignment:
    """Align mappings: entries by their keys, notes by what they say."""
    return align_ids(sides, [_ids_by_key(side) for side in sides])


def align_mapping(sides: Three[Entries], similarity: Similarity, *, named: bool) -> Alignment:
    """Align mappings by key, where an entry whose key was changed stays the same entry.

    Args:
        sides: the entries.
        similarity: compares values.
        named: whether the keys are names that people choose; see `wildgit.core.merge.names`.
    """
    ids = [_ids_by_key(side) for side in sides]
    both = [find_renamed(sides, ids, side, similarity, named=named) for side in (1, 2)]
    for side, renamed in zip((1, 2), both, strict=True):
        ids[side] = [renamed.get(x, x) for x in ids[side]]
    return align_ids(sides, ids)


def align_keyed(sides: Three[Entries], keying: Keying, similarity: Similarity) -> Alignment:
    """Align lists whose elements have keys; an element whose key changed stays the same element."""
    ids = [_keyed_ids(side, keys) for side, keys in zip(sides, keying.keys, strict=True)]
    both = [_renamed(sides, ids, side, similarity, composite=keying.composite) for side in (1, 2)]
    for side, renamed in zip((1, 2), both, strict=True):
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
    known = {_token(entry) for entry in base}
    both = {_token(e) for e in ours} & {_token(e) for e in theirs} - known if anywhere else set()
    ids: list[list[Hashable]] = [list(range(len(base)))]
    for name, side in (("ours", ours), ("theirs", theirs)):
        found = _compare(base, side, similarity, both)
        ids.append([found.get(i, (name, i)) for i in range(len(side))])
    _follow_moves(sides, ids, similarity)
    _pair_additions(sides, ids, anywhere=anywhere)
    return align_ids(sides, ids)


def _token(entry: Entry) -> int:
    return entry.key if entry.is_note else entry.data


def _ids_by_key(side: Entries) -> list[Hashable]:
    return _numbered([(entry.is_note, entry.key) for entry in side])


def _numbered(tokens: Sequence[Hashable]) -> list[Hashable]:
    """Tell equal tokens apart by their occurrence."""
    seen: Counter[Hashable] = Counter()
    out: list[Hashable] = []
    for token in tokens:
        out.append((token, seen[token]))
        seen[token] += 1
    return out


def _keyed_ids(side: Entries, keys: Sequence[Hashable]) -> list[Hashable]:
    remaining = iter(keys)
    return _numbered([(True, entry.key) if entry.is_note else next(remaining) for entry in side])


def _renamed(
    sides: Three[Entries], ids: list[list[Hashable]], side: int, similarity: Similarity, *, composite: bool
) -> dict[Hashable, Hashable]:
    """Elements of a side whose key is new, and the element of base that each of them was.

    If the other side has both of them, the new one is no rename: it was added, on both sides.
    """
    had, has, others = set(ids[0]), set(ids[side]), set(ids[3 - side])
    gone = [(x, e) for x, e in zip(ids[0], sides[0], strict=True) if x not in has and not e.is_note]
    new = [(x, e) for x, e in zip(ids[side], sides[side], strict=True) if x not in had and not e.is_note]

    def is_same(i: int, j: int) -> bool:
        """Whether the first field of the key says so, or a name: most ports are TCP, and look alike too."""
        left, right = gone[i][0][0], new[j][0][0]  # type: ignore[index]
        return left[0] == right[0] or similarity.share_name(gone[i][1].data, new[j][1].data)

    pairs = pair_anywhere(
        [entry for _, entry in gone],
        [entry for _, entry in new],
        similarity,
        is_same if composite else None,
    )
    found = {new[j][0]: gone[i][0] for j, i in pairs.found.items() if j not in pairs.doubtful}
    return {x: old for x, old in found.items() if not {x, old} <= others}


def _compare(base: Entries, side: Entries, similarity: Similarity, added: set[int]) -> dict[int, int]:
    """Which element of base each element of a side is: index in the side to index in base.

    What both sides `added` is no edit of anything, even if it took something's place.
    """
    left, right = [_token(e) for e in base], [_token(e) for e in side]
    found = {j: i for i, j in matches(left, right)}
    names = Names(base, side, similarity.name_of)
    for hunk in diff(left, right):
        old = [i for i in range(hunk.a_start, hunk.a_end) if not base[i].is_note]
        new = [j for j in range(hunk.b_start, hunk.b_end) if not side[j].is_note and right[j] not in added]
        if old and new:
            pairs = pair_in_order([base[i] for i in old], [side[j] for j in new], similarity, names)
            found.update({new[j]: old[i] for j, i in pairs.items()})
    return found


def _follow_moves(sides: Three[Entries], ids: list[list[Hashable]], similarity: Similarity) -> None:
    """Give an element that one side put elsewhere in the list the identity that it had.

    If both sides did, nobody can say which order is meant: what moved was deleted here and inserted there.
    """
    moves = [_find_moves(sides[0], sides[side], ids[side], similarity) for side in (1, 2)]
    if all(moves):
        return
    for side, found in zip((1, 2), moves, strict=True):
        ids[side] = [found.get(x, x) for x in ids[side]]


def _find_moves(
    base: Entries, side: Entries, ids: Sequence[Hashable], similarity: Similarity
) -> dict[Hashable, Hashable]:
    """What a side moved: identity in the side to identity in base.

    Only elements of which there is one on each side, by what they say or by their name.
    """
    kept = set(ids)
    gone = [(i, entry) for i, entry in enumerate(base) if i not in kept and not entry.is_note]
    new = [(x, entry) for x, entry in zip(ids, side, strict=True) if isinstance(x, tuple)]
    found: dict[Hashable, Hashable] = {}
    for what in (_token, lambda entry: similarity.name_of(entry.data)) if gone and new else ():
        often = [Counter(map(what, entries)) for entries in (base, side)]
        where = {what(entry): i for i, entry in gone if often[0][what(entry)] == 1}
        where.pop(None, None)
        for x, entry in new:
            said = what(entry)
            if said in where and often[1][said] == 1:
                found.setdefault(x, where[said])
    return found


def _pair_additions(sides: Three[Entries], ids: list[list[Hashable]], *, anywhere: bool) -> None:
    """Give elements that both sides added the same identity.

    An element that base has already is one that stands in the list again and again, such as the check
    after each step: two more of it are one only where they stand at one place.
    """
    base, ours, theirs = sides
    known = {_token(entry) for entry in base}
    added = [[i for i, x in enumerate(ids[side]) if isinstance(x, tuple)] for side in (1, 2)]
    if not added[0] or not added[1]:
        return
    if anywhere:
        where: dict[Hashable, list[int]] = {}
        for i in reversed(added[0]):
            where.setdefault(_token(ours[i]), []).append(i)
        for j in added[1]:
            token = _token(theirs[j])
            left = None if token in known else where.get(token)
            if left:  # each of them once: a side may have it twice
                ids[2][j] = ids[1][left.pop()]
    gaps = [_gaps(ids[side]) for side in (1, 2)]
    for gap, run in gaps[0].items():
        other = gaps[1].get(gap, [])
        for i, j in matches([_token(ours[i]) for i in run], [_token(theirs[j]) for j in other]):
            if not anywhere or _token(ours[i]) in known:
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


def align_ids(sides: Three[Entries], ids: list[list[Hashable]]) -> Alignment:
    """Align entries whose identities are known: per side, one for each entry, none of them twice."""
    for side in (1, 2):
        edited = pair_notes(sides[0], ids[0], sides[side], ids[side])
        if edited:
            ids[side] = [edited.get(x, x) for x in ids[side]]
    found = [dict(zip(of_side, entries, strict=True)) for of_side, entries in zip(ids, sides, strict=True)]
    order, both_moved = _order(*ids)
    base, ours, theirs = found
    return Alignment([Three(base.get(x), ours.get(x), theirs.get(x)) for x in order], both_moved)


def _order(
    base: Sequence[Hashable], ours: Sequence[Hashable], theirs: Sequence[Hashable]
) -> tuple[list[Hashable], bool]:
    """Our order, unless only they re-ordered; the other side's additions behind what they follow there.

    What a side deleted keeps its place of base, so that it is the same place whichever side is ours.
    """
    ours_moved, theirs_moved = _moved(base, ours), _moved(base, theirs)
    lead, other = (theirs, ours) if theirs_moved and not ours_moved else (ours, theirs)
    in_lead, in_other, in_base = set(lead), set(other), set(base)
    everywhere = _woven(lead, _followers(base, in_lead), in_base)
    order = _woven(everywhere, _followers(other, in_lead | in_base), in_base | in_other)
    moved = (
        ours_moved
        and theirs_moved
        and [x for x in ours if x in in_other] != [x for x in theirs if x in in_lead]
    )
    return order, moved


def _woven(
    side: Sequence[Hashable], followers: dict[Hashable, list[Hashable]], anchors: set[Hashable]
) -> list[Hashable]:
    """The side with the followers of each anchor behind it, and behind what the side itself added there."""
    woven: list[Hashable] = []
    pending: Sequence[Hashable] = followers.get(None, ())
    for x in side:
        if x in anchors:
            woven += pending
            pending = followers.get(x, ())
        woven.append(x)
    return [*woven, *pending]


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
