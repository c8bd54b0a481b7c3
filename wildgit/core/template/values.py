"""The values that templates compute with: Python's, with Go's names and truth for them.

`None`, `bool`, `int`, `float`, `str`, `list` and `dict` with string keys stand for Go's `nil`, `bool`,
`int`, `float64`, `string`, `[]interface {}` and `map[string]interface {}`; the classes here for the
few other types that functions return. Whoever writes a template does not decide how much memory and
time it takes, so every value has a limit on its size.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, TypeGuard

from wildgit.core.go_numbers import INT64_MAX, INT64_MIN
from wildgit.core.yaml_values import MAX_DEPTH, Timestamp

MAX_TEXT = 1 << 20  # characters of one string
MAX_ITEMS = 100_000  # of one list, or of all that hangs on one value
_ITEM_COST = 10  # characters that cost as much time as an item


Path: TypeAlias = tuple[str, ...]


class Fault(Exception):
    """What a template asks for can't be done; the evaluator adds file and line.

    `path` leads to the value of the context that is missing, where that is the reason.
    """

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class Int64(int):
    """Go's int64, which arithmetic returns; `int` stands for Go's int."""


class Uint8(int):
    """A byte of a string."""


class Strings(list[str]):
    """Go's []string."""


class Int64s(list[Int64]):
    """Go's []int64."""


class Place(NamedTuple):
    """A map or list of the context, and the path to it; not read yet, only reached."""

    value: object
    path: Path


def go_type(value: object) -> str:
    """Return the name that Go's %T prints."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case Int64():
            return "int64"
        case Uint8():
            return "uint8"
        case int():
            return "int" if value <= INT64_MAX else "uint64"
        case float():
            return "float64"
        case Timestamp():
            return "time.Time"
        case str():
            return "string"
        case Strings():
            return "[]string"
        case Int64s():
            return "[]int64"
        case list():
            return "[]interface {}"
        case dict():
            return "map[string]interface {}"
    raise Fault(f"values of type {type(value).__name__} are not supported")


def go_kind(value: object) -> str:
    """Return the name of Go's reflect.Kind."""
    name = go_type(value)
    if name.startswith("["):
        return "slice"
    return {"<nil>": "invalid", "time.Time": "struct", "map[string]interface {}": "map"}.get(name, name)


def is_string(value: object) -> TypeGuard[str]:
    """Tell whether `value` is a string to Go; a date is not."""
    return isinstance(value, str) and not isinstance(value, Timestamp)


def is_integer(value: object) -> bool:
    """Tell whether `value` is of one of Go's integer kinds; a bool is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def to_int64(number: int) -> Int64:
    """Return `number` as int64; Go would wrap around, which nobody wants in a manifest."""
    if not INT64_MIN <= number <= INT64_MAX:
        raise Fault("integers past 64 bits are not supported")
    return Int64(number)


def check_text(size: int) -> None:
    """Refuse a text of `size` characters before it is made."""
    if size > MAX_TEXT:
        raise Fault(f"a text of {size} characters; at most {MAX_TEXT} are allowed")


def check_items(count: int) -> None:
    """Refuse a list of `count` items before it is made."""
    if count > MAX_ITEMS:
        raise Fault(f"a list of {count} items; at most {MAX_ITEMS} are allowed")


def measure(value: object) -> tuple[int, bool]:
    """Return what it costs to walk all that hangs on `value`, in characters, and whether a null is in it.

    What is shared counts as often as it is reached, as printing it would.

    Raises:
        Fault: it is too large or too deep to be walked.
    """
    size, has_null = 0, False
    level, depth = [value], 0
    while level:
        size += len(level) * _ITEM_COST
        if size > MAX_TEXT or depth > MAX_DEPTH:
            raise Fault("a value that is too large or too deep")
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                size += len(item)
            elif item is None:
                has_null = True
            elif isinstance(item, list):
                below += item
            elif isinstance(item, dict):
                size += sum(map(len, item))
                below += item.values()
            if len(below) > MAX_ITEMS:
                raise Fault("a value that is too large")
        level, depth = below, depth + 1
    return size, has_null
