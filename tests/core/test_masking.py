"""What is hidden in everything we print, in whatever form it comes back."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.cluster.masking import MASK, masker, secret_values

VALUE = 'correct "horse" ü/battery'


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        quote(VALUE, safe=""),
        json.dumps(VALUE)[1:-1],
    ],
)
def test_every_form_of_a_value_is_hidden(form: str) -> None:
    shown = masker([VALUE])(f"the server said: {form}, sorry")
    assert MASK in shown
    assert form.rstrip("=") not in shown


@given(st.text("abcdefghij0123456789", min_size=8, max_size=40), st.binary(max_size=9), st.binary(max_size=9))
def test_value_inside_a_longer_base64_text_is_hidden(value: str, before: bytes, after: bytes) -> None:
    assert MASK in masker([value])(base64.b64encode(before + value.encode() + after).decode())


def test_short_value_is_hidden_only_where_it_stands_alone() -> None:
    assert masker(["abc"])("abc, abcd and 'abc'") == f"{MASK}, abcd and '{MASK}'"


def test_every_line_of_a_key_is_hidden() -> None:
    shown = masker(["-----BEGIN KEY-----\nc2VjcmV0c2VjcmV0\n-----END KEY-----\n"])(
        "got c2VjcmV0c2VjcmV0 here"
    )
    assert shown == f"got {MASK} here"


def test_values_are_all_scalars_but_booleans_and_nulls() -> None:
    assert secret_values({"apps": {"a": {"x": 1, "y": ["z", None], "on": True}}}) == ["1", "z"]


def test_text_without_secrets_stays() -> None:
    assert masker([])("as it was") == "as it was"
