"""What the cluster has of an app, and what the server says to what the app is to be. Nothing is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.client import Cluster, UnknownKind
from wildgit.core.cluster.deploy_plan import Draft, Refusal
from wildgit.core.cluster.desired_state import (
    APP_LABEL,
    CERTIFICATE_NAMESPACE,
    certificates_named,
    copied_secret,
)
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify

_TRIAL_NAMESPACE = "default"  # where objects are tried whose own namespace is not there yet
_GET_AT_MOST = 4  # of one kind; more are listed in one request
_NAMESPACES_AT_MOST = 3  # of one kind; of more they are listed everywhere at once
_REFUSALS = (400, 403, 404, 409, 413, 422)
# Refusals that the server reports as failures of its own.
_REFUSALS_WITH_500 = ("webhook", "failed to create typed patch object")
# How the server says that a field can't change; it has no reason code for it.
_IMMUTABLE = (
    "field is immutable",
    "is immutable after creation",
    "may not change once set",
    "can not be unset",
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
    resources = [identify(obj) for obj in desired]
    gone = [
        r for r in resources if absent and absent in (r.namespace, r.name if r.kind == "Namespace" else "")
    ]
    return dict.fromkeys(gone) | read_resources(cluster, [r for r in resources if r not in gone])


def read_resources(cluster: Cluster, resources: Iterable[ResourceId]) -> dict[ResourceId, Object | None]:
    """Return each object, None where it is not there, in few requests.

    Few of a kind are read one by one, many of one namespace in one list, and those of many namespaces in
    one list of what bears our label; what that list lacks is read by itself.
    """
    groups: dict[tuple[str, str, str], list[ResourceId]] = {}
    for resource in resources:
        groups.setdefault((resource.api_version, resource.kind, resource.namespace), []).append(resource)
    places = Counter((api_version, kind) for api_version, kind, namespace in groups if namespace)
    everywhere = [kind for kind, count in places.items() if count > _NAMESPACES_AT_MOST]
    found = _labelled(cluster, everywhere)
    listed = [
        key
        for key, wanted in groups.items()
        if key[2] and len(wanted) > _GET_AT_MOST and not all(resource in found for resource in wanted)
    ]
    for objects in cluster.all(lambda key: cluster.list_objects(*key), listed):
        found |= {identify(obj): obj for obj in objects}
    single = [
        resource
        for key, wanted in groups.items()
        if key not in listed
        for resource in wanted
        if resource not in found
    ]
    every = {**found, **read_each(cluster, single)}
    return {resource: every.get(resource) for wanted in groups.values() for resource in wanted}


def _labelled(cluster: Cluster, kinds: Sequence[tuple[str, str]]) -> dict[ResourceId, Object]:
    """Return what bears our label anywhere; nothing of kinds that we may not list everywhere."""
    listings = cluster.all(lambda kind: cluster.list_if_allowed(*kind, selector=APP_LABEL), kinds)
    return {identify(obj): obj for listed in listings for obj in listed or ()}


def read_each(cluster: Cluster, resources: Iterable[ResourceId]) -> dict[ResourceId, Object | None]:
    """Return each object; None where it, or its kind, is not there."""

    def read(resource: ResourceId) -> Object | None:
        try:
            return cluster.get(resource)
        except UnknownKind:
            return None

    listed = list(resources)
    return dict(zip(listed, cluster.all(read, listed), strict=True))


def read_certificates(
    cluster: Cluster, built: Sequence[Object], namespace: str
) -> tuple[list[Object], list[str]]:
    """Return the shared certificates that an app's objects name, as they are to be copied, and those missing.

    Args:
        cluster: where cert-manager keeps them.
        built: the app's objects.
        namespace: of the app; what it has already stays where the original is gone.
    """
    found: list[Object] = []
    missing: list[str] = []
    if namespace == CERTIFICATE_NAMESPACE:
        return found, missing
    for name in certificates_named(built):
        places = [ResourceId("", "Secret", place, name, "v1") for place in (CERTIFICATE_NAMESPACE, namespace)]
        original = cluster.get(places[0])
        if original is None:
            missing.append(name)
        kept = original or cluster.get(places[1])
        found += [copied_secret(kept)] if kept else []
    return found, missing


def try_objects(cluster: Cluster, drafted: Draft, absent: str) -> dict[ResourceId, Object | Refusal | None]:
    """Return the server's dry run of every unclear object, or why it refuses; None where it can't be asked.

    Args:
        cluster: whose server is asked.
        drafted: what is to become.
        absent: a namespace that is not there yet. A dry run in it would only say so; its objects are tried in
            another one, under names that nobody has.
    """
    return try_all(cluster, [(drafted, absent)])[0]


def try_all(
    cluster: Cluster, drafts: Sequence[tuple[Draft, str]]
) -> list[dict[ResourceId, Object | Refusal | None]]:
    """Return what `try_objects` does for each draft and its absent namespace, all of them at once."""
    asked = [
        (number, obj, {absent, *_namespaces_made(drafted)}, _groups_defined(drafted))
        for number, (drafted, absent) in enumerate(drafts)
        for obj in drafted.unclear
    ]
    answers = cluster.all(lambda each: _try_one(cluster, *each[1:]), asked)
    found: list[dict[ResourceId, Object | Refusal | None]] = [{} for _ in drafts]
    for (number, obj, *_), answer in zip(asked, answers, strict=True):
        found[number][identify(obj)] = answer
    return found


def _groups_defined(drafted: Draft) -> frozenset[str]:
    """Return the API groups that come with this deploy."""
    definitions = (obj for obj in drafted.desired if obj["kind"] == "CustomResourceDefinition")
    return frozenset(str((obj.get("spec") or {}).get("group")) for obj in definitions)


def _namespaces_made(drafted: Draft) -> set[str]:
    """Return the namespaces that come with this deploy."""
    made = (identify(obj) for obj in drafted.desired if obj["kind"] == "Namespace")
    return {resource.name for resource in made if drafted.live.get(resource) is None}


def _try_one(
    cluster: Cluster, obj: Object, absent: set[str], defined: frozenset[str]
) -> Object | Refusal | None:
    resource = identify(obj)
    is_homeless = bool(resource.namespace) and resource.namespace in absent
    try:
        if not is_homeless:
            return cluster.try_apply(obj)
        cluster.try_create(obj, _TRIAL_NAMESPACE)
    except UnknownKind as error:
        return None if resource.group in defined else Refusal(f"{error.message} ({error.hint})")
    except ApiError as error:
        if is_homeless and error.is_forbidden and " cannot " in error.server_message:
            return _refusal_of_rights(cluster, resource)
        if error.code in _REFUSALS or any(text in error.server_message for text in _REFUSALS_WITH_500):
            refusal = _refusal(error)
            return replace(refusal, message=_as_called(resource, refusal.message)) if is_homeless else refusal
        raise
    return None


def _as_called(resource: ResourceId, message: str) -> str:
    """Return what the server says of a trial, without the name that it made up for it."""
    return re.sub(rf"\b{re.escape(resource.name[:40])}-[a-z0-9]{{5}}\b", resource.name, message)


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
