"""Edits of manifests: what was asked, and every other byte as it was."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildgit.core.manifest_edit import GONE, edit_manifest, remove_document
from wildgit.core.yaml_text import dump_yaml
from wildgit.core.yaml_values import load_yaml, load_yaml_all
from wildgit.errors import InputError

MANIFEST = """\
# the web server
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}   # its name
spec:
  replicas: 3   # three

  # how it runs
  containers:
    - name: web
      image: "web:1"   # pinned
      args: [--fast, 'no']
      env: [{name: MODE, value: fast}, {name: LEVEL, value: info}]
      ports:
        - containerPort: 80   # http
        # and the metrics
        - containerPort: 90
---
# about b
kind: ConfigMap
metadata: {name: b}
data:
  # what k is
  k: |
    one
    two
  l: 1 # e
"""
WEB = ("spec", "containers", 0)


@pytest.mark.parametrize(
    ("document", "path", "value", "old", "new"),
    [
        (0, ("spec", "replicas"), 7, "replicas: 3 ", "replicas: 7 "),
        (0, ("spec", "replicas"), GONE, "  replicas: 3   # three\n", ""),
        (0, ("metadata", "labels", "a/b"), "true", "{name: web}", '{name: web, labels: {a/b: "true"}}'),
        (0, (*WEB, "image"), "web:9", '"web:1"', '"web:9"'),
        (0, (*WEB, "args"), ["--slow", "no"], "--fast", "--slow"),
        (0, (*WEB, "env", 0), GONE, "{name: MODE, value: fast}, ", ""),
        (0, (*WEB, "env", 1, "value"), "a: b", "value: info", 'value: "a: b"'),
        (0, (*WEB, "ports", 0, "containerPort"), 81, "80   # http", "81   # http"),
        (0, (*WEB, "ports", 1), GONE, "        # and the metrics\n        - containerPort: 90\n", ""),
        (
            0,
            (*WEB, "ports"),
            [{"containerPort": 80}, {"containerPort": 91}],
            "containerPort: 90",
            "containerPort: 91",
        ),
        (1, ("data", "k"), "one\nthree\n", "    two\n", "    three\n"),
        (1, ("data", "k"), GONE, "  # what k is\n  k: |\n    one\n    two\n", ""),
        (1, ("data", "m"), "new", "  l: 1 # e\n", "  l: 1 # e\n  m: new\n"),
    ],
)
def test_only_the_entry_in_question_is_another(
    document: int, path: tuple[str | int, ...], value: object, old: str, new: str
) -> None:
    assert MANIFEST.count(old) == 1
    edited = edit_manifest(MANIFEST.encode(), document, path, value, "all.yaml")
    assert edited.decode() == MANIFEST.replace(old, new)
    with_crlf = edit_manifest(MANIFEST.replace("\n", "\r\n").encode(), document, path, value, "all.yaml")
    assert with_crlf == edited.replace(b"\n", b"\r\n")


def test_document_goes_with_its_comments() -> None:
    first, second = MANIFEST.split("---\n")
    assert remove_document(MANIFEST.encode(), 1, "all.yaml").decode() == first
    assert remove_document(MANIFEST.encode(), 0, "all.yaml").decode() == "---\n" + second
    assert remove_document(first.encode(), 0, "all.yaml") == b""


def test_value_that_an_alias_shares_is_not_changed_behind_its_back() -> None:
    text = b"a: &x {k: 1}\nb: *x\n"
    assert load_yaml(edit_manifest(text, 0, ("b", "k"), 2, "f"), "") == {"a": {"k": 1}, "b": {"k": 2}}
    with pytest.raises(InputError, match="can't be set here"):
        edit_manifest(text, 0, ("a", "k"), 2, "f")


def test_lines_that_end_in_two_ways_are_left_to_people() -> None:
    with pytest.raises(InputError, match="end in more than one way"):
        edit_manifest(b"a: 1\r\nb: 2\n", 0, ("a",), 3, "f")


def test_place_that_is_not_there_is_refused() -> None:
    for path in (("spec", "nothing"), (*WEB, "ports", 5), ("metadata", "name", "deeper")):
        with pytest.raises(InputError):
            edit_manifest(MANIFEST.encode(), 0, path, GONE, "all.yaml")


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-9, 99999),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(
        [
            "yes",
            "0755",
            "1e3",
            "a: b",
            "# no",
            "two\nlines\n",
            "-",
            "null",
            "'",
            "!!bool",
            "!!int",
            "2001-99-99",
        ]
    ),
)
KEYS = st.sampled_from(["a", "b", "name", "x/y", "on", "80"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1), st.booleans(), VALUES, st.data())
def test_edit_says_exactly_what_was_asked(
    values: dict[str, object], flow: bool, value: object, data: st.DataObject
) -> None:
    text = dump_yaml(values, flow=flow)
    path: list[str | int] = []
    place: object = values
    while isinstance(place, dict | list) and place and (not path or data.draw(st.booleans())):
        step = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        path.append(step)
        place = place[step]  # type: ignore[index,call-overload]
    expected = copy.deepcopy(values)
    holder: object = expected
    for step in path[:-1]:
        holder = holder[step]  # type: ignore[index]
    holder[path[-1]] = value  # type: ignore[index]
    assert load_yaml_all(edit_manifest(text.encode(), 0, path, value, "f"), "") == [expected]
