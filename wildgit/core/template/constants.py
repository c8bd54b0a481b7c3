"""String, character and number constants as Go writes them."""

from __future__ import annotations

import re

from wildgit.core.go_numbers import INT64_MAX, INT64_MIN, parse_float, parse_int
from wildgit.core.template.values import Fault

_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"
)
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}


def unquote(text: str) -> str:
    """Return the value of a quoted or raw string constant.

    Raises:
        Fault: an escape that Go doesn't know, or bytes that are no UTF-8.

    Source: Go's strconv.Unquote.
    """
    body = text[1:-1]
    if text[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    data = bytearray()
    at = 0
    while (found := body.find("\\", at)) >= 0:
        data += body[at:found].encode()
        code, is_byte, at = _escape(body, found, '"')
        data += bytes((code,)) if is_byte else chr(code).encode()
    data += body[at:].encode()
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Fault("strings that are no UTF-8 text are not supported") from None


def parse_char(text: str) -> int:
    """Return the code of a character constant; raises Fault where it is malformed."""
    body = text[1:-1]
    if body.startswith("\\"):
        code, _, end = _escape(body, 0, "'")
        if end == len(body):
            return code
    elif len(body) == 1:
        return ord(body)
    raise Fault(f"malformed character constant {text}")


def _escape(body: str, at: int, quote: str) -> tuple[int, bool, int]:
    """Return the code, whether it is a byte rather than a character, and where the text goes on."""
    match = _ESCAPE.match(body, at)
    if match is None or (match["simple"] in ("'", '"') and match["simple"] != quote):
        raise Fault(f"unknown escape {body[at : at + 2]}")
    kind, digits = match.lastgroup, match[match.lastgroup or 0]
    if kind == "simple":
        return _SIMPLE[digits], False, match.end()
    code = int(digits, 8 if kind == "octal" else 16)
    is_byte = kind in ("hex", "octal")
    if code > (0xFF if is_byte else 0x10FFFF) or (not is_byte and 0xD800 <= code < 0xE000):
        raise Fault(f"invalid escape {match[0]}")
    return code, is_byte, match.end()


def parse_number(text: str) -> tuple[int | float | None, int | None]:
    """Return what a number constant is by itself, and as an integer; None where Go says it overflows.

    Source: text/template/parse/node.go, newNumber; exec.go, idealConstant.
    """
    if text.endswith("i") or "i" in text:
        raise Fault("complex numbers are not supported")
    number = parse_int(text)
    if number is not None:
        fits = INT64_MIN <= number <= INT64_MAX
        return (number, number) if fits else (None, None)
    value = parse_float(text)
    if value is None or not re.search("[.eEpP]", text):
        raise Fault(f"illegal number {text}")
    is_whole = value.is_integer() and INT64_MIN <= value <= INT64_MAX
    return value, int(value) if is_whole else None
