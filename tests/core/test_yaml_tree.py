"""The tree of entries: nothing of a text is lost in it, and every comment is where people mean it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry, entry_lines
from wildgit.core.merge.yaml_tree import Unstructured, parse

# Real data that is not ours to ship: beside the project, or where WILD_SHARED says.
SHARED = Path(os.environ.get("WILD_SHARED") or Path(__file__).parents[3] / "shared")
CORPUS = SHARED / "corpus" / "dev"


def root_entries(text: str) -> tuple[Entry, ...]:
    block = parse(text, Values()).documents[0].block
    assert block is not None
    return block.entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n# only a comment\n",
        "a: 1\n---\n---\nb: 2\n...\n# after\n---\nc: 3\n",
        "%YAML 1.1\n---\na: 1\n",
        "a:\n- x\n-\n-   y: 1\n    z: 2\n- - p\n  - q\n",
        "a: |\n  text\n\n   more\n\nb: >-\n    folded\n  \nc: |+\n  kept\n\n\nd: |2\n    deep\n",
        "a: &x {k: [1, 2]} # flow\nb: *x\nc:\n  <<: *x\n  <<: *x\n",
        'a: "one\n   two\n\n  three"\nb: plain\n  goes on\n',
        "  indented: yes\n\n  whole: file\n",
        "a:\n    b: 1\n# at the margin\n    c: 2\n  # between\nd: 3\n",
        "a: !local # not a comment of the tag\n  b: 1\n",
        "key: 'it''s'\t# tab\n? no\n".replace("? no\n", ""),
        '{"json": [1, {"deep": null}]}\n',
        "- # comment behind the dash\n  name: x\n",
        "a: 1\n\u2028# other line ends\nb: 2\n",
    ],
)
def test_entries_put_together_are_the_text(text: str) -> None:
    assert parse(text, Values()).text() == text


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"LOSSLESS ON REAL FILES NOT CHECKED: {CORPUS} is missing")
def test_entries_of_real_files_put_together_are_the_files() -> None:
    parsed = 0
    for path in sorted(CORPUS.rglob("*.yaml")):
        text = (
            path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n").removeprefix("\ufeff")
        )
        text += "" if text.endswith("\n") else "\n"
        try:
            stream = parse(text, Values())
        except Unstructured:
            continue
        parsed += 1
        assert stream.text() == text, path
    assert parsed > 100


@pytest.mark.parametrize(
    "text",
    [
        "{{- if .x }}\na: 1\n{{- end }}\n",
        "a: 1\na: 2\n",
        "f: {a: 1, a: 2}\n",
        "? complex\n: key\n",
        "a: *nowhere\n",
        "--- |\n  text on the marker's line\n",
        "a:\n\t- tab\n",
    ],
)
def test_what_does_not_partition_into_lines_says_so(text: str) -> None:
    with pytest.raises(Unstructured):
        parse(text, Values())


def test_a_question_mark_inside_a_script_is_no_key() -> None:
    assert parse("a: |\n  ? why\nb: 2\n", Values()).documents


def test_a_comment_glued_to_a_key_is_its_head() -> None:
    first, second = root_entries("a: 1\n# about b\nb: 2\n")
    assert first.foot == ()
    assert second.head == ("# about b",)


def test_a_comment_cut_off_by_a_blank_line_stands_alone() -> None:
    entries = root_entries("a: 1\n# alone\n\nb: 2\n")
    assert [entry.is_note for entry in entries] == [False, True, False]
    assert entries[2].head == ("",)


def test_a_deeper_comment_is_the_foot_of_the_entry_above() -> None:
    assert root_entries("a: 1\n  # below a\nb: 2\n")[0].foot == ("  # below a",)


def test_a_commented_out_item_stays_with_its_sequence() -> None:
    entries = root_entries("list:\n- a\n# - b\nnext: 1\n")
    assert entries[1].head == ()
    assert entries[0].block is not None
    assert entries[0].block.entries[1].is_note


def test_trailing_blank_lines_belong_to_a_scalar_only_if_it_keeps_them() -> None:
    kept, following = root_entries("a: |+\n  x\n\nb: 1\n")
    assert kept.value == "|+\n  x\n"
    assert following.head == ()
    clipped, following = root_entries("a: |\n  x\n\nb: 1\n")
    assert clipped.value == "|\n  x"
    assert following.head == ("",)


def test_an_entry_can_be_printed_at_another_column() -> None:
    entry = root_entries("a:\n  - b: |\n      text\n    # note\n  - c\n")[0]
    assert entry_lines(entry, 4) == [
        "    a:",
        "      - b: |",
        "          text",
        "        # note",
        "      - c",
    ]


def test_equal_documents_are_parsed_once() -> None:
    first, second = parse("---\na: 1\n---\na: 1\n", Values()).documents
    assert first is second


def test_scalars_are_equal_only_under_both_versions_of_yaml() -> None:
    values = Values()
    data = [
        parse(f"k: {text}\n", values).documents[0].data
        for text in ("8080", "0x1F90", '"8080"', "yes", "true")
    ]
    assert data[0] == data[1]
    assert len(set(data)) == 4
