"""Drift as far as it shows without a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wildgit.core.cluster.drift.authorship import REPLICAS, autoscaler_of, is_controllers
from wildgit.core.cluster.drift.classify import gone
from wildgit.core.cluster.drift.difference import Difference, DriftClass, matching_rule
from wildgit.core.cluster.drift.ignore_rules import IgnoreRule
from wildgit.core.cluster.field_ownership import field_writers, lost_fields
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify


def glance(
    app: str,
    deployed: Iterable[Object],
    live: Mapping[ResourceId, Object],
    autoscalers: Iterable[Object],
    rules: Sequence[IgnoreRule],
) -> list[Difference]:
    """Return what was changed or deleted behind git's back, as far as it shows without a dry run.

    It is told by what the last deploy owns no more. What is missing in it: objects that were added, and texts
    that somebody changed through a server too old to record it.

    Args:
        app: whose objects these are.
        deployed: what was deployed, its Secrets left out.
        live: what the cluster has; kinds that could not be read left out of `deployed`, too.
        autoscalers: the HorizontalPodAutoscalers of its namespace.
        rules: what is to be ignored.
    """
    scalers = list(autoscalers)
    found: list[Difference] = []
    for obj in deployed:
        resource = identify(obj)
        if resource not in live:
            found.append(gone(resource, obj))
            continue
        for path in lost_fields(obj, live[resource]):
            writers = field_writers(live[resource], path)
            writer = next((writer for writer in writers if not writer.is_us), None)
            is_scaled = path == REPLICAS and autoscaler_of(resource, scalers)
            if not is_scaled and not (writer and is_controllers(writer, path)):
                found.append(Difference(DriftClass.DRIFTED, resource, path, writer=writer))
    return [each for each in found if each.kind.is_drift and not matching_rule(rules, app, each)]
