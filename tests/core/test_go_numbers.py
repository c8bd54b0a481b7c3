"""Numbers read and printed as Go does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.go_numbers import format_float, parse_float, parse_int


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("00", 0),
        ("-0b11", -3),
        ("0_17", 15),
        ("0x_a", 10),
        ("1_2", 12),
        ("1__2", None),
        ("_1", None),
        ("1_", None),
        ("09", None),
        ("0o", None),
        ("", None),
        ("+", None),
        ("١", None),
        ("18446744073709551615", (1 << 64) - 1),
        ("+18446744073709551615", None),
        ("-9223372036854775809", None),
        ("9" * 5000, None),
    ],
)
def test_integers(text: str, number: int | None) -> None:
    assert parse_int(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1_0.2_5e0_1", 102.5),
        ("5.", 5.0),
        (".5", 0.5),
        (".", None),
        ("1e", None),
        ("0x1.8p1", 3.0),
        ("0x1", None),
        ("1e400", None),
        ("0x1p9999", None),
        ("-Infinity", -math.inf),
        ("nan ", None),
    ],
)
def test_floats(text: str, number: float | None) -> None:
    assert parse_float(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (0.00012, "0.00012"),
        (0.000012, "1.2e-05"),
        (1e300, "1e+300"),
        (5e-324, "5e-324"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_printed_floats(number: float, text: str) -> None:
    assert format_float(number) == text


@given(st.floats(allow_nan=False))
def test_a_printed_float_reads_back_as_itself(number: float) -> None:
    assert parse_float(format_float(number)) == number
