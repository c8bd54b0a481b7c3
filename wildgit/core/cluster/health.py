"""How an app's workloads, jobs and claims are doing, and in words why not well.

The rules are those of `kubectl rollout status`; the words come from the pods: what the scheduler, the image
pull and the container's own end say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wildgit.core.cluster.kube_objects import Object, ResourceId, identify, labels_of

# What has to be read for `assess`: (apiVersion, kind).
KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
)


class State(StrEnum):
    """How an object is doing."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


@dataclass(frozen=True)
class Health:
    """How one object is doing. `crashed` names (pod, container) whose log says more."""

    resource: ResourceId
    state: State
    text: str
    crashed: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.resource.short}: {self.text}"


def assess(objects: Iterable[Object]) -> list[Health]:
    """Return the health of each workload, job and claim among the objects of a namespace."""
    listed = [obj for obj in objects if not obj["metadata"].get("deletionTimestamp")]
    pods = [obj for obj in listed if obj["kind"] == "Pod"]
    found = [_assess_one(obj, pods) for obj in listed if obj["kind"] in _ASSESSORS]
    return sorted(found, key=lambda health: (health.resource.rank, health.resource))


def is_ready(healths: Iterable[Health]) -> bool:
    """Whether nothing is left to wait for."""
    return all(health.state is State.READY for health in healths)


def _assess_one(obj: Object, pods: Sequence[Object]) -> Health:
    state, text = _ASSESSORS[obj["kind"]](obj)
    resource = identify(obj)
    if state is State.READY or obj["kind"] == "PersistentVolumeClaim":
        return Health(resource, state, text)
    for pod in sorted((pod for pod in pods if _is_pod_of(pod, obj)), key=_made_at, reverse=True):
        reason, crashed = _pod_trouble(pod)
        if reason:
            return Health(resource, state, f"{text}: {reason}", crashed)
    return Health(resource, state, text)


def _deployment(obj: Object) -> tuple[State, str]:
    wanted, status = _replicas(obj), obj.get("status") or {}
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    for condition in status.get("conditions") or []:
        if condition.get("reason") == "ProgressDeadlineExceeded":
            return State.FAILED, f"{available} of {wanted} available, no progress"
    if _is_unseen(obj) or updated < wanted:
        return State.PROGRESSING, f"{updated} of {wanted} updated"
    if status.get("replicas", 0) > updated:
        return State.PROGRESSING, f"{status['replicas'] - updated} old still running"
    if available < wanted:
        return State.PROGRESSING, f"{available} of {wanted} available"
    return State.READY, f"{available} of {wanted} available"


def _stateful_set(obj: Object) -> tuple[State, str]:
    wanted, status = _replicas(obj), obj.get("status") or {}
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    strategy = (obj["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    is_rolled = status.get("currentRevision") == status.get("updateRevision") or updated >= wanted
    if _is_unseen(obj) or (strategy == "RollingUpdate" and not is_rolled):
        return State.PROGRESSING, f"{updated} of {wanted} updated"
    return _of(ready, wanted, "ready")


def _daemon_set(obj: Object) -> tuple[State, str]:
    status = obj.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    strategy = (obj["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    if _is_unseen(obj) or (strategy == "RollingUpdate" and updated < wanted):
        return State.PROGRESSING, f"{updated} of {wanted} updated"
    return _of(status.get("numberAvailable", 0), wanted, "available")


def _job(obj: Object) -> tuple[State, str]:
    status, spec = obj.get("status") or {}, obj.get("spec") or {}
    for condition in status.get("conditions") or []:
        if condition.get("status") == "True" and condition.get("type") == "Complete":
            return State.READY, "complete"
        if condition.get("status") == "True" and condition.get("type") == "Failed":
            return State.FAILED, f"failed, {condition.get('message') or condition.get('reason')}"
    if spec.get("suspend"):
        return State.READY, "suspended"
    failed = status.get("failed", 0)
    return State.PROGRESSING, "running" + (f", failed {failed} times" if failed else "")


def _claim(obj: Object) -> tuple[State, str]:
    phase = (obj.get("status") or {}).get("phase", "Pending")
    storage_class = (obj.get("spec") or {}).get("storageClassName") or "the default storage class"
    if phase == "Bound":
        return State.READY, "bound"
    if phase == "Lost":
        return State.FAILED, "its volume is lost"
    return State.PROGRESSING, f"unbound: waits for a volume of {storage_class}"


_ASSESSORS: Mapping[str, Callable[[Object], tuple[State, str]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}


def _of(count: int, wanted: int, word: str) -> tuple[State, str]:
    return (State.READY if count >= wanted else State.PROGRESSING), f"{count} of {wanted} {word}"


def _replicas(obj: Object) -> int:
    replicas = obj["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _is_unseen(obj: Object) -> bool:
    """Whether the controller has not yet acted on the newest spec."""
    seen: int = (obj.get("status") or {}).get("observedGeneration", 0)
    return bool(seen < obj["metadata"].get("generation", 0))


def _is_pod_of(pod: Object, owner: Object) -> bool:
    if owner["kind"] == "Job":
        references = pod["metadata"].get("ownerReferences") or []
        return owner["metadata"]["uid"] in [reference.get("uid") for reference in references]
    wanted: dict[str, str] = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    return bool(wanted) and all(labels_of(pod).get(key) == value for key, value in wanted.items())


def _made_at(pod: Object) -> str:
    return str(pod["metadata"].get("creationTimestamp") or "")


def _pod_trouble(pod: Object) -> tuple[str, tuple[str, str] | None]:
    """Return why a pod does not run, in words, and whose log to read; "" where it says nothing."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason, has_log = _container_trouble(container)
        if reason:
            crashed = (pod["metadata"]["name"], container["name"]) if has_log else None
            return reason, crashed
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"no node takes the pod: {condition.get('message') or condition.get('reason')}", None
    return (str(status.get("message") or ""), None) if status.get("phase") == "Failed" else ("", None)


def _container_trouble(container: Mapping[str, Any]) -> tuple[str, bool]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    ended = (container.get("state") or {}).get("terminated") or {}
    last = (container.get("lastState") or {}).get("terminated") or ended
    reason = waiting.get("reason", "")
    if reason in ("ImagePullBackOff", "ErrImagePull", "InvalidImageName"):
        return (
            f"the image {container.get('image')} can't be pulled ({waiting.get('message') or reason})",
            False,
        )
    if reason == "CrashLoopBackOff" or (ended and ended.get("exitCode")):
        return f"the container {container['name']} crashes ({_end_of(last)})", True
    if reason and reason not in ("ContainerCreating", "PodInitializing"):
        return f"the container {container['name']} can't start: {waiting.get('message') or reason}", False
    return "", False


def _end_of(terminated: Mapping[str, Any]) -> str:
    if terminated.get("reason") == "OOMKilled":
        return "it needs more memory than its limit"
    return f"exit code {terminated.get('exitCode', '?')}"
