"""Where two sequences differ, decided exactly as git decides it.

Git merges lines with the diff of libxdiff: Myers' O(ND) algorithm, run over the lines that can match at
all, cut short by heuristics where it would get expensive, then slid so that changes line up. The text
merge must agree with `git merge-file` byte for byte, so the same choices are made here; lists without
keys are compared by it too. Anything hashable can be an element.

Source: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986); git's xdiff for the limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

_MIN_COST_LIMIT = 256  # edit cost at which a split is taken as good enough, unless the files are huge
_SNAKE = 20  # a run of equal elements that makes a diagonal interesting
_SNAKE_FACTOR = 4
_MAX_MATCHES = 1024  # an element found more often than this says little about the alignment
_RUN_WINDOW = 100
_RUN_FACTOR = 4


class Hunk(NamedTuple):
    """Elements [a_start, a_end) of the one sequence stand where [b_start, b_end) stand in the other."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


def diff(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Hunk]:
    """Return the stretches where `a` and `b` differ, in order; equal elements lie between them."""
    numbers: dict[Hashable, int] = {}
    left = _Marks([numbers.setdefault(x, len(numbers)) for x in a])
    right = _Marks([numbers.setdefault(x, len(numbers)) for x in b])
    start, end = _common_ends(left.items, right.items)
    left.keep_matchable(right.items, start, len(left.items) - end)
    right.keep_matchable(left.items, start, len(right.items) - end)
    _Myers(left, right).run()
    _slide(left, right)
    _slide(right, left)
    return _hunks(left.changed, right.changed)


def matches(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the pairs (index in `a`, index in `b`) of elements that the diff leaves in place."""
    pairs: list[tuple[int, int]] = []
    edges = [Hunk(0, 0, 0, 0), *diff(a, b), Hunk(len(a), len(a), len(b), len(b))]
    for before, after in pairwise(edges):
        pairs += zip(range(before.a_end, after.a_start), range(before.b_end, after.b_start), strict=True)
    return pairs


class _Marks:
    """One sequence, which of its elements are changed, and which of them take part in the search."""

    def __init__(self, items: list[int]) -> None:
        self.items = items
        self.changed = bytearray(len(items) + 1)  # [-1] is a border that never changes, on both ends
        self.index: list[int] = []
        self.hashes: list[int] = []

    def keep_matchable(self, other: list[int], start: int, end: int) -> None:
        """Leave only elements of [start, end) in the search that the other sequence has too."""
        limit = min(_rough_sqrt(len(self.items)), _MAX_MATCHES)
        counts = Counter(other)
        weight = [min(counts[x], limit) for x in self.items]
        kinds = [0 if n == 0 else 2 if n >= limit else 1 for n in weight]
        for i in range(start, end):
            if kinds[i] == 1 or (kinds[i] == 2 and not _is_noise(kinds, i, start, end)):
                self.index.append(i)
                self.hashes.append(self.items[i])
            else:
                self.changed[i] = 1


def _rough_sqrt(n: int) -> int:
    """A power of two near the square root; git's limits are defined by it."""
    root = 1
    while n > 0:
        root <<= 1
        n >>= 2
    return root


def _common_ends(a: list[int], b: list[int]) -> tuple[int, int]:
    limit = min(len(a), len(b))
    start = 0
    while start < limit and a[start] == b[start]:
        start += 1
    end = 0
    while end < limit - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return start, end


def _is_noise(kinds: list[int], i: int, start: int, end: int) -> bool:
    """A frequent element amid elements without any match would only pull the alignment apart."""

    def scan(step: int, stop: int) -> tuple[int, int]:
        unmatched, frequent = 0, 1
        j = i + step
        while j != stop and kinds[j] != 1:
            if kinds[j] == 0:
                unmatched += 1
            else:
                frequent += 1
            j += step
        return unmatched, frequent

    unmatched_before, frequent_before = scan(-1, max(start, i - _RUN_WINDOW) - 1)
    if not unmatched_before:
        return False
    unmatched_after, frequent_after = scan(1, min(end - 1, i + _RUN_WINDOW) + 1)
    if not unmatched_after:
        return False
    frequent = frequent_before + frequent_after
    return frequent * _RUN_FACTOR < frequent + unmatched_before + unmatched_after


class _Split(NamedTuple):
    i: int
    j: int
    exact_low: bool
    exact_high: bool


class _Myers:
    """Divide and conquer: split the box where forward and backward paths meet, then do both halves."""

    def __init__(self, left: _Marks, right: _Marks) -> None:
        self.left, self.right = left, right
        self.a, self.b = left.hashes, right.hashes
        diagonals = len(self.a) + len(self.b) + 3
        self.shift = len(self.b) + 1
        self.forward: list[float] = [0] * (diagonals + 1)
        self.backward: list[float] = [0] * (diagonals + 1)
        self.limit = max(_rough_sqrt(diagonals), _MIN_COST_LIMIT)

    def run(self) -> None:
        a, b = self.a, self.b
        boxes = [(0, len(a), 0, len(b), False)]
        while boxes:
            i, i_end, j, j_end, exact = boxes.pop()
            while i < i_end and j < j_end and a[i] == b[j]:
                i, j = i + 1, j + 1
            while i < i_end and j < j_end and a[i_end - 1] == b[j_end - 1]:
                i_end, j_end = i_end - 1, j_end - 1
            if i == i_end:
                for k in range(j, j_end):
                    self.right.changed[self.right.index[k]] = 1
            elif j == j_end:
                for k in range(i, i_end):
                    self.left.changed[self.left.index[k]] = 1
            else:
                at = self._split(i, i_end, j, j_end, exact)
                boxes.append((at.i, i_end, at.j, j_end, at.exact_high))
                boxes.append((i, at.i, j, at.j, at.exact_low))

    def _split(self, i0: int, i_end: int, j0: int, j_end: int, exact: bool) -> _Split:
        a, b, shift = self.a, self.b, self.shift
        forward, backward = self.forward, self.backward
        lowest, highest = i0 - j_end, i_end - j0
        f_mid, b_mid = i0 - j0, i_end - j_end
        odd = (f_mid - b_mid) & 1
        f_min = f_max = f_mid
        b_min = b_max = b_mid
        forward[f_mid + shift] = i0
        backward[b_mid + shift] = i_end
        cost = 0
        while True:
            cost += 1
            snake = False
            # The next diagonal on either side; at the border of the box the range shrinks again.
            if f_min > lowest:
                f_min -= 1
                forward[f_min - 1 + shift] = -1
            else:
                f_min += 1
            if f_max < highest:
                f_max += 1
                forward[f_max + 1 + shift] = -1
            else:
                f_max -= 1
            for d in range(f_max, f_min - 1, -2):
                at = d + shift
                i = int(max(forward[at - 1] + 1, forward[at + 1]))
                started = i
                j = i - d
                while i < i_end and j < j_end and a[i] == b[j]:
                    i, j = i + 1, j + 1
                snake = snake or i - started > _SNAKE
                forward[at] = i
                if odd and b_min <= d <= b_max and backward[at] <= i:
                    return _Split(i, j, True, True)
            if b_min > lowest:
                b_min -= 1
                backward[b_min - 1 + shift] = inf
            else:
                b_min += 1
            if b_max < highest:
                b_max += 1
                backward[b_max + 1 + shift] = inf
            else:
                b_max -= 1
            for d in range(b_max, b_min - 1, -2):
                at = d + shift
                i = int(min(backward[at - 1], backward[at + 1] - 1))
                started = i
                j = i - d
                while i > i0 and j > j0 and a[i - 1] == b[j - 1]:
                    i, j = i - 1, j - 1
                snake = snake or started - i > _SNAKE
                backward[at] = i
                if not odd and f_min <= d <= f_max and i <= forward[at]:
                    return _Split(i, j, True, True)
            if exact:
                continue
            box = (i0, i_end, j0, j_end)
            if snake and cost > _MIN_COST_LIMIT:
                split = self._good_forward(box, f_min, f_max, cost) or self._good_backward(
                    box, b_min, b_max, cost
                )
                if split:
                    return split
            if cost >= self.limit:
                return self._furthest(box, (f_min, f_max), (b_min, b_max))

    def _good_forward(self, box: tuple[int, int, int, int], low: int, high: int, cost: int) -> _Split | None:
        """A forward path that got far and just came through a long run of equal elements."""
        i0, i_end, j0, j_end = box
        best, found = 0, None
        for d in range(high, low - 1, -2):
            i = int(self.forward[d + self.shift])
            j = i - d
            reach = (i - i0) + (j - j0) - abs(d - (i0 - j0))
            if not (reach > _SNAKE_FACTOR * cost and reach > best):
                continue
            if (
                i0 + _SNAKE <= i < i_end
                and j0 + _SNAKE <= j < j_end
                and self.a[i - _SNAKE : i] == self.b[j - _SNAKE : j]
            ):
                best, found = reach, _Split(i, j, True, False)
        return found

    def _good_backward(self, box: tuple[int, int, int, int], low: int, high: int, cost: int) -> _Split | None:
        i0, i_end, j0, j_end = box
        best, found = 0, None
        for d in range(high, low - 1, -2):
            at = self.backward[d + self.shift]
            if at == inf:
                continue
            i = int(at)
            j = i - d
            reach = (i_end - i) + (j_end - j) - abs(d - (i_end - j_end))
            if not (reach > _SNAKE_FACTOR * cost and reach > best):
                continue
            if (
                i0 < i <= i_end - _SNAKE
                and j0 < j <= j_end - _SNAKE
                and self.a[i : i + _SNAKE] == self.b[j : j + _SNAKE]
            ):
                best, found = reach, _Split(i, j, False, True)
        return found

    def _furthest(
        self, box: tuple[int, int, int, int], forward: tuple[int, int], backward: tuple[int, int]
    ) -> _Split:
        """Enough is enough: the point furthest from its corner, of either path."""
        i0, i_end, j0, j_end = box
        f_best, f_i = -1, -1
        for d in range(forward[1], forward[0] - 1, -2):
            i = int(min(self.forward[d + self.shift], i_end))
            if i - d > j_end:
                i = j_end + d
            if f_best < 2 * i - d:
                f_best, f_i = 2 * i - d, i
        b_best, b_i = inf, 0
        for d in range(backward[1], backward[0] - 1, -2):
            i = int(max(i0, self.backward[d + self.shift]))
            if i - d < j0:
                i = j0 + d
            if 2 * i - d < b_best:
                b_best, b_i = 2 * i - d, i
        if (i_end + j_end) - b_best < f_best - (i0 + j0):
            return _Split(f_i, f_best - f_i, True, False)
        return _Split(b_i, int(b_best) - b_i, False, True)


class _Group:
    """A run of changed elements, possibly empty, between two unchanged ones."""

    def __init__(self, marks: _Marks) -> None:
        self.items, self.changed = marks.items, marks.changed
        self.start = self.end = 0
        while self.changed[self.end]:
            self.end += 1

    def next(self) -> bool:
        if self.end == len(self.items):
            return False
        self.start = self.end = self.end + 1
        while self.changed[self.end]:
            self.end += 1
        return True

    def previous(self) -> None:
        self.start = self.end = self.start - 1
        while self.changed[self.start - 1]:
            self.start -= 1

    def slide_up(self) -> bool:
        if self.start == 0 or self.items[self.start - 1] != self.items[self.end - 1]:
            return False
        self.start, self.end = self.start - 1, self.end - 1
        self.changed[self.start], self.changed[self.end] = 1, 0
        while self.changed[self.start - 1]:
            self.start -= 1
        return True

    def slide_down(self) -> bool:
        if self.end == len(self.items) or self.items[self.start] != self.items[self.end]:
            return False
        self.changed[self.start], self.changed[self.end] = 0, 1
        self.start, self.end = self.start + 1, self.end + 1
        while self.changed[self.end]:
            self.end += 1
        return True


def _slide(marks: _Marks, others: _Marks) -> None:
    """Move each run of changes as far down as it goes, or to where the other side changed as well."""
    group, other = _Group(marks), _Group(others)
    while True:
        if group.end > group.start:
            _settle(group, other)
        if not group.next():
            return
        other.next()


def _settle(group: _Group, other: _Group) -> None:
    while True:
        size = group.end - group.start
        aligned = False
        while group.slide_up():
            other.previous()
        highest = group.end
        aligned = other.end > other.start
        while group.slide_down():
            other.next()
            aligned = aligned or other.end > other.start
        if group.end - group.start == size:
            break
    if group.end != highest and aligned:
        while other.end == other.start:
            group.slide_up()
            other.previous()


def _hunks(left: bytearray, right: bytearray) -> list[Hunk]:
    hunks = []
    i = j = 0
    while i < len(left):
        a, b = i, j
        while left[i]:
            i += 1
        while right[j]:
            j += 1
        if i > a or j > b:
            hunks.append(Hunk(a, i, b, j))
        i, j = i + 1, j + 1
    return hunks
