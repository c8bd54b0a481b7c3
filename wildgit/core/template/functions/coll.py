"""gomplate's coll functions: lists and maps. None of them changes what it is given.

Source: gomplate's documentation of coll.
"""

from __future__ import annotations

from wildgit.core.template.functions.builtin import index
from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printing import to_text
from wildgit.core.template.values import Fault, Strings, check_items, go_type, is_string


def has(item: object, key: str) -> bool:
    """Tell whether a map has the key, or a list the string; nothing else has anything."""
    if isinstance(item, dict):
        return key in item
    return isinstance(item, list) and any(is_string(member) and member == key for member in item)


def make_dict(*pairs: object) -> dict[str, object]:
    """Return the map of key, value, key, value …; a last key alone has the empty string."""
    values = [*pairs[1::2], ""]
    return {to_text(key): value for key, value in zip(pairs[::2], values, strict=False)}


def keys(*maps: dict[str, object]) -> Strings:
    """Return the sorted keys of each map."""
    if not maps:
        raise Fault("keys takes at least one map")
    return Strings(key for item in maps for key in sorted(item))


def values(*maps: dict[str, object]) -> list[object]:
    """Return the values of each map, in the order of its sorted keys."""
    if not maps:
        raise Fault("values takes at least one map")
    return [item[key] for item in maps for key in sorted(item)]


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Fault(f"expected a list, not {go_type(value)}")
    check_items(len(value) + 1)
    return value


def uniq(value: object) -> list[object]:
    """Return the list without the items that came before; 1 and 1.0 are two."""
    seen: set[object] = set()
    kept: list[object] = []
    for item in _items(value):
        if isinstance(item, list | dict):
            raise Fault("uniq on lists and maps is not supported")
        identity = (go_type(item), item)
        if identity not in seen:
            seen.add(identity)
            kept.append(item)
    return kept


def index_strictly(*arguments: object) -> object:
    """Return the item at the indexes, which come first; a key that is not there is an error."""
    if len(arguments) < 2:
        raise Fault("coll.Index takes at least 2 arguments")
    *positions, item = arguments
    for position in positions:
        if isinstance(item, dict) and position not in item:
            raise Fault(f"the map has no key {to_text(position)}")
        item = index(item, position)
    return item


def merge(first: dict[str, object], *others: dict[str, object]) -> dict[str, object]:
    """Return one map of all, maps inside merged too; the leftmost wins."""
    merged = first
    for other in others:
        merged = _merge(merged, other)
    return merged


def _merge(winner: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    merged = {**other, **winner}
    for key in winner.keys() & other.keys():
        mine, theirs = winner[key], other[key]
        if isinstance(mine, dict) and isinstance(theirs, dict):
            merged[key] = _merge(mine, theirs)
    return merged


FUNCTIONS: dict[str, Function] = {
    "coll.Has": declare(has, "any string", Looks.TOP),
    "coll.Dict": declare(make_dict, "any..."),
    "coll.Keys": declare(keys, "map...", Looks.TOP),
    "coll.Values": declare(values, "map...", Looks.TOP),
    "coll.Slice": declare(lambda *items: list(items), "any...", Looks.TOP),
    "coll.Append": declare(lambda item, items: [*_items(items), item], "any any", Looks.TOP),
    "coll.Prepend": declare(lambda item, items: [item, *_items(items)], "any any", Looks.TOP),
    "coll.Uniq": declare(uniq, "any", Looks.TOP),
    "coll.Reverse": declare(lambda items: _items(items)[::-1], "any", Looks.TOP),
    "coll.Index": declare(index_strictly, "any...", Looks.TOP),
    "coll.Merge": declare(merge, "map map..."),
}
GLOBAL = {
    "has": "coll.Has",
    "dict": "coll.Dict",
    "keys": "coll.Keys",
    "values": "coll.Values",
    "append": "coll.Append",
    "prepend": "coll.Prepend",
    "uniq": "coll.Uniq",
    "reverse": "coll.Reverse",
    "merge": "coll.Merge",
}
