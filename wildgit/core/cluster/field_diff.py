"""The difference between two objects, field by field, without what the server alone writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wildgit.core.cluster.kube_objects import Object

_SERVER_METADATA = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
_MAX_SHOWN = 100
# What tells the elements of a list apart, the most telling first. Where elements have none of these, or share
# one, the list is one value. Mounts come first: they have a name, which is their volume's.
_ELEMENT_KEYS = (
    ("mountPath",),
    ("devicePath",),
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("ip",),
    ("topologyKey", "whenUnsatisfiable"),
)
HIDDEN = "(hidden)"


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
    changes = changed_fields(old, new)
    return tuple(map(without_value, changes)) if new.get("kind") == "Secret" else changes


def changed_fields(old: Object, new: Object) -> tuple[Change, ...]:
    """Return what changes from one state of an object to another, with the values of Secrets: not to show."""
    return tuple(_diff(meaningful(old), meaningful(new), ()))


def differing_fields(desired: Object, live: Object) -> list[tuple[str, ...]]:
    """Return the paths of the fields that `desired` states and that have another value in `live`.

    Servers leave out what is empty or false; stated so, and not there, is no difference.
    """
    changes = [change for change in _diff(live, desired, ()) if change.new is not ABSENT]
    return [change.path for change in changes if change.old is not ABSENT or change.new]


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


def value_at(obj: Any, path: Sequence[str]) -> Any:
    """Return what an object has at a path of `Change`; ABSENT where it has nothing there."""
    found = obj
    for step in path:
        if isinstance(found, dict):
            found = found.get(step, ABSENT)
        elif isinstance(found, list) and step.startswith("["):
            position = element_position(found, step)
            found = ABSENT if position is None else found[position]
        else:
            return ABSENT
    return found


def element_position(items: Sequence[Any], label: str) -> int | None:
    """Return where in a list the element of a label such as `[web]` is; None where it is not."""
    for position, item in enumerate(items):
        if isinstance(item, dict) and any(_label(item, keys) == label for keys in _ELEMENT_KEYS):
            return position
    return None


def element_label(item: Any) -> str:
    """Return the most telling label of a list's element, such as `[web]`; "" where it has none."""
    return next((label for keys in _ELEMENT_KEYS if (label := _label(item, keys))), "")


def without_value(change: Change) -> Change:
    """Return the change of a Secret as it may be shown."""
    if change.path[0] not in ("data", "stringData"):
        return change
    old, new = (value if value is ABSENT else HIDDEN for value in (change.old, change.new))
    return Change(change.path, old, new)


def _diff(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(key for key in new if key not in old)):
            yield from _diff(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and (keys := _common_keys(old, new)):
        before, after = ({_label(item, keys): item for item in items} for items in (old, new))
        for label in (*before, *(label for label in after if label not in before)):
            yield from _diff(before.get(label, ABSENT), after.get(label, ABSENT), (*path, label))
        if _kept(before, after) != _kept(after, before):
            yield Change((*path, "[order]"), list(before), list(after))
    elif old is ABSENT and isinstance(new, dict) and new and not (path and path[-1].startswith("[")):
        for key, value in new.items():
            yield from _diff(ABSENT, value, (*path, key))
    elif old is ABSENT or new is ABSENT or old != new:
        yield Change(path, old, new)


def _kept(items: dict[str, Any], others: dict[str, Any]) -> list[str]:
    return [label for label in items if label in others]


def _common_keys(old: list[Any], new: list[Any]) -> tuple[str, ...] | None:
    """Return the fields that tell the elements of both lists apart; None where nothing does."""
    for keys in _ELEMENT_KEYS:
        labels = [[_label(item, keys) for item in items] for items in (old, new)]
        if all(side and all(side) and len(set(side)) == len(side) for side in labels):
            return keys
    return None


def _label(item: Any, keys: tuple[str, ...]) -> str:
    """Return `[web]` or `[port=80,protocol=TCP]`; "" for an element that has not all of the keys."""
    if not isinstance(item, dict):
        return ""
    values = [item.get(key) for key in keys]
    if not all(isinstance(value, str | int) for value in values):
        return ""
    if keys == ("name",):
        return f"[{values[0]}]"
    return "[" + ",".join(f"{key}={value}" for key, value in zip(keys, values, strict=True)) + "]"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=repr)
    first, *rest = text.splitlines() or [""]
    cut = first[:_MAX_SHOWN]
    return f"{cut} …" if rest or cut != first else cut
