"""Numbers as Go reads and prints them: what yaml.v3 and text/template share.

Go's `int` and `uint64` are told apart by their range alone: an integer past int64 is a uint64.
"""

from __future__ import annotations

import re
from math import copysign, isinf, isnan

INT64_MIN, INT64_MAX, UINT64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1

_INT = re.compile(
    r"([+-]?)(?:(0[xX](?:_?[0-9a-fA-F])+)|(0[bB](?:_?[01])+)|(0[oO](?:_?[0-7])+)|(0(?:_?[0-7])*)|([1-9](?:_?[0-9])*))"
)
_BASES = (16, 2, 8, 8, 10)
_DECIMAL = r"[0-9](?:_?[0-9])*"
_FLOAT = re.compile(rf"[+-]?(?:{_DECIMAL}(?:\.(?:{_DECIMAL})?)?|\.{_DECIMAL})(?:[eE][+-]?{_DECIMAL})?")
_HEX = r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_HEX_FLOAT = rf"[+-]?0[xX]_?(?:{_HEX}(?:\.(?:{_HEX})?)?|\.{_HEX})[pP][+-]?{_DECIMAL}"
_FLOAT_WORD = r"(?i)[+-]?(?:inf|infinity|nan)"
_LONGEST = 200  # 64 binary digits with underscores; Python would refuse to read thousands of digits


def parse_int(text: str) -> int | None:
    """Return the integer, base by its prefix, or None where it is none or fits neither int64 nor uint64.

    Source: Go's strconv.ParseInt and ParseUint with base 0.
    """
    match = _INT.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        return None
    base = next(base for base, digits in zip(_BASES, match.groups()[1:], strict=True) if digits)
    digits = text.lstrip("+-").replace("_", "")
    number = int("0o" + digits.lstrip("0oO") if base == 8 and digits.strip("0oO") else digits, base)
    if match[1] == "-":
        return -number if -number >= INT64_MIN else None
    # A sign says int64: ParseUint takes none.
    return number if number <= (INT64_MAX if match[1] else UINT64_MAX) else None


def parse_float(text: str) -> float | None:
    """Return the float, or None where it is none or too large.

    Source: Go's strconv.ParseFloat: underscores between digits, hexadecimal with `p`, the words inf and nan.
    """
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
    elif re.fullmatch(_HEX_FLOAT, text):
        try:
            number = float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    else:
        return float(text) if re.fullmatch(_FLOAT_WORD, text) else None
    return None if isinf(number) else number


def shortest_digits(number: float) -> tuple[str, str, int]:
    """Return sign, the fewest digits that read back as `number`, and the exponent of the first one."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    padded = whole + fraction
    digits = padded.lstrip("0")
    first = len(whole) - 1 - (len(padded) - len(digits)) + int(exponent or 0)
    sign = "-" if copysign(1.0, number) < 0 else ""
    return (sign, digits.rstrip("0"), first) if digits else (sign, "0", 0)


def format_float(number: float, *, exponent_from: int = 6) -> str:
    """Return `number` as Go prints it with %v; from 10**exponent_from on in the exponent form.

    Source: Go's strconv.FormatFloat(number, 'g', -1, 64).
    """
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    sign, digits, exponent = shortest_digits(number)
    if exponent < -4 or exponent >= exponent_from:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    fraction = digits[exponent + 1 :]
    return sign + digits[: exponent + 1].ljust(exponent + 1, "0") + ("." + fraction if fraction else "")
