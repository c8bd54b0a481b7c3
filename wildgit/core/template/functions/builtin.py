"""The functions of Go's text/template itself. `and`, `or` and `ds` are the evaluator's own."""

from __future__ import annotations

from typing import NoReturn

from wildgit.core.template.functions import comparison
from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printf import sprintf
from wildgit.core.template.printing import print_operands, print_value
from wildgit.core.template.values import Fault, Uint8, go_type, is_integer, is_string

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', **{char: f"\\u{ord(char):04X}" for char in "<>&="}}
_URL_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


def length(item: object) -> int:
    """Return the bytes of a string, the items of a list, the keys of a map."""
    if is_string(item):
        return len(item.encode())
    if isinstance(item, list | dict):
        return len(item)
    raise Fault(f"a value of type {go_type(item)} has no length")


def index(item: object, *indexes: object) -> object:
    """Return the item at `indexes`, one after the other; null where a map has no such key."""
    if item is None:
        raise Fault("nothing to index: the value is null")
    for position in indexes:
        item = _index_one(item, position)
    return item


def _index_one(item: object, position: object) -> object:
    if isinstance(item, dict):
        if not is_string(position):
            raise Fault(f"a map is indexed by strings, not by {go_type(position)}")
        return item.get(position)
    if isinstance(item, list):
        return item[_checked(position, len(item) - 1)]
    if is_string(item):
        data = item.encode()
        return Uint8(data[_checked(position, len(data) - 1)])
    if item is None:
        raise Fault("nothing to index: the value is null")
    raise Fault(f"a value of type {go_type(item)} can't be indexed")


def _checked(position: object, last: int) -> int:
    if not isinstance(position, int) or not is_integer(position):
        raise Fault(f"a list is indexed by integers, not by {go_type(position)}")
    if not 0 <= position <= last:
        raise Fault(f"index {int(position)} is out of range")
    return position


def slice_(item: object, *indexes: object) -> object:
    """Return the part of a list or of a string's bytes from the first index up to the second."""
    if len(indexes) > 2:
        raise Fault("slice with three indexes is not supported")
    if is_string(item):
        data = item.encode()
        start, end = _bounds(indexes, len(data))
        try:
            return data[start:end].decode()
        except UnicodeDecodeError:
            raise Fault("cutting a character in two is not supported") from None
    if isinstance(item, list):
        # Go reaches past the end of a list that was cut from a longer one; that is an error here.
        start, end = _bounds(indexes, len(item))
        return type(item)(item[start:end])
    raise Fault(f"a value of type {go_type(item)} can't be sliced")


def _bounds(indexes: tuple[object, ...], size: int) -> tuple[int, int]:
    start = _checked(indexes[0], size) if indexes else 0
    end = _checked(indexes[1], size) if len(indexes) > 1 else size
    if start > end:
        raise Fault(f"slice from {start} to {end}")
    return start, end


def not_(value: object) -> bool:
    """Tell whether `value` counts as false."""
    return not value


def print_line(*values: object) -> str:
    """Return the values with a space between each two, and a newline."""
    return " ".join(map(print_value, values)) + "\n"


def _joined(values: tuple[object, ...]) -> str:
    return print_operands("<no value>" if value is None else value for value in values)


def escape_html(*values: object) -> str:
    """Return the values as text that is safe in HTML."""
    return _joined(values).translate(_HTML)


def escape_js(*values: object) -> str:
    """Return the values as text that is safe in a JavaScript string."""
    return "".join(
        _JS.get(char) or (char if char.isprintable() else f"\\u{ord(char):04X}") for char in _joined(values)
    )


def escape_url(*values: object) -> str:
    """Return the values as text that is safe as a query's value; a space becomes `+`."""
    data = _joined(values).encode()
    return "".join(chr(b) if b in _URL_SAFE else "+" if b == 0x20 else f"%{b:02X}" for b in data)


def _by_evaluator(*_: object) -> NoReturn:
    raise AssertionError("the evaluator does this itself: it needs the operands unevaluated, or the context")


FUNCTIONS: dict[str, Function] = {
    "and": declare(_by_evaluator, "any any...", Looks.TOP),
    "or": declare(_by_evaluator, "any any...", Looks.TOP),
    "ds": declare(_by_evaluator, "string string...", Looks.TOP),
    "datasource": declare(_by_evaluator, "string string...", Looks.TOP),
    "not": declare(not_, "any", Looks.TOP),
    "len": declare(length, "any", Looks.TOP),
    "index": declare(index, "any any...", Looks.TOP),
    "slice": declare(slice_, "any any...", Looks.TOP),
    "eq": declare(comparison.equals_any, "any any...", Looks.TOP),
    "ne": declare(comparison.differs, "any any", Looks.TOP),
    "lt": declare(comparison.is_less, "any any", Looks.TOP),
    "le": declare(comparison.is_less_or_equal, "any any", Looks.TOP),
    "gt": declare(comparison.is_greater, "any any", Looks.TOP),
    "ge": declare(comparison.is_greater_or_equal, "any any", Looks.TOP),
    "print": declare(lambda *values: print_operands(values), "any...", Looks.TEXT),
    "println": declare(print_line, "any...", Looks.TEXT),
    "printf": declare(sprintf, "string any...", Looks.TEXT),
    "html": declare(escape_html, "any...", Looks.TEXT),
    "js": declare(escape_js, "any...", Looks.TEXT),
    "urlquery": declare(escape_url, "any...", Looks.TEXT),
}
