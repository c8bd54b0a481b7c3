"""What the cluster says of many apps, in a handful of requests whatever their number."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.drift.glance import DriftGlance
from wildgit.adapters.cluster.namespaces import conditions_text, is_terminating
from wildgit.core.cluster.app_state import ClusterFacts
from wildgit.core.cluster.deploy_record import DeployRecord, read_record
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.health import KINDS, State, assess
from wildgit.core.cluster.kube_objects import Object, labels_of
from wildgit.errors import ClusterError

_POD, _SECRET, _NAMESPACE = ("v1", "Pod"), ("v1", "Secret"), ("v1", "Namespace")


def read_cluster_facts(
    cluster: Cluster, apps: Sequence[str], secrets: Mapping[str, Mapping[str, str]], glance: DriftGlance
) -> tuple[dict[str, ClusterFacts], list[str]]:
    """Return what the cluster says of each app, and of those that are only there; and what it hid from us.

    The latter are kinds that we may not list: nothing is said of their objects.

    Args:
        cluster: who is asked.
        apps: the apps in question; what has no namespace gets empty facts.
        secrets: app → what its Secret should hold, as plain text.
        glance: looks for drift in what is listed.

    Raises:
        ClusterError: the cluster can't be asked.
    """
    namespaces = sorted(_marked(cluster, _NAMESPACE), key=_told)
    by_app = {labels_of(namespace)[APP_LABEL]: namespace for namespace in namespaces}
    records = {app: read_record(namespace) for app, namespace in by_app.items()}
    kinds = [_SECRET, *(kind for kind in KINDS if kind != _POD)]
    others = sorted(_kinds_deployed(records.values()) - {*kinds, _NAMESPACE, _POD})
    listings = cluster.all(lambda kind: cluster.list_if_allowed(*kind, selector=APP_LABEL), kinds)
    hidden = [kind for (_, kind), listed in zip(kinds, listings, strict=True) if listed is None]
    secret_objects, *rest = (listed or [] for listed in listings)
    more = cluster.each(lambda kind: _marked(cluster, kind), others)  # what we may not list is left out
    unread = {
        kind for (_, kind), listed in zip(others, more, strict=True) if isinstance(listed, ClusterError)
    } | set(hidden)
    objects: dict[str, list[Object]] = defaultdict(list)
    for listed in (*rest, *more):
        for obj in listed if isinstance(listed, list) else ():
            objects[labels_of(obj)[APP_LABEL]].append(obj)
    held = _own_secrets(secret_objects)
    pods = _pods_of_unready(cluster, by_app, objects)
    facts = {app: ClusterFacts() for app in apps}
    for app, namespace in by_app.items():
        differ = (
            bool(secrets.get(app)) and "Secret" not in hidden and _plain(held.get(app)) != dict(secrets[app])
        )
        said = _facts(namespace, [*objects[app], *pods.get(app, [])], secrets_differ=differ)
        made = [each for each in namespaces if labels_of(each)[APP_LABEL] == app]
        drifted = glance.words(records[app], [*made, *objects[app]], unread)
        facts[app] = replace(said, drifted=drifted)
    return facts, hidden


def _told(namespace: Object) -> tuple[bool, str]:
    """Sort the namespaces of an app by what they tell of it: the one with the last record comes last."""
    record = read_record(namespace)
    return record.claim is not None, record.deployed_at


def _kinds_deployed(records: Iterable[DeployRecord]) -> set[tuple[str, str]]:
    return {(resource.api_version, resource.kind) for record in records for resource in record.inventory}


def apps_with_other_secrets(cluster: Cluster, secrets: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the apps whose Secret in the cluster is not what it should be.

    Args:
        cluster: who is asked.
        secrets: app → what its Secret should hold, as plain text; empty where the app has none.
    """
    wanted = {app: dict(values) for app, values in secrets.items() if values}
    held = _own_secrets(_marked(cluster, ("v1", "Secret"))) if wanted else {}
    return [app for app, values in wanted.items() if _plain(held.get(app)) != values]


def _own_secrets(objects: Sequence[Object]) -> dict[str, Object]:
    """Return app → its own Secret, leaving the copies of others' aside."""
    found = ((labels_of(obj)[APP_LABEL], obj) for obj in objects)
    return {app: obj for app, obj in found if obj["metadata"]["name"] == f"{app}-secrets"}


def _marked(cluster: Cluster, kind: tuple[str, str]) -> list[Object]:
    return cluster.list_objects(*kind, selector=APP_LABEL)


def _pods_of_unready(
    cluster: Cluster, namespaces: Mapping[str, Object], objects: Mapping[str, list[Object]]
) -> dict[str, list[Object]]:
    """Pods explain what is not ready; those of everything else, most of the cluster, are not read."""
    unready = [
        app
        for app in namespaces
        if any(health.state is not State.READY for health in assess(objects.get(app, [])))
    ]
    listed = cluster.each(
        lambda app: cluster.list_objects(*_POD, namespaces[app]["metadata"]["name"]), unready
    )
    found = zip(unready, listed, strict=True)
    return {app: pods for app, pods in found if isinstance(pods, list)}  # without them: only less precise


def _facts(namespace: Object, objects: list[Object], *, secrets_differ: bool) -> ClusterFacts:
    record = read_record(namespace)
    deleted_at = namespace["metadata"].get("deletionTimestamp")
    return ClusterFacts(
        record=record,
        terminating_s=_age_s(deleted_at) if is_terminating(namespace) else None,
        blocked_by=conditions_text(namespace) if deleted_at else "",
        age_s=_age_s(record.deployed_at),
        secrets_differ=secrets_differ and record.is_finished,
        healths=tuple(assess(objects)),
    )


def _age_s(timestamp: str | None) -> float | None:
    if not timestamp:
        return None
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()
    except ValueError:
        return None


def _plain(secret: Object | None) -> dict[str, str]:
    data = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}
