"""One entry of a YAML file taken from another version of it: its bytes come, and no other byte changes."""

from __future__ import annotations

import pytest

from wildgit.core.yaml_edit import take_entry

OURS = b"""\
# top
cloud: {a: 1}   # keep

apps:
  # new words
  ghost:
    port: 2 # new
    extra: [a,   b]

  # between

  web:   # w
    a: "2"
last: 1"""
OLD = b"""\
apps:
  # old words
  ghost:
    port:   1 # old
    # below
  redis: {x:   1}
"""


@pytest.mark.parametrize(
    ("app", "before", "after"),
    [
        (
            "ghost",
            b"  # new words\n  ghost:\n    port: 2 # new\n    extra: [a,   b]\n",
            b"  # old words\n  ghost:\n    port:   1 # old\n    # below\n",
        ),
        ("redis", b'    a: "2"\n', b'    a: "2"\n  redis: {x:   1}\n'),
        ("web", b'\n  web:   # w\n    a: "2"\n', b""),
        ("absent", b"", b""),
    ],
)
def test_entry_is_taken_with_its_comments_and_nothing_else_changes(
    app: str, before: bytes, after: bytes
) -> None:
    assert take_entry(OURS, OLD, ("apps", app), "config.yaml") == OURS.replace(before, after, 1)


@pytest.mark.parametrize("empty", [b"# all\napps: {}\n", b"# all\napps:\n"])
def test_entry_is_taken_into_a_mapping_that_is_empty(empty: bytes) -> None:
    expected = b"# all\napps:\n  # old words\n  ghost:\n    port:   1 # old\n    # below\n"
    assert take_entry(empty, OLD, ("apps", "ghost"), "config.yaml") == expected


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (b"apps: {ghost: {port: 2, y: 3}}\n", b"apps:\n  ghost:\n    port: 1\n"),
        (b"", b"apps:\n  ghost:\n    port: 1\n"),
    ],
)
def test_value_is_taken_where_the_layout_stands_in_the_way(ours: bytes, expected: bytes) -> None:
    assert take_entry(ours, OLD, ("apps", "ghost"), "config.yaml") == expected
