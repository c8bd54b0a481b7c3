"""How the time of one merge grows with the size of the file: 100, 1,000 and 10,000 elements of a list.

Both sides change elements all over the list, so that nothing can be skipped. Linear time means ten times
as much for ten times the elements. The second table is one file of 5,000 lines, which may take 0.5 s. It is
processor time that is measured: others use the machine, too.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

from wildgit.core.merge import merge3

SIZES = (100, 1_000, 10_000)
RUNS = 5
BUDGET_5000_LINES_S = 0.5
GROWTH = 20.0  # for ten times the elements; caches and garbage collection are not linear


def keyed(size: int, change: Callable[[int], str]) -> bytes:
    """Return a Pod's env of `size` variables."""
    head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n"
    rows = (f"    - name: V{i}\n      value: {change(i)}\n" for i in range(size))
    return (head + "  - name: a\n    env:\n" + "".join(rows)).encode()


def unkeyed(size: int, change: Callable[[int], str]) -> bytes:
    """Return a list of mappings that nothing identifies."""
    return ("rows:\n" + "".join(f"- kind: row\n  text: {change(i)}\n" for i in range(size))).encode()


def scalars(size: int, change: Callable[[int], str]) -> bytes:
    """Return a list of scalars."""
    return ("rows:\n" + "".join(f"- {change(i)}\n" for i in range(size))).encode()


def mapping(size: int, change: Callable[[int], str]) -> bytes:
    """Return one mapping."""
    return "".join(f"key{i}: {change(i)}\n" for i in range(size)).encode()


def block(size: int, change: Callable[[int], str]) -> bytes:
    """Return one block scalar."""
    return ("text: |\n" + "".join(f"  {change(i)}\n" for i in range(size))).encode()


def all_new(size: int, change: Callable[[int], str]) -> bytes:
    """Return a mapping of which the sides share no value: everything conflicts."""
    return "".join(f"key{i}: {change(0)}{i}\n" for i in range(size)).encode()


SHAPES = (keyed, unkeyed, scalars, mapping, block, all_new)


def merge_s(shape: Callable[[int, Callable[[int], str]], bytes], size: int) -> float:
    """Return the median time of a merge in which each side changed every seventh element, in seconds."""
    base = shape(size, lambda i: f"b{i}")
    ours = shape(size, lambda i: f"o{i}" if i % 7 == 0 else f"b{i}")
    theirs = shape(size, lambda i: f"t{i}" if i % 7 == 3 else f"b{i}")
    if shape is all_new:
        ours, theirs = shape(size, lambda _: "o"), shape(size, lambda _: "t")
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        merge3(base, ours, theirs, path="apps/a/pod.yaml")
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> int:
    """Print both tables; 1 if a shape grows faster than it may, or the large file takes too long."""
    print(f"{'ms for':12}" + "".join(f"{size:>12,}" for size in SIZES) + f"{'growth':>14}")
    over = False
    for shape in SHAPES:
        times = [merge_s(shape, size) for size in SIZES]
        growth = [after / before for before, after in pairwise(times)]
        over |= growth[-1] > GROWTH
        row = "".join(f"{seconds * 1000:>12.1f}" for seconds in times)
        print(f"{shape.__name__:12}{row}{', '.join(f'{factor:.1f}' for factor in growth):>14}")
    large = merge_s(keyed, 2_500)
    print(f"5,000 lines: {large:.3f} s (budget {BUDGET_5000_LINES_S} s)")
    return 1 if over or large > BUDGET_5000_LINES_S else 0


if __name__ == "__main__":
    sys.exit(main())
