"""Fuzz the parser of entries, and the merge above it, for as long as wanted.

    python -m tests.fuzz.fuzz_yaml_tree --minutes 30 [--seeds DIR]

What must hold for any text: the parser gives a tree whose entries' text is the input, byte for byte, or
says `Unstructured`; a merge with one side unchanged is the other side; a merge of three texts does not
fail. What breaks this is made as short as it gets and printed; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.core import manifests
from tests.fuzz.mutations import make_text
from wildgit.core.merge import merge3
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_tree import Unstructured, parse

CASES = Path(__file__).parent.parent / "core" / "merge_cases"
Check = Callable[[str], str | None]


def check_tree(text: str) -> str | None:
    """Return what is wrong with the tree of the text; None if nothing is."""
    try:
        printed = parse(text, Values()).text()
    except Unstructured:
        return None
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"parse: {type(error).__name__}: {error}"
    return None if printed == text else "the entries' text is not the input"


def check_merge(text: str) -> str | None:
    """Return what is wrong with merges of the text with versions of itself; None if nothing is."""
    base = text.encode("utf-8", "surrogatepass")
    rnd = Random(len(text))
    ours, theirs = (make_text(rnd, [text]).encode("utf-8", "surrogatepass") for _ in range(2))
    try:
        alone = merge3(base, ours, base)
        merged = merge3(base, ours, theirs)
        again = merge3(theirs, merged.text, theirs) if merged.clean else merged
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"merge: {type(error).__name__}: {error}"
    if alone.text != ours or not alone.clean:
        return "merge: our change alone is not what comes out"
    return None if again.text == merged.text else "merge: not the same when done again"


CHECKS: tuple[Check, ...] = (check_tree, check_merge)


def seeds_of(folder: Path | None) -> list[str]:
    """Return texts to start from: the golden cases, generated manifests, and a folder's files."""
    files = [*CASES.rglob("*.yaml"), *(sorted(folder.rglob("*.y*ml")) if folder else [])]
    texts = [file.read_bytes().decode("utf-8", "replace") for file in files]
    return texts + [manifests.make_file(Random(seed)).text().decode() for seed in range(50)]


def findings(rnd: Random, seeds: list[str], until: Callable[[int], bool]) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, the shortest text for it): up to five texts for each kind of wrong."""
    seen: dict[str, set[str]] = {}
    count = 0
    while not until(count):
        count += 1
        text = make_text(rnd, seeds)
        for check in CHECKS:
            wrong = check(text)
            if wrong is None or len(known := seen.setdefault(wrong, set())) == 5:
                continue
            short = shorten(text, check, wrong)
            if short not in known:
                known.add(short)
                yield wrong, short


def shorten(text: str, check: Check, wrong: str) -> str:
    """Return the text without the lines and characters that what is wrong does not need."""
    for split in (lambda value: value.splitlines(keepends=True), list):
        parts, index = split(text), 0
        while index < len(parts):
            fewer = "".join(parts[:index] + parts[index + 1 :])
            if fewer.endswith("\n") and check(fewer) == wrong:
                parts = split(fewer)
            else:
                index += 1
        text = "".join(parts)
    return text


def main() -> int:
    """Fuzz for the given time; print findings as they come and how much was tried."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seeds", type=Path, help="a folder of more YAML to start from")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random numbers")
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    tried = found = 0

    def is_over(count: int) -> bool:
        nonlocal tried
        tried = count
        return time.monotonic() >= end

    for wrong, text in findings(Random(options.seed), seeds_of(options.seeds), is_over):
        found += 1
        print(f"{wrong}\n    {text!r}", flush=True)
    print(f"seed {options.seed}: {tried:,} texts in {options.minutes:g} minutes, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
