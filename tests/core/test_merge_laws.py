"""The laws of the merge, over generated manifests and tracked edits.

CI tries a fixed number of triples; `make laws` tries 10,000 others.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from random import Random

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core import manifests
from tests.core.manifests import STYLES, Edit
from wildgit.core.merge import MergeResult, merge3

LONG = int(os.environ.get("WILD_LAWS_EXAMPLES", "0"))
budget = settings(
    max_examples=LONG or 150,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
CONFLICT = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>.*?)^={7}\n(?P<theirs>.*?)^>{7} [^\n]*\n", re.MULTILINE | re.DOTALL
)


class Triple:
    """A generated base, two edited versions of it, and the edits."""

    def __init__(self, seed: int, our_edits: int, their_edits: int, reindent: bool = False) -> None:
        rnd = Random(seed)
        self.base_file = manifests.make_file(rnd)
        self.our_file, self.our_edits = manifests.make_edits(self.base_file, rnd, our_edits, "ours")
        self.their_file, self.their_edits = manifests.make_edits(self.base_file, rnd, their_edits, "theirs")
        self.base, self.theirs = self.base_file.text(), self.their_file.text()
        self.ours = self.our_file.text(rnd.choice(STYLES) if reindent else None)

    def merge(self) -> MergeResult:
        return merge3(self.base, self.ours, self.theirs, path="apps/web/all.yaml")


triples = st.builds(
    Triple,
    seed=st.integers(0, 2**40),
    our_edits=st.integers(0, 6),
    their_edits=st.integers(0, 6),
    reindent=st.sampled_from([False, False, False, True]),
)


def reduce(text: bytes, side: str) -> bytes:
    return CONFLICT.sub(lambda found: found[side], text)


def stripped(text: bytes) -> Counter[bytes]:
    """Return the lines without indentation and dashes: what the lines say, wherever they stand."""
    return Counter(line.lstrip(b" -") for line in text.splitlines())


@budget
@given(triples)
def test_one_side_alone_is_taken_byte_for_byte(triple: Triple) -> None:
    only_ours = merge3(triple.base, triple.ours, triple.base)
    assert (only_ours.text, only_ours.clean) == (triple.ours, True)
    same = merge3(triple.base, triple.theirs, triple.theirs)
    assert (same.text, same.clean) == (triple.theirs, True)
    only_theirs = merge3(triple.base, triple.base, triple.theirs)
    assert only_theirs.clean
    assert [line.strip() for line in only_theirs.text.splitlines()] == [
        line.strip() for line in triple.theirs.splitlines()
    ]


@budget
@given(triples)
def test_every_edit_is_in_the_result_or_in_a_conflict(triple: Triple) -> None:
    result = triple.merge()
    text = result.text.decode()
    for edit in triple.our_edits + triple.their_edits:
        if edit.kind != "delete":
            assert edit.word in text or edit.word.lower() in text, edit
        elif edit.word:
            assert edit.word not in CONFLICT.sub(b"", result.text).decode() or is_undone(edit, triple), edit


def is_undone(deletion: Edit, triple: Triple) -> bool:
    """Whether the other side's edit keeps what this side deleted."""
    others = triple.their_edits if deletion in triple.our_edits else triple.our_edits
    return manifests.clash([deletion], others)


@budget
@given(triples)
def test_edits_that_exclude_each_other_are_a_conflict(triple: Triple) -> None:
    result = triple.merge()
    if manifests.clash(triple.our_edits, triple.their_edits):
        assert not result.clean


@budget
@given(triples)
def test_a_clean_result_is_the_merge_of_the_data(triple: Triple) -> None:
    result = triple.merge()
    if not result.clean:
        return
    merged = list(yaml.safe_load_all(result.text))
    expected = manifests.merge_data(triple.base_file, triple.our_file, triple.their_file)
    lines_in_one_scalar = {edit.uid for edit in triple.our_edits if edit.kind == "line"} & {
        edit.uid for edit in triple.their_edits if edit.kind == "line"
    }
    if not lines_in_one_scalar:
        assert normal(merged) == normal(expected)
    if not any(edit.kind == "delete" for edit in triple.our_edits + triple.their_edits):
        assert lines_in_one_scalar or merged == expected


def normal(data: object) -> object:
    """Return the data with lists in an order of their own: where additions stand is another law."""
    if isinstance(data, dict):
        return {key: normal(value) for key, value in data.items()}
    if isinstance(data, list):
        return sorted((normal(item) for item in data), key=repr)
    return data


@budget
@given(triples)
def test_the_file_parses_however_its_conflicts_are_settled(triple: Triple) -> None:
    result = triple.merge()
    for side in ("ours", "theirs"):
        list(yaml.safe_load_all(reduce(result.text, side)))
    assert result.clean == (CONFLICT.search(result.text) is None)


@budget
@given(triples)
def test_no_line_comes_from_nowhere_and_none_is_dropped(triple: Triple) -> None:
    result = triple.merge()
    if parts_of_one_line(triple):
        return
    lines = stripped(CONFLICT.sub(lambda found: found["ours"] + found["theirs"], result.text))
    base, ours, theirs = stripped(triple.base), stripped(triple.ours), stripped(triple.theirs)
    assert set(lines) <= set(ours) | set(theirs)
    assert ours - (base - theirs) <= lines
    assert theirs - (base - ours) <= lines


def parts_of_one_line(triple: Triple) -> bool:
    """Whether both sides edited one line, or one flow collection: the merged line is then neither side's."""
    flows = {
        child.uid
        for entry in triple.base_file.entries()
        if isinstance(entry.value, manifests.Collection) and entry.value.flow
        for child in (entry, *entry.value.entries)
    }
    mine, yours = ({edit.uid for edit in edits} for edits in (triple.our_edits, triple.their_edits))
    return bool(flows & mine and flows & yours)


@budget
@given(triples)
def test_swapping_the_sides_gives_the_same(triple: Triple) -> None:
    result = triple.merge()
    swapped = merge3(triple.base, triple.theirs, triple.ours, path="apps/web/all.yaml")
    assert result.clean == swapped.clean
    assert {conflict.path for conflict in result.conflicts} == {
        conflict.path for conflict in swapped.conflicts
    }
    for side, other in (("ours", "theirs"), ("theirs", "ours")):
        mine = list(yaml.safe_load_all(reduce(result.text, side)))
        yours = list(yaml.safe_load_all(reduce(swapped.text, other)))
        assert normal(mine) == normal(yours)


@budget
@given(triples)
def test_a_merge_done_twice_changes_nothing(triple: Triple) -> None:
    result = triple.merge()
    if result.clean:
        again = merge3(triple.theirs, result.text, triple.theirs)
        assert (again.text, again.clean) == (result.text, True)
