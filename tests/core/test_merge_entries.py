"""What is taken from which side, entry by entry: mappings, lists, comments, block scalars, documents."""

from __future__ import annotations

from textwrap import dedent
from typing import Literal

import pytest

from wildgit.core.merge import KEEP_OWN_SIZES, MergeOptions, MergeResult, merge3
from wildgit.core.merge.yaml_soundness import soundness

DIFF3 = MergeOptions(style="diff3")


def merged(base: str, ours: str, theirs: str, options: MergeOptions = DIFF3) -> MergeResult:
    texts = [dedent(text).lstrip("\n").encode() for text in (base, ours, theirs)]
    return merge3(*texts, options=options)


def test_edits_of_different_keys_are_both_kept() -> None:
    result = merged("a: 1\nb: 2\n", "a: 9\nb: 2\n", "a: 1\nb: 8\n")
    assert result.clean
    assert result.text == b"a: 9\nb: 8\n"


def test_a_conflict_is_the_smallest_entry_and_says_where_and_why() -> None:
    result = merged("s:\n  a: 1\n  b: 2\n", "s:\n  a: 9\n  b: 2\n", "s:\n  a: 7\n  b: 8\n")
    assert result.text == (
        b"s:\n<<<<<<< ours\n  a: 9\n||||||| base\n  a: 1\n=======\n  a: 7\n>>>>>>> theirs\n  b: 8\n"
    )
    (conflict,) = result.conflicts
    assert (conflict.path, conflict.line, conflict.ours) == (("s", "a"), 2, "  a: 9\n")


def test_a_value_spelled_otherwise_gives_way_to_one_that_changed() -> None:
    assert merged("a: 8080\n", "a: 0x1F90\n", "a: 9090\n").text == b"a: 9090\n"


def test_quoting_a_number_is_a_change() -> None:
    assert not merged("a: 8080\n", 'a: "8080"\n', "a: 9090\n").clean


def test_an_added_value_brings_the_blank_before_it() -> None:
    assert merged("a:\nb: 1\n", "a: 1\nb: 1\n", "a:\nb: 2\n").text == b"a: 1\nb: 2\n"


def test_a_deleted_entry_takes_its_comments_along_and_no_others() -> None:
    base = "# top\n\n# about a\na: 1 # line\n# about b\nb: 2\n"
    result = merged(base, "# top\n\n# about b\nb: 2\n", base.replace("b: 2", "b: 3"))
    assert result.text == b"# top\n\n# about b\nb: 3\n"


def test_notes_edited_in_different_lines_are_merged() -> None:
    base = "# one\n# two\n# three\n# four\n\na: 1\n"
    result = merged(base, base.replace("one", "ONE"), base.replace("four", "FOUR"))
    assert result.text == b"# ONE\n# two\n# three\n# FOUR\n\na: 1\n"


def test_a_comment_above_two_insertions_is_printed_once() -> None:
    base = "a: 1\n# more\nz: 1\n"
    result = merged(base, "a: 1\n# more\no: 1\nz: 1\n", "a: 1\n# more\nt: 1\nz: 1\n")
    assert result.text == b"a: 1\n# more\no: 1\nt: 1\nz: 1\n"


def test_keyed_elements_are_merged_wherever_they_stand() -> None:
    base = "env:\n- name: A\n  value: 1\n- name: B\n  value: 2\n"
    ours = "env:\n- name: B\n  value: 2\n- name: A\n  value: 9\n"
    theirs = "env:\n- name: A\n  value: 1\n- name: B\n  value: 8\n"
    assert merged(base, ours, theirs).text == b"env:\n- name: B\n  value: 8\n- name: A\n  value: 9\n"


def test_an_element_whose_key_changed_keeps_the_edit_of_the_other_side() -> None:
    base = "ports:\n- containerPort: 80\n  name: web\n"
    ours = "ports:\n- containerPort: 8080\n  name: web\n"
    theirs = "ports:\n- containerPort: 80\n  name: http\n"
    assert merged(base, ours, theirs).text == b"ports:\n- containerPort: 8080\n  name: http\n"


def test_one_element_added_by_both_is_there_once() -> None:
    base, ours, theirs = "r:\n- a\n- b\n", "r:\n- a\n- x\n- b\n", "r:\n- a\n- b\n- x\n"
    assert merged(base, ours, theirs).text == b"r:\n- a\n- x\n- b\n"


def test_an_argument_added_by_both_at_different_places_conflicts() -> None:
    base, ours, theirs = "args:\n- a\n- b\n", "args:\n- a\n- x\n- b\n", "args:\n- a\n- b\n- x\n"
    assert not merged(base, ours, theirs).clean


def test_a_replacement_never_repeats_what_the_other_side_added() -> None:
    base = "r:\n- old\n- b\n- c\n"
    result = merged(base, base + "- new\n", base.replace("old", "new"))
    assert result.text.count(b"new") == 1


def test_both_taking_the_next_free_number_conflicts() -> None:
    base = "- name: a\n  code: 1\n- name: b\n  code: 2\n"
    assert not merged(base, base + "- name: o\n  code: 3\n", base + "- name: t\n  code: 3\n").clean


def test_the_first_element_of_a_list_conflicts_with_its_dash() -> None:
    result = merged("- a: 1\n  b: 1\n", "- a: 2\n  b: 1\n", "- a: 3\n  b: 2\n", MergeOptions())
    assert result.text == b"<<<<<<< ours\n- a: 2\n=======\n- a: 3\n>>>>>>> theirs\n  b: 2\n"


def test_a_first_key_deleted_against_an_edit_leaves_a_dash_on_either_side() -> None:
    base = "- a: 1\n  b: 1\n  c: 1\n"
    result = merged(base, "- b: 1\n  c: 1\n", base.replace("a: 1", "a: 3"), MergeOptions())
    assert result.text == b"<<<<<<< ours\n- b: 1\n=======\n- a: 3\n  b: 1\n>>>>>>> theirs\n  c: 1\n"


def test_lines_of_a_script_are_merged_inside_it() -> None:
    base = "run: |\n  one\n  two\n  three\n"
    ours = "run: |\n  ONE\n  two\n  three\n"
    theirs = "run: |\n    one\n    two\n    THREE\n"
    assert merged(base, ours, theirs).text == b"run: |\n    ONE\n    two\n    THREE\n"


def test_flow_collections_are_merged_in_our_style() -> None:
    base, ours, theirs = 'a: ["x", "y"]\n', 'a: [ "x", "y", "o" ]\n', 'a: ["z", "y"]\n'
    assert merged(base, ours, theirs).text == b'a: [ "z", "y", "o" ]\n'


def test_an_empty_flow_mapping_is_an_empty_mapping() -> None:
    base, ours, theirs = "a: {k: 1}\n", "a: {k: 1}\nb: {}\n", "a: {k: 1}\nb:\n  x: 1 # why\n"
    assert merged(base, ours, theirs).text == b"a: {k: 1}\nb:\n  x: 1 # why\n"


def test_an_edit_of_a_resource_that_was_split_conflicts_where_it_stands() -> None:
    body = "spec:\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n  e: 5\n"
    base = f"kind: K\nmetadata:\n  name: x\n{body}"
    ours = base.replace("e: 5", "e: 6")
    theirs = f"kind: K\nmetadata:\n  name: x1\n{body}---\nkind: K\nmetadata:\n  name: x2\n{body}"
    result = merged(base, ours, theirs)
    assert [conflict.path for conflict in result.conflicts] == [("spec", "e")]


def test_a_document_put_before_the_first_one_gets_a_marker() -> None:
    base = "kind: A\nmetadata:\n  name: a\nx: 1\n"
    theirs = f"kind: B\nmetadata:\n  name: b\n---\n{base}"
    result = merged(base, base.replace("x: 1", "x: 2"), theirs)
    assert result.clean
    assert result.text.count(b"---\n") == 1


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_end_of_the_last_line_is_as_ours(end: str) -> None:
    result = merged("a: 1\nb: 1\n", f"a: 2\nb: 1{end}", "a: 1\nb: 2\n")
    assert result.text == f"a: 2\nb: 2{end}".encode()


def test_a_policy_settles_a_conflict_and_says_so() -> None:
    base = "kind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n"
    options = MergeOptions(policies=KEEP_OWN_SIZES)
    result = merged(base, base.replace("1", "3"), base.replace("1", "2"), options)
    assert result.clean
    assert b"replicas: 3" in result.text
    assert [(d.path, d.ours, d.result) for d in result.decisions] == [(("spec", "replicas"), "3", "3")]


def test_one_change_made_by_both_is_a_decision() -> None:
    result = merged("v: 1\na: 1\n", "v: 2\na: 1\n", "v: 2\na: 2\n")
    assert result.clean
    assert [(d.path, d.result) for d in result.decisions] == [(("v",), "2")]


def test_explained_merges_name_every_field_that_differs() -> None:
    options = MergeOptions(explain=True)
    result = merged(
        "a:\n  x: 1\n  y: 2\nb: 1\n", "a:\n  x: 9\n  y: 8\nb: 1\n", "a:\n  x: 1\n  y: 2\nb: 3\n", options
    )
    told = [(d.path, d.base, d.result, d.rule) for d in result.decisions]
    assert told == [
        (("a", "x"), "1", "9", "only ours changed it"),
        (("a", "y"), "2", "8", "only ours changed it"),
        (("b",), "1", "3", "only theirs changed it"),
    ]


def test_an_alias_that_lost_its_anchor_is_no_clean_merge() -> None:
    base = "a: &x 1\nb: 2\nc: 3\n"
    assert not merged(base, "b: 2\nc: 3\n", base.replace("c: 3", "c: *x")).clean


def test_lines_that_are_no_yaml_are_merged_as_git_does() -> None:
    base = "{{- if .x }}\na: 1\n{{- end }}\nb: 2\n"
    result = merged(base, base.replace("a: 1", "a: 2"), base.replace("b: 2", "b: 3"))
    assert result.text == b"{{- if .x }}\na: 2\n{{- end }}\nb: 3\n"


GHOST = "ghost:\n  # image\n  image: a\n  domain: d\n  hosts:\n  - h\n"
GHOST_MOVED = "ghost:\n  # image\n  hosts:\n  - h\n  image: a\n  domain: d\n"


@pytest.mark.parametrize("favor", ["ours", "theirs"])
def test_a_favoured_side_never_writes_a_key_twice(favor: Literal["ours", "theirs"]) -> None:
    theirs = GHOST.replace("# image\n", "# image\n  new: 1\n")
    result = merged(GHOST, GHOST_MOVED, theirs, MergeOptions(favor=favor))
    assert soundness(result.text.decode()) == 0


def test_either_reduction_of_merged_lines_is_sound() -> None:
    theirs = GHOST.replace("# image\n", "# image\n  new: 1\n")
    text = merged(GHOST, GHOST_MOVED, theirs, MergeOptions()).text.decode()
    above, rest = text.split("<<<<<<< ours\n")
    left, rest = rest.split("=======\n")
    right, below = rest.split(">>>>>>> theirs\n")
    assert [above + left + below, above + right + below] == [GHOST_MOVED, theirs]


def test_a_line_separator_in_a_comment_ends_no_line() -> None:
    base = "a: 1\nx: 1\ny: 1\nb: 1 # old\u2028same\nsops:\n  mac: m\n"
    text = merged(base, base.replace("old", "new"), base.replace("a: 1", "a: 2"), MergeOptions()).text
    assert "b: 1 # new\u2028same\n=======\n" in text.decode()


PORT = "ports:\n- name: http\n  port: 80\n  targetPort: 8080\n"
SPREAD = "topologySpreadConstraints:\n- topologyKey: zone\n  whenUnsatisfiable: DoNotSchedule\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (PORT, PORT + "  nodePort: 30080\n", "ports:\n- name: metrics\n  port: 9100\n  targetPort: 9100\n"),
        (
            "ports:\n- containerPort: 8080\n  name: http\n",
            "ports:\n- containerPort: 8080\n  name: http\n  hostPort: 80\n",
            "ports:\n- containerPort: 9100\n  name: metrics\n",
        ),
        (SPREAD, SPREAD + "  maxSkew: 3\n", SPREAD.replace("zone", "hostname")),
    ],
)
def test_an_edit_is_not_carried_to_another_element_of_the_same_protocol(
    base: str, ours: str, theirs: str
) -> None:
    (conflict,) = merged(base, ours, theirs).conflicts
    assert conflict.reason == "deleted on one side, changed on the other"


def test_a_port_that_keeps_its_name_is_the_same_port() -> None:
    base = "ports:\n- name: http\n  port: 80\n"
    result = merged(base, base + "  nodePort: 30080\n", base.replace("80", "8000"))
    assert result.clean
    assert result.text == b"ports:\n- name: http\n  port: 8000\n  nodePort: 30080\n"


ARGS = "args:\n- --port\n- '80'\n- --host\n- h\n"


@pytest.mark.parametrize("flipped", [False, True])
def test_a_flag_is_kept_with_the_value_that_one_side_changed(flipped: bool) -> None:
    edited, dropped = ARGS.replace("80", "81"), "args:\n- --host\n- h\n"
    sides = (dropped, edited) if flipped else (edited, dropped)
    (conflict,) = merged(ARGS, *sides).conflicts
    assert (conflict.theirs if flipped else conflict.ours) == "- --port\n- '81'\n"
    favored = merged(ARGS, *sides, MergeOptions(favor="theirs" if flipped else "ours"))
    assert favored.text.decode() == edited


ANCHORED = "x: &a 1\ny: 3\nz: *a\n"


def test_an_added_alias_is_not_captured_by_an_anchor_of_the_other_side() -> None:
    ours = ANCHORED.replace("y: 3", "y: &a 2")
    assert not merged(ANCHORED, ours, ANCHORED + "w: *a\n").clean
    base = ANCHORED.replace("*a", "\n- *a\n- k\n- m")
    assert not merged(base, base.replace("y: 3", "y: &a 2"), base + "- *a\n").clean


def test_an_alias_is_not_captured_beside_a_conflict_either() -> None:
    base = "k: 1\nm: 1\nn: 1\no: 1\n" + ANCHORED
    ours = base.replace("k: 1", "k: 2").replace("y: 3", "y: &a 2")
    (conflict,) = merged(base, ours, base.replace("k: 1", "k: 3") + "w: *a\n").conflicts
    assert conflict.theirs
    assert conflict.theirs.endswith("w: *a\n")
    assert conflict.ours == ours


def test_an_added_alias_follows_an_edit_of_its_anchor() -> None:
    result = merged(ANCHORED, ANCHORED.replace("1", "2"), ANCHORED + "w: *a\n")
    assert result.clean
    assert result.text == b"x: &a 2\ny: 3\nz: *a\nw: *a\n"


def test_an_added_alias_follows_its_anchor_to_a_new_key() -> None:
    result = merged(ANCHORED, ANCHORED.replace("x:", "v:"), ANCHORED + "w: *a\n")
    assert result.clean
    assert result.text == b"v: &a 1\ny: 3\nz: *a\nw: *a\n"
