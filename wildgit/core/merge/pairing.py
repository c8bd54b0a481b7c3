"""Finding the old element in the new one, where equality and keys don't tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from wildgit.core.merge.similarity import ALIKE, Similarity, lines_alike
from wildgit.core.merge.yaml_entry import Entry

_MANY = 4096  # pairs beyond which elements are no longer compared one by one
_AS_ALIKE = 0.1  # two candidates this close to each other can't be told apart


class Pairs(NamedTuple):
    """Index in the new elements to index in the old ones, and which of the new ones are a guess."""

    found: dict[int, int]
    doubtful: frozenset[int]


def pair_anywhere(
    old: Sequence[Entry],
    new: Sequence[Entry],
    similarity: Similarity,
    is_same: Callable[[int, int], bool] | None = None,
) -> Pairs:
    """Pair the elements that are most alike, wherever they stand.

    Where one element became several that are equally alike, or several became one, the pair is doubtful:
    an edit of the one must not be sent to one of the others by chance.

    Args:
        old: elements that vanished.
        new: elements that appeared.
        similarity: compares them.
        is_same: says whether two are one, where something tells it better than likeness.
    """
    if len(old) * len(new) > _MANY:
        return Pairs({}, frozenset())
    scores = []
    for i, before in enumerate(old):
        for j, after in enumerate(new):
            score = similarity.of(before.data, after.data)
            if is_same(i, j) if is_same else score >= ALIKE:
                scores.append((-score, i, j))
    scores.sort()
    split, joined = ({pair[k] for pair in scores} for k in (2, 1))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in scores:
        if i not in taken and j not in found:
            found[j] = i
            taken.add(i)
    doubtful: set[int] = set()
    if len(split) > len(joined):
        doubtful = {j for j, i in found.items() if _is_close([s for s, k, _ in scores if k == i])}
    elif len(joined) > len(split):
        doubtful = {j for j in found if _is_close([s for s, _, k in scores if k == j])}
    return Pairs(found, frozenset(doubtful))


class Names:
    """What two versions of a list call their elements, as far as a name stands once on either side."""

    def __init__(
        self, old: Sequence[Entry], new: Sequence[Entry], name_of: Callable[[int], Hashable | None]
    ) -> None:
        self._name_of = name_of
        self._old, self._new = [Counter(name_of(entry.data) for entry in side) for side in (old, new)]

    def are_same(self, old: Entry, new: Entry) -> bool | None:
        """Whether two elements are one by their names; None if these don't tell, as after a renaming."""
        before, after = self._name_of(old.data), self._name_of(new.data)
        if before is not None and before == after:
            return True if self._old[before] == self._new[after] == 1 else None
        kept = before is not None and self._old[before] == self._new[before] == 1
        known = after is not None and self._old[after] == self._new[after] == 1
        return False if kept or known else None


def pair_in_order(
    old: Sequence[Entry], new: Sequence[Entry], similarity: Similarity, names: Names
) -> dict[int, int]:
    """Pair the elements of a changed stretch, in order; index in `new` to index in `old`.

    First those that have one name or are alike; then, between them, runs of equal length and equal fields
    by position.
    """
    pairs = _alike_in_order(old, new, similarity, names) if len(old) * len(new) <= _MANY else []
    found = {j: i for i, j in pairs}
    for (i, j), (i_end, j_end) in pairwise([(-1, -1), *pairs, (len(old), len(new))]):
        between = list(zip(range(i + 1, i_end), range(j + 1, j_end), strict=False))
        same = all(
            (
                similarity.same_shape(old[a].data, new[b].data)
                or similarity.same_subject(old[a].data, new[b].data)
            )
            and names.are_same(old[a], new[b]) is not False
            for a, b in between
        )
        if i_end - i == j_end - j and same:
            found.update({b: a for a, b in between})
    return found


def pair_notes(
    base: Sequence[Entry], base_ids: Sequence[Hashable], side: Sequence[Entry], side_ids: Sequence[Hashable]
) -> dict[Hashable, Hashable]:
    """Find the notes that were edited: identity in the side to identity in base."""
    had, has = set(base_ids), set(side_ids)
    old = [(x, e) for x, e in zip(base_ids, base, strict=True) if e.is_note and x not in has]
    new = [(x, e) for x, e in zip(side_ids, side, strict=True) if e.is_note and x not in had]
    if len(old) * len(new) > _MANY:
        return {}
    found: dict[Hashable, Hashable] = {}
    for identity, before in old:
        scores = [(lines_alike(before.head, after.head), -j) for j, (_, after) in enumerate(new)]
        score, j = max(scores, default=(0.0, 0))
        if score >= ALIKE:
            found[new.pop(-j)[0]] = identity
    return found


def places(side: Iterable[Hashable], kept: Container[Hashable]) -> dict[Hashable, Hashable]:
    """Return for what is not kept the last thing above it that is, None where there is none."""
    found: dict[Hashable, Hashable] = {}
    last: Hashable = None
    for x in side:
        if x in kept:
            last = x
        else:
            found[x] = last
    return found


def _is_close(scores: Sequence[float]) -> bool:
    return len(scores) > 1 and scores[1] - scores[0] <= _AS_ALIKE


def _alike_in_order(
    old: Sequence[Entry], new: Sequence[Entry], similarity: Similarity, names: Names
) -> list[tuple[int, int]]:
    """The pairs, in order on both sides, that are most alike in sum."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike: dict[tuple[int, int], float] = {}
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            same = names.are_same(old[i], new[j])
            score = similarity.of(old[i].data, new[j].data) if same is None else float(same)
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
