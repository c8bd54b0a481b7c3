"""What identifies an element of a list.

Kubernetes says so for its own lists (`list_keys.json`, from the API's listMapKey and patchMergeKey). It
calls other lists atomic although people edit their elements; those have natural keys, listed here. Lists
of custom resources and of plain YAML are keyed by a common scalar that every element has and no two share.
Types are not known, only field names: of several candidates the one counts whose keys every element has.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from functools import cache
from pkgutil import get_data
from typing import NamedTuple

from wildgit.core.merge.yaml_data import Values


class ListKey(NamedTuple):
    """Fields that together identify an element; a dot leads into a nested mapping.

    Each of `required` must be there; if there is none, at least one of `optional` must be.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, required ones first."""
        return self.required + self.optional


class Keying(NamedTuple):
    """The keys of one list's elements on every side, and the rule they come from."""

    rule: str
    keys: tuple[tuple[tuple[Hashable, ...], ...], ...]  # per side, per element: one part per field
    fields: tuple[str, ...]
    composite: bool  # several fields, of which the first alone says which element it may have been


# What the API fills in where a key field is missing.
_DEFAULTS = {"protocol": "TCP"}

# Atomic for the API, but people edit the elements. Kustomize's own lists are here too.
_NATURAL: dict[str, tuple[ListKey, ...]] = {
    "configMapGenerator": (ListKey(("name",), ("namespace",)),),
    "envFrom": (ListKey((), ("configMapRef.name", "secretRef.name", "prefix")),),
    "helmCharts": (ListKey(("name",), ("releaseName",)),),
    "images": (ListKey(("name",)),),
    "items": (ListKey(("key",)), ListKey(("kind", "metadata.name"), ("metadata.namespace",))),
    "labels": (ListKey(("pairs",)),),
    "patches": (ListKey(("path",), ("target",)), ListKey(("target",))),
    "patchesJson6902": (ListKey(("target",), ("path",)),),
    "paths": (ListKey((), ("path", "pathType")),),
    "rules": (
        ListKey(("host",)),
        ListKey((), ("apiGroups", "resources", "resourceNames", "nonResourceURLs")),
    ),
    "secretGenerator": (ListKey(("name",), ("namespace",)),),
    "sources": (
        ListKey((), ("configMap.name", "secret.name", "serviceAccountToken.path", "clusterTrustBundle.path")),
    ),
    "subjects": (ListKey(("kind", "name"), ("namespace",)),),
    "tls": (ListKey(("secretName",)),),
    "tolerations": (ListKey((), ("key", "operator", "value", "effect")),),
    "versions": (ListKey(("name",)),),
    "volumeClaimTemplates": (ListKey(("metadata.name",)),),
}

# Fields that name things in lists nobody described to us, the most telling first.
_COMMON = (
    "name",
    "id",
    "key",
    "path",
    "host",
    "metadata.name",
    "alert",
    "record",
    "job_name",
    "hostname",
    "domain",
)
_COMMON_KEYS = tuple(ListKey((field,)) for field in _COMMON)

# Lists whose elements mean something only by their order: a flag may be followed by its value.
_ORDERED = frozenset({"args", "command", "cmd", "entrypoint", "script", "run"})


def is_ordered(field: str) -> bool:
    """Whether the order of the field's elements is their meaning, so that two insertions can't be one set."""
    return field.lower() in _ORDERED


def find_keying(
    field: str, sides: Sequence[Sequence[int]], values: Values, *, leading: str = ""
) -> Keying | None:
    """Return the keys of the elements of one list on all sides, None if they have to be compared instead.

    A key counts only if every element has it and it is unique on each side: duplicate env names and one
    containerPort with two hostPorts are legal, and then the order matters.

    Args:
        field: the name of the field that holds the list; "" if a list holds it.
        sides: the data of the elements on each side.
        values: what the data numbers stand for.
        leading: the field that every element starts with, if there is one.
    """
    elements = [[values.fields(item) for item in side] for side in sides]
    if not any(elements) or any(fields is None for side in elements for fields in side):
        return None
    schema = _kubernetes_keys().get(field, ())
    for key in schema + _NATURAL.get(field, ()):
        keys = _keys_of(key, elements, values)
        if keys is not None:
            return _unique(key, keys, composite=key in schema and len(key.fields) > 1)
    for key in _COMMON_KEYS:
        keys = _keys_of(key, elements, values)
        keying = keys and _unique(key, keys, composite=False)
        if keying:
            return keying
    key = ListKey((leading,))
    keys = _keys_of(key, elements, values) if leading else None
    return _unique(key, keys, composite=False) if keys and _holds_still(keys) else None


def own_name(data: int, values: Values) -> tuple[int, int] | None:
    """Return what an element calls itself, as field and value; None if it is no mapping with a name."""
    fields = values.fields(data)
    if not fields:
        return None
    for name in map(values.number, _COMMON):
        value = fields.get(name)
        if value is not None and values.is_scalar(value):
            return name, values.plain(value)
    return None


def label(keying: Keying, side: int, index: int, values: Values) -> str:
    """Return how a path names an element, such as `[containerPort=80,protocol=TCP]`."""
    parts = []
    for name, part in zip(keying.fields, keying.keys[side][index], strict=True):
        if isinstance(part, int) and values.is_scalar(part):
            parts.append(f"{name}={values.text(part)}")
        elif isinstance(part, int) and (items := values.items(part)) is not None:
            parts.append(f"{name}=" + "|".join(values.text(item) for item in items))
    return "[" + ",".join(parts) + "]"


@cache
def _kubernetes_keys() -> dict[str, tuple[ListKey, ...]]:
    # importlib.resources loads zipfile and tempfile, which takes longer than the whole of this module.
    data = json.loads(get_data("wildgit.core.merge", "list_keys.json") or b"")
    return {field: tuple(ListKey(tuple(k)) for k in keys) for field, keys in data["keys"].items()}


def _holds_still(keys: Sequence[Sequence[Hashable]]) -> bool:
    """Whether each side kept the key of some element; one that everybody edits identifies nothing."""
    base, *sides = map(set, keys)
    return not base or all(base & side for side in sides)


def _unique(key: ListKey, keys: list[tuple[tuple[Hashable, ...], ...]], *, composite: bool) -> Keying | None:
    if any(len(set(side)) < len(side) for side in keys):
        return None
    return Keying("+".join(key.fields), tuple(keys), key.fields, composite)


def _keys_of(
    key: ListKey, elements: Sequence[Sequence[dict[int, int] | None]], values: Values
) -> list[tuple[tuple[Hashable, ...], ...]] | None:
    """The key of each element; None if one of them doesn't have it."""
    paths = [[values.number(step) for step in field.split(".")] for field in key.fields]
    defaults = [values.number(_DEFAULTS[f]) if f in _DEFAULTS else None for f in key.fields]
    needed = len(key.required)
    keys: list[tuple[tuple[Hashable, ...], ...]] = []
    for side in elements:
        of_side: list[tuple[Hashable, ...]] = []
        for fields in side:
            parts = tuple(
                [_value(fields, path, values, default) for path, default in zip(paths, defaults, strict=True)]
            )
            if None in parts[:needed] or all(part is None for part in parts):
                return None
            of_side.append(parts)
        keys.append(tuple(of_side))
    return keys


def _value(
    fields: dict[int, int] | None, path: Sequence[int], values: Values, default: int | None
) -> int | None:
    for step in path[:-1]:
        fields = values.fields(fields[step]) if fields and step in fields else None
    value = fields.get(path[-1]) if fields else None
    return default if value is None else values.plain(value)
