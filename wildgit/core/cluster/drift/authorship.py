"""By whose hand something is in a cluster: a person's, a controller's, an autoscaler's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.field_ownership import Writer
from wildgit.core.cluster.kube_objects import Object, ResourceId, labels_of

REPLICAS = ("spec", "replicas")
# The cluster's own hands. What they write is never somebody's edit.
_CONTROL_PLANE = frozenset(
    {
        "kube-controller-manager",
        "kube-scheduler",
        "kube-apiserver",
        "kubelet",
        "cloud-controller-manager",
    }
)
# Filled in by whoever keeps the certificates, wherever it is declared.
_CONTROLLED_FIELDS = ("caBundle",)
# kubectl commands that change what is there already; every other one can make an object.
_EDITING = ("label", "annotate", "edit", "patch", "set", "rollout", "scale", "taint")
# Kinds that controllers make beside the objects of people, without saying whose they are.
DERIVED_KINDS = frozenset(
    {"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision", "PodMetrics", "ReplicaSet"}
)


def is_stranger(obj: Object, app: str) -> bool:
    """Whether an object of an app's namespace was put there by hand, or bears the app's label.

    Controllers fill a namespace, too: what is owned by another object is theirs, and so is what no kubectl
    made. An object that somebody made with another tool and that has no label of ours is not recognised.
    """
    metadata = obj["metadata"]
    if metadata.get("ownerReferences") or metadata.get("deletionTimestamp") or obj["kind"] in DERIVED_KINDS:
        return False
    if labels_of(obj).get(APP_LABEL) == app:
        return True
    managers = [str(entry.get("manager")) for entry in metadata.get("managedFields") or []]
    made_by = [m for m in managers if m == "kubectl" or m.startswith("kubectl-")]
    return any(m.removeprefix("kubectl-") not in _EDITING for m in made_by)


def is_controllers(writer: Writer, path: tuple[str, ...]) -> bool:
    """Whether a field that somebody wrote is a controller's own business."""
    if writer.manager in _CONTROL_PLANE:
        return True
    is_person = not writer.manager or writer.manager == "kubectl" or writer.manager.startswith("kubectl-")
    return not is_person and (bool(writer.subresource) or path[-1] in _CONTROLLED_FIELDS)


def autoscaler_of(resource: ResourceId, autoscalers: Iterable[Object]) -> str:
    """Return what scales a workload, in words; "" where nothing does."""
    for obj in autoscalers:
        target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
        group = str(target.get("apiVersion") or "").rpartition("/")[0]
        wanted = (group, target.get("kind"), obj["metadata"].get("namespace"), target.get("name"))
        if wanted == (resource.group, resource.kind, resource.namespace, resource.name):
            return f"the HorizontalPodAutoscaler {obj['metadata']['name']}"
    return ""


def maker_of(live: Object) -> Writer | None:
    """Return who made an object: the first who wrote to it."""
    entries = [e for e in live["metadata"].get("managedFields") or [] if not e.get("subresource")]

    def order(entry: Mapping[str, Any]) -> tuple[str, bool]:
        """Times have seconds, and a controller may be at an object in the second that it is made."""
        return str(entry.get("time")), entry.get("manager") in _CONTROL_PLANE

    first = min(entries, key=order, default=None)
    made_at = str(live["metadata"].get("creationTimestamp") or "")
    return Writer(str(first.get("manager") or ""), made_at) if first else None
