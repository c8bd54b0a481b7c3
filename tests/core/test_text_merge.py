"""The line merge is git's: the same conflicts in the same places, whatever the texts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

import pytest

from wildgit.core.merge.conflicts import write
from wildgit.core.merge.text import merge_text
from wildgit.core.merge.three import Three

MODES = (
    ("merge", None, ()),
    ("diff3", None, ("--diff3",)),
    ("zdiff3", None, ("--zdiff3",)),
    ("merge", "ours", ("--ours",)),
    ("merge", "theirs", ("--theirs",)),
    ("merge", "union", ("--union",)),
)


def git_merge_file(folder: Path, texts: Three[str], *options: str) -> tuple[str, int]:
    for name, text in zip(texts._fields, texts, strict=True):
        (folder / name).write_bytes(text.encode())
    labels = [part for label in ("ours", "base", "theirs") for part in ("-L", label)]
    command = ["git", "merge-file", "-p", *labels, *options, "ours", "base", "theirs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return done.stdout.decode(), done.returncode


def changed(rnd: Random, lines: list[str], words: list[str]) -> list[str]:
    lines = list(lines)
    for _ in range(rnd.randint(0, 4)):
        at = rnd.randint(0, len(lines))
        if rnd.random() < 0.5:
            del lines[at : at + rnd.randint(0, 3)]
        else:
            lines[at:at] = [rnd.choice(words) for _ in range(rnd.randint(1, 3))]
    return lines


def random_texts(seed: int) -> Three[str]:
    rnd = Random(seed)
    words = [*"abcdefghijkl"[: rnd.randint(1, 12)], "", "}"]
    end = rnd.choice(["\n", "\n", "\r\n"])
    base = [rnd.choice(words) for _ in range(rnd.randint(0, 25))]
    sides = [base, changed(rnd, base, words), changed(rnd, base, words)]
    texts = ["".join(line + end for line in side) for side in sides]
    return Three(*[text[: -len(end)] if rnd.random() < 0.2 else text for text in texts])


@pytest.mark.parametrize(("style", "favor", "options"), MODES)
def test_random_texts_merge_as_git_merges_them(
    style: str, favor: str | None, options: tuple[str, ...], tmp_path: Path
) -> None:
    for seed in range(40):
        texts = random_texts(seed)
        written = write(merge_text(texts, style), style=style, favor=favor)  # type: ignore[arg-type]
        assert (written.text, len(written.clashes)) == git_merge_file(tmp_path, texts, *options), seed


def test_long_texts_without_a_common_line_merge_as_git_merges_them(tmp_path: Path) -> None:
    rnd = Random(1)
    base = [f"{rnd.randint(0, 90)}\n" for _ in range(900)]
    ours = [line if rnd.random() < 0.4 else f"{rnd.randint(0, 90)}\n" for line in base]
    theirs = [line if rnd.random() < 0.9 else f"{rnd.randint(0, 90)}\n" for line in base]
    texts = Three("".join(base), "".join(ours), "".join(theirs))
    written = write(merge_text(texts))
    assert written.text == git_merge_file(tmp_path, texts)[0]
