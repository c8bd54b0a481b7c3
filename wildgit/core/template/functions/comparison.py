"""eq, ne, lt, le, gt, ge by Go's rules: no conversion, so 1 and 1.0 don't compare.

Source: text/template/funcs.go of Go 1.24.
"""

from __future__ import annotations

from wildgit.core.template.values import Fault
from wildgit.core.yaml_values import Timestamp


def _kind(value: object) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, Timestamp):
        raise Fault("comparing a date is not supported")
    return "string" if isinstance(value, str) else None


def equals_any(first: object, *others: object) -> bool:
    """Tell whether `first` equals one of `others`; a null equals a null only."""
    if not others:
        raise Fault("nothing to compare with")
    return any(_equal(first, other) for other in others)


def _equal(first: object, second: object) -> bool:
    kind, other = _kind(first), _kind(second)
    if first is None or second is None:
        return first is second
    if kind != other:
        raise Fault("incompatible types for comparison")
    if kind is None:
        raise Fault("lists and maps can't be compared")
    return first == second


def differs(first: object, second: object) -> bool:
    """Tell whether the two differ."""
    return not _equal(first, second)


def is_less(first: object, second: object) -> bool:
    """Tell whether `first` comes before `second`; strings by code point."""
    kind, other = _kind(first), _kind(second)
    if kind is None or other is None:
        raise Fault("this type has no order")
    if kind != other:
        raise Fault("incompatible types for comparison")
    if kind == "bool":
        raise Fault("bools have no order")
    return bool(first < second)  # type: ignore[operator]  # both are numbers, or both strings


def is_less_or_equal(first: object, second: object) -> bool:
    """Tell whether `first` comes before `second` or equals it."""
    return is_less(first, second) or _equal(first, second)


def is_greater(first: object, second: object) -> bool:
    """Tell whether `first` doesn't come before `second` nor equals it; so NaN is greater, as in Go."""
    return not is_less_or_equal(first, second)


def is_greater_or_equal(first: object, second: object) -> bool:
    """Tell whether `first` doesn't come before `second`."""
    return not is_less(first, second)
