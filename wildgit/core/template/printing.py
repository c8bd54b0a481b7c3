"""Values to text as Go's fmt package prints them with %v, print and println."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from wildgit.core.go_numbers import format_float
from wildgit.core.template.values import Fault, go_type, is_string, measure

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def print_value(value: object) -> str:
    """Return what %v prints: maps sorted by key, null as `<nil>`.

    Raises:
        Fault: the value is too large, or of a type that templates don't have.
    """
    if isinstance(value, list | dict):
        measure(value)
    return _print(value)


def _print(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if value is None:
        return "<nil>"
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, list):
        return f"[{' '.join(map(_print, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_print(value[key])}' for key in sorted(value))}]"
    raise Fault(f"values of type {go_type(value)} are not supported")


def to_text(value: object) -> str:
    """Return the text that gomplate's functions make of an argument: %v, but `nil` for a null."""
    return "nil" if value is None else print_value(value)


def print_operands(values: Iterable[object]) -> str:
    """Return what Go's Sprint prints: a space between two operands when neither is a string."""
    operands = list(values)
    parts = [print_value(operands[0])] if operands else []
    for before, value in pairwise(operands):
        if not (is_string(before) or is_string(value)):
            parts.append(" ")
        parts.append(print_value(value))
    return "".join(parts)


def quote(text: str, *, ascii_only: bool = False, delimiter: str = '"') -> str:
    """Return `text` as a Go string constant; as a character constant with `'` for delimiter.

    Source: Go's strconv.Quote, QuoteToASCII and QuoteRune.
    """
    return delimiter + "".join(_quote_char(char, ascii_only, delimiter) for char in text) + delimiter


def _quote_char(char: str, ascii_only: bool, delimiter: str) -> str:
    code = ord(char)
    if char in (delimiter, "\\"):
        return "\\" + char
    if char not in "\"'" and code in _ESCAPES:
        return _ESCAPES[code]
    if code < 0x7F and code >= 0x20:
        return char
    if char.isprintable() and not ascii_only:
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
