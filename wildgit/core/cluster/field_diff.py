"""The difference between two objects, field by field, without what the server alone writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from wildgit.core.cluster.kube_objects import Object

_SERVER_METADATA = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
_MAX_SHOWN = 100


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@dataclass(frozen=True)
class Change:
    """One field: its path, and its value before and after. `ABSENT` is a field that is not there."""

    path: tuple[str, ...]
    old: Any
    new: Any

    @property
    def operation(self) -> str:
        """`add`, `remove` or `change`."""
        return "add" if self.old is ABSENT else "remove" if self.new is ABSENT else "change"

    def __str__(self) -> str:
        name = path_text(self.path)
        if self.operation == "add":
            return f"+ {name}: {_shown(self.new)}"
        if self.operation == "remove":
            return f"- {name}: {_shown(self.old)}"
        return f"~ {name}: {_shown(self.old)} → {_shown(self.new)}"

    def as_diff(self) -> list[str]:
        """Return it as the lines of a diff: what goes, and what comes."""
        name = path_text(self.path)
        old = [] if self.old is ABSENT else [f"- {name}: {_shown(self.old)}"]
        return old if self.new is ABSENT else [*old, f"+ {name}: {_shown(self.new)}"]


def diff_objects(old: Object, new: Object) -> tuple[Change, ...]:
    """Return what changes from one state of an object to another; a Secret's values are never shown."""
    changes = tuple(_diff(meaningful(old), meaningful(new), ()))
    if new.get("kind") == "Secret":
        return tuple(map(_without_value, changes))
    return changes


def differing_fields(desired: Object, live: Object) -> list[tuple[str, ...]]:
    """Return the paths of the fields that `desired` states and that have another value in `live`."""
    return [change.path for change in _diff(live, desired, ()) if change.new is not ABSENT]


def removed_fields(old: Object, new: Object) -> list[Change]:
    """Return the fields that `old` has and `new` has not; a Secret's values are never shown."""
    return [change for change in diff_objects(old, new) if change.new is ABSENT and change.old != {}]


def meaningful(obj: Object) -> Object:
    """Return the object without its status and without metadata that the server alone writes."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVER_METADATA}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}


def path_text(path: tuple[str, ...]) -> str:
    """Return a path as people write it: `spec.containers[web].image`."""
    return "".join(part if part.startswith("[") else f".{part}" for part in path).removeprefix(".")


def _without_value(change: Change) -> Change:
    if change.path[0] not in ("data", "stringData"):
        return change
    hide: Callable[[Any], Any] = lambda value: value if value is ABSENT else "(hidden)"  # noqa: E731
    return Change(change.path, hide(change.old), hide(change.new))


def _diff(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(key for key in new if key not in old)):
            yield from _diff(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and _are_named(old) and _are_named(new):
        before, after = _by_name(old), _by_name(new)
        for name in (*before, *(name for name in after if name not in before)):
            yield from _diff(before.get(name, ABSENT), after.get(name, ABSENT), (*path, f"[{name}]"))
    elif old is ABSENT and isinstance(new, dict) and new:
        for key, value in new.items():
            yield from _diff(ABSENT, value, (*path, key))
    elif old is ABSENT or new is ABSENT or old != new:
        yield Change(path, old, new)


def _are_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items)


def _by_name(items: list[Any]) -> dict[str, Any]:
    return {item["name"]: item for item in items}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=repr)
    first, *rest = text.splitlines() or [""]
    cut = first[:_MAX_SHOWN]
    return f"{cut} …" if rest or cut != first else cut
