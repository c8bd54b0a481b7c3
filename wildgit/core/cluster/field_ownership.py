"""Who set which field of an object, as the server records it, and what follows for an apply.

`metadata.managedFields` holds one entry for each manager: who, when, and a set of fields written as a
tree (`f:spec: {f:replicas: {}}`; `k:{"name":"web"}` picks a list element by its keys, `v:"x"` a value of a
set, `{}` ends a path). Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wildgit.core.cluster.field_diff import (
    ABSENT,
    Change,
    element_label,
    element_position,
    removed_fields,
    value_at,
    without_value,
)
from wildgit.core.cluster.kube_objects import Object, annotations_of

MANAGER = "git-wild"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# `kubectl apply` without --server-side; and what the server calls objects from before it recorded managers.
_CLIENT_SIDE_MANAGERS = ("kubectl-client-side-apply", "before-first-apply")

Fields = dict[str, Any]


@dataclass(frozen=True)
class Writer:
    """Who wrote a field, as the server recorded it.

    Attributes:
        manager: the client's own word for itself, such as `kubectl-edit`; "" where it was not recorded.
        time: when it last wrote to this object (RFC 3339, UTC); "" where that was not recorded.
        subresource: through which it wrote, such as `scale`; "" for the object itself. Servers before
            1.22 neither record it nor who wrote through it.
        is_apply: it applied server-side, so it says what it wants on purpose, as we do.
    """

    manager: str
    time: str = ""
    subresource: str = ""
    is_apply: bool = False

    @property
    def is_us(self) -> bool:
        """Whether this is a deploy of ours."""
        return self.is_apply and self.manager == MANAGER


def is_applied(desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether applying `desired` would change nothing: neither a value nor who owns it.

    True only if our last apply had exactly these fields and the live values still are what it said. Where
    the server keeps another spelling of a value (`1000m` becomes `1`), the answer is False although an apply
    would be a no-op; a server dry run settles that.
    """
    fields = applied_fields(live)
    if fields is None or client_side_fields(live) is not None:
        return False
    return _is_covered(_without_identity(desired), live, fields)


def applied_fields(live: Mapping[str, Any]) -> Fields | None:
    """Return the fields of our last server-side apply; None where we never applied the object."""
    for entry in _entries(live):
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not _subresource(entry):
            fields: Fields = entry.get("fieldsV1") or {}
            return fields
    return None


def client_side_fields(live: Mapping[str, Any]) -> Fields | None:
    """Return the fields that `kubectl apply` set before server-side apply; None where it never did."""
    found = [entry for entry in _entries(live) if _is_client_side(entry, live)]
    if not found:
        return None
    merged: Fields = {}
    for entry in found:
        merged = _union(merged, entry.get("fieldsV1") or {})
    return merged


def taken_over(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return managedFields in which what kubectl applied client-side counts as applied by us.

    Without it those fields would have two owners, and removing one of them in git would leave it in the
    cluster for ever. kubectl does the same when a user switches to `--server-side`. What we applied and
    somebody set with kubectl, too, is ours alone for the same reason.
    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
    """
    fields = _union(client_side_fields(live) or {}, applied_fields(live) or {})
    others = [entry for entry in _entries(live) if not _is_client_side(entry, live) and not _is_ours(entry)]
    kept = [_without_fields(entry, fields) if _is_persons(entry) else entry for entry in others]
    ours = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [*(entry for entry in kept if entry.get("fieldsV1") or not _is_persons(entry)), ours]


def gone_fields(desired: Object, live: Object) -> list[Change]:
    """Return what a deploy takes away though a dry run of it leaves it: kubectl has set that, too.

    A dry run comes before the take-over. What `kubectl apply` noted and what is desired no more goes; and so
    does what we applied, want no more, and somebody set with kubectl: after drift was accepted, it is so. A
    Secret's values are not in it.
    """
    noted = last_applied(live) if client_side_fields(live) is not None else None
    gone = [] if noted is None else removed_fields(noted, desired)
    held = [Change(path, value_at(live, path), ABSENT) for path in _held_by_people(desired, live)]
    known = {change.path for change in gone}
    is_secret = desired["kind"] == "Secret"
    return gone + [without_value(each) if is_secret else each for each in held if each.path not in known]


def _held_by_people(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    theirs: Fields = {}
    for entry in _entries(live):
        if _is_persons(entry):
            theirs = _union(theirs, entry.get("fieldsV1") or {})
    shared = _shared(applied_fields(live) or {}, theirs)
    return _held(shared, _without_identity(desired), live, ())


def field_writers(live: Mapping[str, Any], path: Sequence[str]) -> list[Writer]:
    """Return who owns a field of an object, the latest first; nobody owns what the server filled in.

    Args:
        live: the object, with its managedFields.
        path: as `Change` has it.
    """
    found = [
        Writer(
            str(entry.get("manager") or ""),
            str(entry.get("time") or ""),
            _subresource(entry),
            entry.get("operation") == "Apply",
        )
        for entry in _entries(live)
        if entry.get("fieldsV1") and _owns(entry["fieldsV1"], live, path)
    ]
    return sorted(found, key=lambda writer: writer.time, reverse=True)


def lost_fields(desired: Mapping[str, Any], live: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the paths of what we applied that is no longer as we applied it, without asking the server.

    An apply takes every field that it states, so one that is ours no more was written by somebody else.
    What we still own can only have changed through a subresource of an older server, which does not record
    that; it is seen where the value is a number or a boolean, which no server spells otherwise.
    """
    owned = applied_fields(live)
    if owned is None:
        return []
    return list(_lost(_without_identity(desired), live, owned, ()))


def last_applied(live: Mapping[str, Any]) -> Object | None:
    """Return what `kubectl apply` was last given, as it noted on the object; None where it did not."""
    text = annotations_of(live).get(LAST_APPLIED)
    try:
        noted = json.loads(text) if text else None
    except ValueError:
        return None
    return noted if isinstance(noted, dict) else None


def _owns(fields: Fields, live: Any, path: Sequence[str]) -> bool:
    """Whether a set of fields has this path, or what holds it as one value."""
    for step in path:
        if not fields:
            return True  # an atomic value, with all that is in it
        if isinstance(live, list):
            position = element_position(live, step) if step.startswith("[") else None
            item = None if position is None else live[position]
            key = None if item is None else next((key for key in fields if _picks(key, item)), None)
        else:
            key = f"f:{step}" if f"f:{step}" in fields else None
            item = live.get(step) if isinstance(live, dict) else None
        if key is None:
            return False
        fields, live = fields[key] or {}, item
    return True


def _picks(key: str, item: Any) -> bool:
    if not key.startswith("k:") or not isinstance(item, dict):
        return False
    # What is missing in a manifest has its default, which is why the server could make a key of it.
    return all(item.get(name, value) == value for name, value in json.loads(key[2:]).items())


def _lost(desired: Any, live: Any, owned: Fields, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    keys = set(owned) - {"."}
    if isinstance(desired, dict) and desired and isinstance(live, dict) and keys:
        for name, value in desired.items():
            field = (*path, name)
            if value in ({}, [], None) or (not value and name not in live):
                continue  # the server leaves out false, 0 and "", and may not record who said an empty value
            if f"f:{name}" not in owned or name not in live:
                yield from _leaves(value, field)
            else:
                yield from _lost(value, live[name], owned[f"f:{name}"] or {}, field)
    elif isinstance(desired, list) and isinstance(live, list) and any(key.startswith("k:") for key in keys):
        for number, value in enumerate(desired):
            key = next((key for key in keys if _picks(key, value)), None)
            found = _element(live, json.loads(key[2:])) if key else None
            field = (*path, element_label(value) or f"[{number}]")
            if key is None or found is None:
                yield field
            else:
                yield from _lost(value, found, owned[key] or {}, field)
    elif isinstance(desired, bool | int) and isinstance(live, bool | int) and desired != live:
        yield path


def _held(shared: Fields, desired: Any, live: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, inner in shared.items():
        if key.startswith("f:"):
            step = key[2:]
            found, wanted = (obj.get(step) if isinstance(obj, dict) else None for obj in (live, desired))
        elif key.startswith("k:"):
            found, wanted = (_element(items, json.loads(key[2:])) for items in (live, desired))
            step = element_label(found)
        else:
            continue
        if found is not None and wanted is None:
            yield (*path, step)
        elif found is not None:
            yield from _held(inner, wanted, found, (*path, step))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((live.get("metadata") or {}).get("managedFields") or [])


def _subresource(entry: Mapping[str, Any]) -> str:
    return str(entry.get("subresource") or "")


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply"


def _is_client_side(entry: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    if entry.get("operation") != "Update" or _subresource(entry):
        return False
    if entry.get("manager") == "before-first-apply":
        return LAST_APPLIED in annotations_of(live)
    # What we wrote without an apply (see `leftovers`) is ours all the same, should we have been killed there.
    return entry.get("manager") in (*_CLIENT_SIDE_MANAGERS, MANAGER)


def _is_persons(entry: Mapping[str, Any]) -> bool:
    """Whether it is of somebody with a kubectl, who changed the object itself."""
    manager = str(entry.get("manager") or "")
    is_kubectl = manager == "kubectl" or manager.startswith("kubectl-")
    return is_kubectl and entry.get("operation") == "Update" and not _subresource(entry)


def _without_fields(entry: dict[str, Any], fields: Fields) -> dict[str, Any]:
    return {**entry, "fieldsV1": _minus(entry.get("fieldsV1") or {}, fields)}


def _minus(fields: Fields, others: Fields) -> Fields:
    left = {}
    for key, inner in fields.items():
        if key not in others:
            left[key] = inner
        elif inner and others[key] and (rest := _minus(inner, others[key])):
            left[key] = rest
    return left


def _shared(one: Fields, other: Fields) -> Fields:
    return {key: _shared(one[key] or {}, other[key] or {}) for key in one if key in other}


def _union(one: Fields, other: Fields) -> Fields:
    return {
        key: _union(one.get(key) or {}, other.get(key) or {})
        for key in (*one, *(k for k in other if k not in one))
    }


def _without_identity(desired: Mapping[str, Any]) -> Object:
    metadata = {key: value for key, value in desired["metadata"].items() if key not in ("name", "namespace")}
    rest = {key: value for key, value in desired.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**rest, "metadata": metadata} if metadata else rest


def _is_covered(desired: Any, live: Any, fields: Fields) -> bool:
    """Whether desired and the owned fields are the same tree, and live has its values at every leaf."""
    owned = {key: inner for key, inner in fields.items() if key != "."}
    if not owned:  # a leaf: a scalar, an atomic list or map, or one that is empty
        return bool(desired == live)
    if isinstance(desired, dict) and isinstance(live, dict):
        return {f"f:{key}" for key in desired} == set(owned) and all(
            key[2:] in live and _is_covered(desired[key[2:]], live[key[2:]], inner)
            for key, inner in owned.items()
        )
    if isinstance(desired, list) and isinstance(live, list) and len(desired) == len(owned):
        return _is_list_covered(desired, live, owned)
    return False


def _is_list_covered(desired: list[Any], live: list[Any], owned: Fields) -> bool:
    positions = []
    for key, inner in owned.items():
        if key.startswith("k:"):
            keys = json.loads(key[2:])
            wanted, found = _element(desired, keys), _element(live, keys)
            if wanted is None or found is None or not _is_covered(wanted, found, inner):
                return False
            positions.append((_position(desired, wanted), _position(live, found)))
        elif key.startswith("v:"):
            value = json.loads(key[2:])
            if value not in desired or value not in live:
                return False
        else:
            return False
    order = [place for _, place in sorted(positions)]
    return order == sorted(order)  # an env variable may read only those before it: order is a value, too


def _element(items: Any, keys: Mapping[str, Any]) -> Any:
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and all(item.get(key) == value for key, value in keys.items()):
            return item
    return None


def _position(items: list[Any], wanted: Any) -> int:
    return next(index for index, item in enumerate(items) if item is wanted)
