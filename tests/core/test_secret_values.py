"""The leaves of secrets.yaml and their spellings."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.guard import secret_values
from wildgit.core.guard.secret_values import Leaf, pieces, read_leaves, read_public, spell
from wildgit.errors import InputError

SIMPLE = b"""\
# made by git wild
apps:
  ghost:
    dbPassword: Zb3kQ9
    url: "postgres://ghost:x@db"
    empty:
    quoted: 'a b'
  redis:
    password: 0123
top: x
"""


def test_leaves_carry_their_key_path() -> None:
    assert read_leaves(SIMPLE, "secrets.yaml") == [
        Leaf("apps.ghost.dbPassword", "Zb3kQ9"),
        Leaf("apps.ghost.url", "postgres://ghost:x@db"),
        Leaf("apps.ghost.quoted", "a b"),
        Leaf("apps.redis.password", "0123"),
        Leaf("top", "x"),
    ]


keys = st.text("abcXYZ019_-.", min_size=1, max_size=6).filter(lambda key: key[0].isalnum())
values = st.one_of(
    st.text("abcXYZ01+/=._", max_size=8), st.sampled_from(['"a b"', "'x: y'", "", "~", "#c", "a b"])
)
lines = st.lists(
    st.tuples(st.integers(0, 3), keys, values).map(lambda row: f"{'  ' * row[0]}{row[1]}: {row[2]}"),
    max_size=8,
)


@given(lines)
def test_the_reader_of_simple_lines_agrees_with_the_parser_or_leaves_it_alone(text: list[str]) -> None:
    data = "\n".join(text).encode()
    simple = secret_values._read_simple(data)
    if simple is not None:
        assert simple == secret_values._read_any(data, "secrets.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x hunter22\nb: *x\n",
        "a: [hunter22]\n",
        "a: |\n  hunter22\n",
        "a: hunter22 # old\n",
        "- hunter22\n",
        "{a: hunter22}",
    ],
)
def test_any_other_yaml_is_read_by_the_parser(text: str) -> None:
    assert [leaf.value.strip() for leaf in read_leaves(text.encode(), "secrets.yaml")] == ["hunter22"]


@pytest.mark.parametrize("text", ["a: b\n c: d\n", "a: 'x\n", "a:\n\tb: c\n", "a: b: c\n"])
def test_broken_yaml_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(InputError, match=r"secrets\.yaml:\d"):
        read_leaves(text.encode(), "secrets.yaml")


@given(st.text(min_size=6, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_base64_is_found_wherever_the_value_stands_in_the_encoded_text(
    value: str, before: bytes, after: bytes
) -> None:
    data = value.encode()
    whole = before + data + after
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        assert any(spelling in encode(whole) for spelling in secret_values._base64(data))


def test_a_value_is_spelled_as_is_trimmed_and_escaped() -> None:
    spelled = spell(" pa\"s's/wö rd ")
    for text in (
        " pa\"s's/wö rd ",
        "pa\"s's/wö rd",
        json.dumps("pa\"s's/wö rd")[1:-1],
        "pa%22s%27s%2Fw%C3%B6%20rd",
    ):
        assert text.encode() in spelled
    assert "pa\"s''s/wö rd".encode() in spelled
    assert b"pa\"s's/w\xc3\xb6 rd".hex().encode() in spelled


def test_the_password_of_a_url_is_secret_by_itself() -> None:
    assert pieces("postgres://ghost:Zb3%40kQ9@db:5432/ghost") == ["Zb3%40kQ9", "Zb3@kQ9"]


def test_lines_of_a_key_are_secret_but_its_armour_is_not() -> None:
    line = "MHcCAQEEIKmoMLyBMrkeKsrqgnxNgBDJbkMJVyNqLDxSXLCMX1HyoAoGCCqGSM49"
    found = pieces(f"-----BEGIN EC PRIVATE KEY-----\n{line}\n-----END EC PRIVATE KEY-----\n")
    assert line in found
    assert "-----BEGIN EC PRIVATE KEY-----" not in found


def test_config_publishes_its_values_and_key_names_but_no_password() -> None:
    config = b"apps:\n  ghost:\n    dbUser: ghostuser\n    dbPassword: hunter22\n"
    public = read_public(config + b"    blob: Zb3kQ9Zb3kQ9Zb3kQ9Zb3kQ9\n", "config.yaml")
    assert public["ghostuser"] == "apps.ghost.dbUser"
    assert "ghost" in public
    assert "hunter22" not in public
    assert "Zb3kQ9Zb3kQ9Zb3kQ9Zb3kQ9" not in public
