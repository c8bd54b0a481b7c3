"""What an apply would leave behind of what it no longer states, where the server then refuses all of it.

A field that was applied and is gone from the manifest goes, but not what the server filled in beside it,
which nobody owns. A removed probe keeps `periodSeconds`, and a probe without a handler is refused; a
volume that was a ConfigMap and becomes a claim keeps `configMap.defaultMode`, and may not be two things;
a strategy that becomes `Recreate` keeps `rollingUpdate`. `kubectl apply` without --server-side knows
these places by name and clears them.

Here they are found by what the server refuses: have it merge everything with these mappings as they were
(`stand_in`), then put in what is wanted without what is left (`settled`), and send that as a whole.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#ownership-and-field-managers
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wildgit.core.cluster.field_ownership import MANAGER, Fields, applied_fields
from wildgit.core.cluster.kube_objects import Object

Path = tuple[
    str, ...
]  # keys of mappings, and elements of lists as managedFields name them: `k:{"name":"web"}`


def left_behind(
    desired: Mapping[str, Any], live: Mapping[str, Any], refused: Iterable[str], *, of_others: bool = False
) -> list[Path]:
    """Return the structures that `desired` does not state, and that may be in its way.

    Args:
        desired: what was refused.
        live: what the cluster has, with its managedFields; nothing is left of what we never applied.
        refused: the fields that the server names, such as `spec.template.spec.volumes[0].configMap`. It may
            name the old one, the new one, or what holds both.
    """
    owned = applied_fields(live)
    if owned is None:
        return []
    entries = [] if of_others else [entry for entry in _entries(live) if not _is_ours(entry)]
    others = [entry.get("fieldsV1") or {} for entry in entries]
    fields = [_without_positions(field) for field in refused if field]
    return [
        path
        for path in _unstated(desired, live, owned, ())
        if any(_is_near(path, field) for field in fields) and not any(_has(other, path) for other in others)
    ]


def stand_in(desired: Object, live: Mapping[str, Any], left: Sequence[Path]) -> Object:
    """Return what is desired, but for the mappings around what is left: they are as the cluster has them."""
    filled = copy.deepcopy(desired)
    for parents in _around(left):
        wanted, found = _at(filled, parents), _at(live, parents)
        for key in list(wanted):
            if key not in found:
                del wanted[key]
            elif not isinstance(wanted[key], dict | list):
                wanted[key] = found[key]
    for path in left:
        _at(filled, path[:-1])[path[-1]] = copy.deepcopy(_at(live, path))
    return filled


def settled(merged: Object, desired: Object, left: Sequence[Path]) -> Object:
    """Return what the server merged of a stand-in, with what is desired there and without what is left."""
    done = copy.deepcopy(merged)
    for path in left:
        _at(done, path[:-1]).pop(path[-1], None)
    for parents in _around(left):
        target = _at(done, parents)
        for key, value in _at(desired, parents).items():
            if key not in target or not isinstance(value, dict | list):
                target[key] = copy.deepcopy(value)
    return done


def _unstated(desired: Any, live: Any, owned: Fields, path: Path) -> Iterator[Path]:
    if isinstance(desired, dict) and isinstance(live, dict):
        for key, found in live.items():
            if not path and key in ("metadata", "status"):
                continue
            if key in desired:
                yield from _unstated(desired[key], found, owned.get(f"f:{key}") or {}, (*path, key))
            elif isinstance(found, dict):
                yield (*path, key)
    elif isinstance(desired, list) and isinstance(live, list):
        for step, inner in owned.items():
            wanted, found = _step(desired, step), _step(live, step)
            if wanted is not None and found is not None:
                yield from _unstated(wanted, found, inner or {}, (*path, step))


def _is_near(path: Path, refused: str) -> bool:
    """Whether a structure is in, around or beside what the server named."""
    name = ".".join(step for step in path if not step.startswith("k:"))
    is_in, is_around = f"{name}.".startswith(f"{refused}."), f"{refused}.".startswith(f"{name}.")
    return is_in or is_around or name.rpartition(".")[0] == refused.rpartition(".")[0]


def _without_positions(field: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", field)


def _around(left: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(path[:-1] for path in left))


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


def _key(step: str) -> str:
    return step if step.startswith("k:") else f"f:{step}"


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((live.get("metadata") or {}).get("managedFields") or [])


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and not entry.get("subresource")
