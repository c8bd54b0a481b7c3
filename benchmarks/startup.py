"""How long `git wild` takes to start, beside Python that does nothing.

Hooks and the merge driver start on every commit and for every file, so this is a budget: `git wild --version`
and `git wild merge-file` in at most 60 ms where bare Python takes 11, a ratio of 5.5. Runs of the commands
alternate, so that a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

BUDGET_RATIO = 60 / 11
CASE = Path(__file__).parent.parent / "tests/core/merge_cases/T22-a-key-inserted-in-the-middle"
SIDES = ("ours", "base", "theirs")


def main() -> int:
    """Print medians and ratios; 1 when `--version` or `merge-file` is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    git_wild = shutil.which("git-wild", path=str(Path(sys.executable).parent)) or "git-wild"
    commands = {
        "python -c pass": [sys.executable, "-I", "-c", "pass"],
        "git-wild --version": [git_wild, "--version"],
        "git-wild merge-file": [
            git_wild,
            "merge-file",
            "-p",
            *(str(CASE / f"{side}.yaml") for side in SIDES),
        ],
        "git-wild -h": [git_wild, "-h"],
    }
    times_ms: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times_ms[name].append(time_ms(command))
    bare, *_ = medians = [statistics.median(each) for each in times_ms.values()]
    print(f"{'median of ' + str(runs) + ' runs':24} {'ms':>7} {'ratio':>6}")
    for name, median in zip(commands, medians, strict=True):
        print(f"{name:24} {median:7.1f} {median / bare:6.1f}")
    over = False
    for name, median in list(zip(commands, medians, strict=True))[1:3]:
        ratio = median / bare
        verdict = "within" if ratio <= BUDGET_RATIO else "over"
        print(f"{name}: {ratio:.1f} times bare Python, {verdict} the budget of {BUDGET_RATIO:.1f}")
        over |= ratio > BUDGET_RATIO
    return 1 if over else 0


def time_ms(command: list[str]) -> float:
    """Return how long one run takes, in milliseconds."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    sys.exit(main())
