"""Golden merges: each folder of merge_cases has base, ours, theirs and what must come of them.

The expected files were written by hand from the rules, not by running the engine.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from wildgit.core.merge import MergeOptions, merge3
from wildgit.core.merge.policy import KEEP_OWN_SIZES
from wildgit.core.yaml_values import load_yaml_all
from wildgit.errors import InputError

CASES = sorted(path for path in (Path(__file__).parent / "merge_cases").iterdir() if path.is_dir())
CONFLICT = re.compile(
    r"^<{7} [^\n]*\n(?P<ours>.*?)(?:^\|{7} [^\n]*\n.*?)?^={7}\n(?P<theirs>.*?)^>{7} [^\n]*\n", re.M | re.S
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_merges_to_what_was_written(case: Path) -> None:
    meta = tomllib.loads((case / "case.toml").read_text())
    base, ours, theirs, expected = (
        (case / f"{side}.yaml").read_bytes() for side in ("base", "ours", "theirs", "expected")
    )
    policies = KEEP_OWN_SIZES if meta.get("keep_own_sizes") else ()
    options = MergeOptions(style=meta.get("style", "merge"), policies=policies)
    result = merge3(base, ours, theirs, path=meta["path"], options=options)
    assert result.text.decode() == expected.decode(), meta["rule"]
    assert len(CONFLICT.findall(expected.decode())) == meta["conflicts"]
    assert result.clean == (meta["conflicts"] == 0)
    assert bool(result.conflicts) == (not result.clean)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_either_reduction_of_the_expected_file_parses(case: Path) -> None:
    """A golden file that breaks this promise would be a wrong golden file."""
    if is_template(case):
        return
    expected = (case / "expected.yaml").read_bytes().decode()
    for side in ("ours", "theirs"):
        load_yaml_all(CONFLICT.sub(lambda found, side=side: found[side], expected), f"{case.name} as {side}")


def is_template(case: Path) -> bool:
    try:
        load_yaml_all((case / "base.yaml").read_bytes(), case.name)
    except InputError:
        return True
    return False
