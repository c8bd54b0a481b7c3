"""The Kubernetes API as JSON schemas, which `kubernetes-validate` ships: no network, no cluster.

The schemas are read from there, and checked with `jsonschema`: its own function loads 1.8 MB for each
object and stops at the first error. What is no built-in kind (a custom resource) has no schema here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wildgit.errors import WildgitError


def validate(resource: Mapping[str, Any]) -> Iterator[tuple[Sequence[str | int], str]]:
    """Yield what the API server would refuse in a resource: the path to it and the reason.

    Unknown fields are errors, as they are in `kubectl apply --validate=strict`.
    """
    kind, api_version = str(resource.get("kind", "")), str(resource.get("apiVersion", ""))
    group, _, version = api_version.rpartition("/")
    prefix = group.removesuffix(".k8s.io").split(".")[0]
    name = "-".join(part for part in (kind.lower(), prefix, version) if part)
    validator = _validator(name)
    if validator is not None:
        for error in validator.iter_errors(resource):
            yield list(error.absolute_path), _shorten(error.message)
    elif group in _built_in_groups():
        yield ["apiVersion"], f"Kubernetes {_version()} has no {kind} in {api_version}"


def _shorten(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:90]} … {message[-90:]}"


@cache
def _folder() -> Path:
    spec = find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise WildgitError("kubernetes-validate is missing", hint="pip install kubernetes-validate")
    schemas = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema"
    return max(schemas.glob("v*-local-strict"), key=lambda path: _numbers(path.name))


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removeprefix("v").partition("-")[0].split("."))


def _version() -> str:
    return ".".join(map(str, _numbers(_folder().name)[:2]))


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Resource

    file = _folder() / f"{name}.json"
    if not file.is_file():
        return None
    schema = json.loads(file.read_bytes())
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _definitions())


@cache
def _definitions() -> Any:
    from referencing import Registry, Resource

    return Resource.from_contents(_definitions_file()) @ Registry()


@cache
def _definitions_file() -> Any:
    return json.loads((_folder() / "_definitions.json").read_bytes())


@cache
def _built_in_groups() -> frozenset[str]:
    kinds = "x-kubernetes-group-version-kind"
    definitions = _definitions_file()["$defs"].values()
    groups = {kind["group"] for definition in definitions for kind in definition.get(kinds, ())}
    return frozenset(groups - {""})
