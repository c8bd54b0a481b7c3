"""What the cluster has of an app, and what the server says to what the app is to be. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.client import Cluster, UnknownKind
from wildgit.core.cluster.deploy_plan import Draft, Refusal
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify

_TRIAL_NAMESPACE = "default"  # where objects are tried whose own namespace is not there yet
_GET_AT_MOST = 4  # of one kind; more are listed in one request
_REFUSALS = (400, 403, 404, 409, 413, 422)
# Refusals that the server reports as failures of its own.
_REFUSALS_WITH_500 = ("webhook", "failed to create typed patch object")
# How the server says that a field can't change; it has no reason code for it.
_IMMUTABLE = (
    "field is immutable",
    "is immutable after creation",
    "may not change once set",
    "updates to statefulset spec for fields other than",
    "cannot change roleRef",
)


def read_live(cluster: Cluster, desired: Sequence[Object], absent: str) -> dict[ResourceId, Object | None]:
    """Return what the cluster has of the desired objects: few of a kind one by one, many in one list.

    Args:
        cluster: where to look.
        desired: whose identities are looked up.
        absent: a namespace that is known not to be there; "" for none.
    """
    live: dict[ResourceId, Object | None] = {}
    groups: dict[tuple[str, str, str], list[ResourceId]] = {}
    for resource in map(identify, desired):
        if absent and absent in (resource.namespace, resource.name if resource.kind == "Namespace" else ""):
            live[resource] = None
        else:
            groups.setdefault((resource.api_version, resource.kind, resource.namespace), []).append(resource)
    listed = [key for key, resources in groups.items() if key[2] and len(resources) > _GET_AT_MOST]
    live |= read_each(cluster, (r for key in groups if key not in listed for r in groups[key]))
    for key, objects in zip(listed, _list_each(cluster, listed), strict=True):
        found = {identify(obj): obj for obj in objects}
        live |= {resource: found.get(resource) for resource in groups[key]}
    return live


def read_each(cluster: Cluster, resources: Iterable[ResourceId]) -> dict[ResourceId, Object | None]:
    """Return each object; None where it, or its kind, is not there."""

    def read(resource: ResourceId) -> Object | None:
        try:
            return cluster.get(resource)
        except UnknownKind:
            return None

    listed = list(resources)
    return dict(zip(listed, cluster.all(read, listed), strict=True))


def _list_each(cluster: Cluster, keys: list[tuple[str, str, str]]) -> list[list[Object]]:
    def list_one(key: tuple[str, str, str]) -> list[Object]:
        try:
            return cluster.list_objects(*key)
        except UnknownKind:
            return []

    return cluster.all(list_one, keys)


def try_objects(cluster: Cluster, drafted: Draft, absent: str) -> dict[ResourceId, Object | Refusal | None]:
    """Return the server's dry run of every unclear object, or why it refuses; None where it can't be asked.

    Args:
        cluster: whose server is asked.
        drafted: what is to become.
        absent: a namespace that is not there yet. A dry run in it would only say so; its objects are tried in
            another one, under names that nobody has.
    """
    defined = {
        (obj.get("spec") or {}).get("group")
        for obj in drafted.desired
        if obj["kind"] == "CustomResourceDefinition"
    }

    def attempt(obj: Object) -> Object | Refusal | None:
        resource = identify(obj)
        is_homeless = bool(absent) and resource.namespace == absent
        try:
            if not is_homeless:
                return cluster.try_apply(obj)
            cluster.try_create(obj, _TRIAL_NAMESPACE)
        except UnknownKind as error:
            return None if resource.group in defined else Refusal(f"{error.message} ({error.hint})")
        except ApiError as error:
            if is_homeless and error.code == 403 and " cannot " in error.server_message:
                return _refusal_of_rights(cluster, resource)
            if error.code in _REFUSALS or any(text in error.server_message for text in _REFUSALS_WITH_500):
                return _refusal(error)
            raise
        return None

    unclear = drafted.unclear
    answers = cluster.all(attempt, unclear)
    return dict(zip((identify(obj) for obj in unclear), answers, strict=True))


def _refusal_of_rights(cluster: Cluster, resource: ResourceId) -> Refusal | None:
    """The trial was not allowed; rights may well be granted in the app's own namespace alone."""
    kind = cluster.kind(resource.api_version, resource.kind)
    if all(cluster.may(verb, kind, resource.namespace) for verb in ("create", "patch")):
        return None
    return Refusal(f"the user of the kubeconfig may not create {kind.resource} in {resource.namespace}")


def _refusal(error: ApiError) -> Refusal:
    fields = tuple(str(cause.get("field")) for cause in error.causes if cause.get("field"))
    is_immutable = error.code == 422 and any(phrase in error.server_message for phrase in _IMMUTABLE)
    return Refusal(error.message, fields, is_immutable)
