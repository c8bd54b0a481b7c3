"""What an apply would leave behind of a structure that it no longer states: the server's own defaults.

A probe that was applied and is gone from the manifest loses its handler, but not `periodSeconds`, which the
server filled in and nobody owns; and a probe without a handler is refused. Owning all of it would not help:
what is left then is an empty probe (seen with 1.20). So it is taken out by itself before the apply.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#ownership-and-field-managers
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wildgit.core.cluster.field_ownership import MANAGER, Fields, applied_fields
from wildgit.core.cluster.kube_objects import Object

Path = tuple[
    str, ...
]  # keys of mappings, and elements of lists as managedFields name them: `k:{"name":"web"}`


def left_behind(desired: Mapping[str, Any], live: Mapping[str, Any]) -> list[Path]:
    """Return the structures that we applied, that `desired` has no more, and that nobody else shares."""
    owned = applied_fields(live)
    if owned is None:
        return []
    others = [entry.get("fieldsV1") or {} for entry in _entries(live) if not _is_ours(entry)]
    return [path for path in _dropped(owned, desired, live, ()) if not any(_has(o, path) for o in others)]


def with_left(desired: Object, live: Mapping[str, Any], paths: Sequence[Path]) -> Object:
    """Return what is desired with the structures as the cluster has them: what the server accepts."""
    filled = copy.deepcopy(desired)
    for *parents, name in paths:
        _at(filled, parents)[name] = copy.deepcopy(_at(live, parents)[name])
    return filled


def without_left(obj: Object, paths: Sequence[Path]) -> Object:
    """Return an object without the structures."""
    emptied = copy.deepcopy(obj)
    for *parents, name in paths:
        _at(emptied, parents).pop(name, None)
    return emptied


def removal(live: Mapping[str, Any], paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the JSON patch that takes the structures out, if lists around them still have this order."""
    patch: list[dict[str, Any]] = []
    for path in paths:
        place = ""
        value: Any = live
        for step in path:
            name = step
            if isinstance(value, list):
                name = str(value.index(_step(value, step)))
                for key, wanted in json.loads(step[2:]).items():
                    patch.append({"op": "test", "path": f"{place}/{name}/{_escaped(key)}", "value": wanted})
            place, value = f"{place}/{_escaped(name)}", _step(value, step)
        patch.append({"op": "remove", "path": place})
    return patch


def _dropped(owned: Fields, desired: Any, live: Any, path: Path) -> Iterator[Path]:
    for key, inner in owned.items():
        step = key.removeprefix("f:")
        if not key.startswith(("f:", "k:")) or (found := _step(live, step)) is None:
            continue
        wanted = _step(desired, step)
        if wanted is not None:
            yield from _dropped(inner or {}, wanted, found, (*path, step))
        elif isinstance(found, dict) and key.startswith("f:"):
            yield (*path, step)


def _has(fields: Fields, path: Path) -> bool:
    for step in path:
        if _key(step) not in fields:
            return False
        fields = fields[_key(step)] or {}
    return True


def _at(obj: Any, path: Sequence[str]) -> Any:
    for step in path:
        obj = _step(obj, step)
    return obj


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.startswith("k:"):
        keys = json.loads(step[2:])
        # What is missing in a manifest has its default, which is why the server could make a key of it.
        return next(
            (x for x in value if all(x.get(name, wanted) == wanted for name, wanted in keys.items())), None
        )
    return None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _key(step: str) -> str:
    return step if step.startswith("k:") else f"f:{step}"


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((live.get("metadata") or {}).get("managedFields") or [])


def _is_ours(entry: Mapping[str, Any]) -> bool:
    is_applied = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_applied and entry.get("manager") == MANAGER
