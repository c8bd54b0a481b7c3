"""Replay recorded three-way merges and compare engines on them.

DIR holds one folder a merge: base.yaml, ours.yaml, theirs.yaml, and where it is known what the people made
of it, result.yaml; meta.json may name the file's `path`, and say by `category: gitcorrupt` that result.yaml
is itself a merge gone wrong, which nobody need reproduce. Each engine merges every case; ours also in this
process, without the start of Python. A peer is a command that prints the merged file and exits with 0 when
there was no conflict: --peer 'kyaml-merge {base} {ours} {theirs}'.

    right    clean, and the data is what the people made of it
    order    clean, and the same data but for the order of lists
    differs  clean, and the data is something else: read these by eye
    wrong    of those, the ones where a merge of the data alone does what the people did (meta.json says so)
    invalid  clean, and no YAML although all three sides are; or with a duplicate key that no side has
    lost     a line that a side added and the result does not have, conflicted results included
    noise    lines that no side has, or that stand no more although no side removed them
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from wildgit.core.merge import merge3

SIDES = ("base", "ours", "theirs")
OURS = f"{shlex.quote(str(Path(sys.executable).with_name('git-wild')))} merge-file -p --path {{path}}"


@dataclass(frozen=True)
class Case:
    """One recorded merge."""

    name: str
    path: str
    base: bytes
    ours: bytes
    theirs: bytes
    result: bytes | None
    data_merge_is_result: bool


@dataclass
class Score:
    """What an engine made of all cases; lists of names, so that each can be read by eye."""

    clean: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    noise_lines: int = 0
    conflict_lines: int = 0
    times_ms: list[float] = field(default_factory=list)


Engine = Callable[[Case], tuple[bytes, bool]]


def main() -> int:
    """Print one line an engine; with --list, also the names of the cases in each column."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dir", type=Path)
    parser.add_argument("--peer", action="append", default=[], help="another engine's command line")
    parser.add_argument("--only", nargs="*", help="names of cases")
    parser.add_argument("--in-process", action="store_true", help="our engine alone, without any process")
    parser.add_argument(
        "--list", action="store_true", help="name the cases that differ, are invalid or lose lines"
    )
    parser.add_argument("--show", action="store_true", help="print each clean result of ours that differs")
    options = parser.parse_args()
    engines: dict[str, Engine] = {"git wild, in process": merge_in_process}
    if not options.in_process:
        engines["git wild merge-file"] = command(f"{OURS} {{ours}} {{base}} {{theirs}}")
        engines["git merge-file"] = command("git merge-file -p {ours} {base} {theirs}")
    engines.update({peer.split()[0]: command(peer) for peer in options.peer})
    scores = {name: Score() for name in engines}
    for case in read_cases(options.dir, options.only):
        for name, engine in engines.items():
            run(engine, case, scores[name], show=options.show and engine is merge_in_process)
    print_table(scores)
    if options.list:
        print_lists(scores)
    return 0


def read_cases(folder: Path, only: list[str] | None) -> Iterator[Case]:
    """Yield the cases in order of their names."""
    for case in sorted(folder.iterdir()):
        if not (case / "base.yaml").exists() or (only and case.name not in only):
            continue
        meta = json.loads((case / "meta.json").read_text()) if (case / "meta.json").exists() else {}
        result = case / "result.yaml"
        yield Case(
            case.name,
            meta.get("path", "file.yaml"),
            *((case / f"{side}.yaml").read_bytes() for side in SIDES),
            result.read_bytes() if result.exists() and meta.get("category") != "gitcorrupt" else None,
            (meta.get("data_merge") or {}).get("equals_human") is True,
        )


def merge_in_process(case: Case) -> tuple[bytes, bool]:
    """Merge with our engine, here."""
    result = merge3(case.base, case.ours, case.theirs, path=case.path)
    return result.text, result.clean


def command(line: str) -> Engine:
    """Return an engine that runs a command with {base} {ours} {theirs} {path} filled in."""

    def merge(case: Case) -> tuple[bytes, bool]:
        with tempfile.TemporaryDirectory() as folder:
            names = {side: f"{folder}/{side}.yaml" for side in SIDES}
            for side in SIDES:
                Path(names[side]).write_bytes(getattr(case, side))
            words = [word.format(path=case.path, **names) for word in shlex.split(line)]
            done = subprocess.run(words, capture_output=True, check=False, timeout=60)
        if done.returncode not in range(128):
            raise ChildProcessError(done.stderr.decode("utf-8", "replace")[-200:])
        return done.stdout, done.returncode == 0

    return merge


def run(engine: Engine, case: Case, score: Score, *, show: bool) -> None:
    """Merge the case and add what came of it to the score."""
    start = time.perf_counter()
    try:
        text, clean = engine(case)
    except Exception as error:  # noqa: BLE001 - a crash is one of the results that are compared
        score.failed.append(f"{case.name} ({type(error).__name__}: {error})")
        return
    score.times_ms.append((time.perf_counter() - start) * 1000)
    outside, inside = split_conflicts(text)
    score.noise_lines += count_noise(case, outside, inside)
    if lost_lines(case, outside + inside):
        score.lost.append(case.name)
    if not clean:
        score.conflicts.append(case.name)
        score.conflict_lines += len(inside)
        return
    score.clean.append(case.name)
    judge_clean(case, text, score, show=show)


def judge_clean(case: Case, text: bytes, score: Score, *, show: bool) -> None:
    """Compare the data of a clean result with the people's."""
    sides = [data(side) for side in (case.base, case.ours, case.theirs)]
    merged = data(text)
    if None not in sides and (merged is None or has_new_duplicates(merged, sides)):
        score.invalid.append(case.name)
    if case.result is None:
        return
    wanted = data(case.result)
    if text == case.result or (merged and wanted and normal(merged) == normal(wanted)):
        score.right.append(case.name)
        return
    if merged and wanted and normal(merged, ordered=False) == normal(wanted, ordered=False):
        score.order.append(case.name)
        return
    score.differs.append(case.name)
    if case.data_merge_is_result:
        score.wrong.append(case.name)
    if show:
        print(f"--- {case.name} {case.path}")
        print_difference(case.result, text)


# --- lines -----------------------------------------------------------------------------------------


def split_conflicts(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the lines outside and inside of conflict markers."""
    outside: list[bytes] = []
    inside: list[bytes] = []
    depth = False
    for line in text.splitlines():
        if line.startswith(b"<<<<<<< "):
            depth = True
        elif depth and line.startswith(b">>>>>>> "):
            depth = False
        elif not (depth and (line == b"=======" or line.startswith(b"||||||| "))):
            (inside if depth else outside).append(line)
    return outside, inside


def said(lines: list[bytes]) -> Counter[bytes]:
    """Return what lines say, wherever they stand: without indentation, dashes and trailing blanks."""
    return Counter(text for line in lines if (text := line.strip().removeprefix(b"- ").lstrip()))


def lost_lines(case: Case, lines: list[bytes]) -> set[bytes]:
    """Return lines that a side added to base and that are not in the result, neither whole nor in words.

    Half a line of each side (a value and a comment, two items of a flow collection) makes a line of
    neither, so what counts are the words, but for those of base that the other side took out.
    """
    base, ours, theirs = (side.splitlines() for side in (case.base, case.ours, case.theirs))
    added = (said(ours) - said(base)) | (said(theirs) - said(base))
    whole, present = {squeezed(line) for line in said(lines)}, words(lines)
    stayed = words(ours) & words(theirs)
    return {
        line
        for line in added
        if squeezed(line) not in whole
        and any(w not in present for w in words([line]) if w not in words(base) or w in stayed)
    }


def squeezed(line: bytes) -> bytes:
    """Return the line without any blanks: one more or less of them is not a change."""
    return b"".join(line.split())


def words(lines: list[bytes]) -> set[bytes]:
    """Return the words of the lines without quotes and the punctuation of flow collections."""
    return set(b" ".join(lines).translate(None, b"\"'[]{},").split())


def count_noise(case: Case, outside: list[bytes], inside: list[bytes]) -> int:
    base, ours, theirs = (said(side.splitlines()) for side in (case.base, case.ours, case.theirs))
    present = said(outside + inside)
    novel = sum(count for line, count in present.items() if line not in ours and line not in theirs)
    kept = (ours - (base - theirs)) & (theirs - (base - ours))
    return novel + (kept - present).total()


# --- data ------------------------------------------------------------------------------------------


def data(text: bytes) -> list[yaml.Node] | None:
    """Return the nodes of a stream; None if it is no YAML."""
    try:
        return [node for node in yaml.compose_all(text, yaml.CSafeLoader) if node is not None]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return None


def normal(nodes: list[yaml.Node], *, ordered: bool = True) -> list[object]:
    """Return plain data that compares by tag and value, with mappings, or lists as well, in no order."""
    return [_normal(node, ordered) for node in nodes]


def _normal(node: yaml.Node, ordered: bool = True) -> object:
    if isinstance(node, yaml.MappingNode):
        pairs = ((repr(_normal(key)), repr(_normal(value, ordered))) for key, value in node.value)
        return ("map", sorted(pairs))
    if isinstance(node, yaml.SequenceNode):
        items = [_normal(item, ordered) for item in node.value]
        return ("list", items if ordered else sorted(items, key=repr))
    return (node.tag, node.value)


def has_new_duplicates(merged: list[yaml.Node], sides: list[list[yaml.Node] | None]) -> bool:
    """Return whether a mapping has a key twice, and no side has that key twice."""
    allowed = {key for side in sides for key in duplicate_keys(side or [])}
    return bool(set(duplicate_keys(merged)) - allowed)


def duplicate_keys(nodes: list[yaml.Node]) -> Iterator[str]:
    """Yield the keys that stand twice in one mapping."""
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            keys = Counter(repr(_normal(key)) for key, _ in node.value if key.value != "<<")
            yield from (key for key, count in keys.items() if count > 1)
            yield from duplicate_keys([value for _, value in node.value])
        elif isinstance(node, yaml.SequenceNode):
            yield from duplicate_keys(node.value)


# --- output ----------------------------------------------------------------------------------------


def print_table(scores: dict[str, Score]) -> None:
    columns = ("clean", "right", "order", "differs", "wrong", "conflicts", "invalid", "lost", "failed")
    print(
        f"{'':24}"
        + "".join(f"{name:>10}" for name in (*columns, "noise", "in marks", "median", "p95", "max"))
    )
    for name, score in scores.items():
        counts = [len(getattr(score, column)) for column in columns] + [
            score.noise_lines,
            score.conflict_lines,
        ]
        times = sorted(score.times_ms) or [0.0]
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        spent = [statistics.median(times), p95, times[-1]]
        print(f"{name:24}" + "".join(f"{n:>10}" for n in counts) + "".join(f"{ms:>10.1f}" for ms in spent))
    print("(noise and in marks are lines; times are in milliseconds a case)")


def print_lists(scores: dict[str, Score]) -> None:
    for name, score in scores.items():
        for column in ("order", "differs", "wrong", "invalid", "lost", "failed", "conflicts"):
            if names := getattr(score, column):
                print(f"{name}: {column}: {' '.join(names)}")


def print_difference(wanted: bytes, merged: bytes) -> None:
    import difflib

    before, after = (text.decode("utf-8", "replace").splitlines() for text in (wanted, merged))
    for line in difflib.unified_diff(before, after, "people", "git wild", lineterm="", n=2):
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main())
