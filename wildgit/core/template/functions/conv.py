"""gomplate's conv functions: from one type to another.

Source: gomplate's documentation of conv, and Go's strconv for what a number looks like.
"""

from __future__ import annotations

from math import isfinite

from wildgit.core.go_numbers import INT64_MAX, parse_float, parse_int
from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printing import to_text
from wildgit.core.template.values import Fault, Int64, Strings, check_text, go_type, to_int64
from wildgit.core.yaml_values import Timestamp


def _text_to_number(text: str) -> int | float | None:
    bare = text.replace(",", "")
    number = parse_int(bare)
    return number if number is not None and number <= INT64_MAX else parse_float(bare)


def to_bool(value: object) -> bool:
    """Tell whether `value` is true, one, or a word for it: 1, t, true, yes."""
    if isinstance(value, str):
        return value.lower() in ("1", "t", "true", "yes") or _text_to_number(value.lower()) == 1
    return isinstance(value, int | float) and value == 1


def to_int64_of(value: object) -> Int64:
    """Return the integer that `value` is or spells; fractions are cut off."""
    if isinstance(value, Timestamp):
        raise Fault("a date as a number is not supported")
    number = _text_to_number(value) if isinstance(value, str) else value
    if isinstance(number, float):
        if not isfinite(number) or abs(number) >= INT64_MAX:
            raise Fault("the number doesn't fit 64 bits")
        return Int64(number)
    if isinstance(number, int):
        return to_int64(number)
    raise Fault(f"a value of type {go_type(value)} is no number")


def to_float(value: object) -> float:
    """Return the float that `value` is or spells."""
    if isinstance(value, Timestamp):
        raise Fault("a date as a number is not supported")
    number = _text_to_number(value) if isinstance(value, str) else value
    if isinstance(number, int | float):
        return float(number)
    raise Fault(f"a value of type {go_type(value)} is no number")


def default(fallback: object, value: object) -> object:
    """Return `value`, or `fallback` where it counts as false."""
    return value or fallback


def join(items: object, separator: str) -> str:
    """Return the items of a list as one text."""
    if not isinstance(items, list):
        raise Fault(f"join takes a list, not {go_type(items)}")
    texts = [to_text(item) for item in items]
    check_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


FUNCTIONS: dict[str, Function] = {
    "conv.ToString": declare(to_text, "any", Looks.TEXT),
    "conv.ToStrings": declare(lambda *values: Strings(map(to_text, values)), "any...", Looks.TEXT),
    "conv.ToInt": declare(lambda value: int(to_int64_of(value)), "any"),
    "conv.ToInt64": declare(to_int64_of, "any"),
    "conv.ToFloat64": declare(to_float, "any"),
    "conv.ToBool": declare(to_bool, "any"),
    "conv.Default": declare(default, "any any", Looks.TOP),
    "conv.Join": declare(join, "any string", Looks.TEXT),
}
GLOBAL = {"default": "conv.Default", "join": "conv.Join"}
