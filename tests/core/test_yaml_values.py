"""YAML values by the rules of yaml.v3, and the bounds on hostile text."""

from __future__ import annotations

import math
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.yaml_values import MAX_BYTES, MAX_DEPTH, Timestamp, load_yaml, load_yaml_all
from wildgit.errors import InputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("On", "On"),
        ("n", "n"),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ("42", 42),
        ("+42", 42),
        ("-0", 0),
        ("0644", 420),
        ("0o644", 420),
        ("-0o10", -8),
        ("0xBEEF", 0xBEEF),
        ("0b110", 6),
        ("1_0", 10),
        ("089", 89.0),
        ("9223372036854775808", 1 << 63),
        ("18446744073709551616", float(1 << 64)),
        ("1e3", 1000.0),
        ("7.", 7.0),
        (".5", 0.5),
        ("1e999", "1e999"),
        ("1.2.3", "1.2.3"),
        ("08:30", "08:30"),
        ("0x", "0x"),
        ("-", None),
        ("-.inf", -math.inf),
        ("+.INF", math.inf),
        ("10Gi", "10Gi"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!float 5", 5.0),
        ("!!binary aMOp", "hé"),
        ("! 5", 5),
        ("!!null ''", None),
        ("!!bool 'true'", True),
    ],
)
def test_scalar_means_what_gomplate_reads(text: str, value: object) -> None:
    loaded = load_yaml(f"v: {text}" if text != "-" else "v:", "values.yaml")
    assert isinstance(loaded, dict)
    assert loaded["v"] == value
    assert type(loaded["v"]) is type(value)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("2023-7-9", "2023-07-09 00:00:00 +0000 UTC"),
        ("2023-07-09 1:2:3", "2023-07-09 01:02:03 +0000 UTC"),
        ("2023-07-09T01:02:03.4500+02:00", "2023-07-09 01:02:03.45 +0200 +0200"),
        ("2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
    ],
)
def test_timestamp_is_kept_as_go_prints_it(text: str, printed: str) -> None:
    value = load_yaml(text, "values.yaml")
    assert value == printed
    assert isinstance(value, Timestamp)


@pytest.mark.parametrize("text", ["2023-02-29", "2023-13-01", "2023-07-09T01:02:03", "2023-07-09 25:00:00"])
def test_what_is_no_timestamp_stays_a_string(text: str) -> None:
    assert type(load_yaml(text, "values.yaml")) is str


def test_keys_become_strings() -> None:
    text = "0x1F: top\nnested: {0x1F: a, 1.0: b, TRUE: c, ~: d, 'q': e}\n"
    assert load_yaml(text, "v") == {
        "0x1F": "top",
        "nested": {"31": "a", "1": "b", "true": "c", "<nil>": "d", "q": "e"},
    }


def test_merge_keys_never_override_and_earlier_sources_win() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\nd: {'<<': plain}\n"
    loaded = load_yaml(text, "v")
    assert isinstance(loaded, dict)
    assert loaded["c"] == {"x": 1, "y": 1, "z": 3}
    assert loaded["d"] == {"<<": "plain"}


def test_changing_one_use_of_an_anchor_leaves_the_other() -> None:
    loaded = load_yaml("a: &a [1]\nb: *a\n", "v")
    assert isinstance(loaded, dict)
    loaded["a"].append(2)
    assert loaded["b"] == [1]


def test_every_document_is_returned_and_one_is_expected_of_load_yaml() -> None:
    assert load_yaml_all("a: 1\n---\n---\n- b\n", "v") == [{"a": 1}, None, ["b"]]
    assert load_yaml_all("", "v") == []
    assert load_yaml("# nothing\n", "v") is None
    with pytest.raises(InputError, match="one YAML document, found 2"):
        load_yaml("--- 1\n--- 2\n", "v")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, 'key "c" stands already in line 3'),
        ("x: {1: a, '1': b}\n", 1, "stands already"),
        ("a: 1\nb: [\n", 3, "expected node content"),
        ("a: 1\n\tb: 2\n", 2, ""),
        ("a: *none\n", 1, 'no anchor "none"'),
        ("a: &a {b: *a}\n", 1, "contains itself"),
        ("a: 1\n[1, 2]: b\n", 2, ""),
        ("? {a: 1}\n: b\n", 1, "a key must be a scalar"),
        ("a: &a [1]\n*a : b\n", 2, "a key must be a scalar"),
        ("a:\n  <<: 1\n", 2, "<< takes a mapping"),
        ("a: !!int x\n", 1, "can't be read as !!int"),
        ("a: !vault x\n", 1, "can't be read as !vault"),
        ("a: !!binary '**'\n", 1, "no base64"),
        ("a: !!binary /w==\n", 1, "not supported"),
        (b"a: 1\nb: \xff\n", 2, "not text"),
        ("a: 1\nb: \x00\n", 2, "not text"),
        ("a: 1\nb: \ud800\n", 2, "surrogate"),
    ],
)
def test_broken_text_is_an_error_with_its_line(text: str | bytes, line: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_yaml(text, "dir/file.yaml")
    assert caught.value.line == line
    assert caught.value.message.startswith(f"dir/file.yaml:{line}: ")
    assert message in caught.value.message


def alias_bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(alias_bomb(30), id="lists"),
        pytest.param("a: &a " + "x" * 100_000 + "\n" + "".join(f"b{n}: *a\n" for n in range(100)), id="text"),
        pytest.param(
            "a: &a {" + ", ".join(f"k{n}: v" for n in range(9999)) + "}\n"
            "b: {<<: [" + ", ".join(["*a"] * 999) + "]}\n",
            id="merges",
        ),
        pytest.param("[" * 50_000, id="deep"),
        pytest.param("a: " + "- " * 50_000, id="deep-block"),
        pytest.param("x" * (MAX_BYTES + 1), id="large"),
    ],
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError):
        load_yaml(text, "bomb.yaml")
    assert time.perf_counter() - start < 2


def test_depth_has_a_limit_that_is_allowed() -> None:
    load_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "v")
    with pytest.raises(InputError, match="levels deep"):
        load_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "v")


@given(st.text() | st.binary())
def test_any_text_loads_or_is_an_input_error(text: str | bytes) -> None:
    try:
        load_yaml_all(text, "fuzz.yaml")
    except InputError as error:
        assert error.message.startswith("fuzz.yaml")


plain = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"))
values = st.recursive(
    plain | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_written_as_json_loads_as_itself(value: object) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10_000)
    assert load_yaml(text, "v") == value
