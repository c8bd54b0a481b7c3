"""Namespaces that will not go: who holds them, and the ladder that frees them.

A namespace stays Terminating while something in it has a finalizer that nobody serves. First the cluster
gets time to do it by itself, then the finalizers of those objects are cleared, a few times; only then the
namespace is finalized over what is left, and we say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.client import Cluster
from wildgit.core.cluster.field_ownership import MANAGER
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.errors import ClusterError

_TRIES_AGAINST_CONTROLLER = 10
_POLL_S = 0.25
_LONGEST_GRACE_S = 120.0  # of pods that are still allowed to end by themselves


@dataclass(frozen=True)
class Ladder:
    """How patient to be with it: `wild.terminatingWait` seconds, `wild.terminatingTries` times."""

    wait_s: float = 5.0
    tries: int = 3

    @property
    def whole_s(self) -> float:
        """How long all of it takes: also what any other object gets to go away."""
        return self.wait_s * (self.tries + 1)


def namespace_id(name: str) -> ResourceId:
    """Return the identity of a namespace."""
    return ResourceId("", "Namespace", "", name, "v1")


def is_terminating(namespace: Object | None) -> bool:
    """Whether the namespace is being deleted."""
    return bool(namespace and namespace["metadata"].get("deletionTimestamp"))


def wait_until_gone(cluster: Cluster, name: str, uid: str, timeout_s: float) -> bool:
    """Wait for a namespace to go; False where it is still there after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        namespace = cluster.get(namespace_id(name))
        if namespace is None or namespace["metadata"]["uid"] != uid:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(min(_POLL_S, timeout_s))


def free_namespace(cluster: Cluster, name: str, say: Callable[[str], None], ladder: Ladder) -> bool:
    """Make a Terminating namespace go away; True where it had to be finalized.

    Then its controller may still be emptying it, and would take what is new in a namespace of that name.

    Args:
        cluster: where it is.
        name: of the namespace.
        say: told each step, in a sentence.
        ladder: waits and tries.

    Raises:
        ClusterError: it is still there after all that; the message says what holds it.
    """
    namespace = cluster.get(namespace_id(name))
    if namespace is None or not is_terminating(namespace):
        return False
    uid = namespace["metadata"]["uid"]
    say(f"namespace {name} is Terminating; waiting for it to go")
    if wait_until_gone(cluster, name, uid, ladder.wait_s):
        return False
    for _ in range(ladder.tries):
        left = left_in(cluster, name)
        _wait_for_pods(cluster, name, uid, left, say)
        _delete(cluster, left)
        held = [obj for obj in left if obj["metadata"].get("finalizers")]
        for obj in held:
            finalizers = ", ".join(obj["metadata"]["finalizers"])
            say(f"{identify(obj).short} in {name} is held by the finalizer {finalizers}: clearing it")
        _clear_finalizers(cluster, held)
        if wait_until_gone(cluster, name, uid, ladder.wait_s):
            return False
    _finalize(cluster, name, uid, say, ladder)
    return True


def left_in(cluster: Cluster, name: str) -> list[Object]:
    """Return everything that is still in a namespace, but for kinds that we can't list."""
    found = cluster.each(
        lambda kind: cluster.list_objects(kind.api_version, kind.name, name), cluster.namespaced_kinds()
    )
    unique = {
        obj["metadata"]["uid"]: obj for objects in found if isinstance(objects, list) for obj in objects
    }
    return list(unique.values())


def conditions_text(namespace: Object) -> str:
    """Return what the cluster itself says holds a namespace, its conditions in words."""
    conditions = (namespace.get("status") or {}).get("conditions") or []
    said = [str(c.get("message")) for c in conditions if c.get("status") == "True" and c.get("message")]
    return "; ".join(said)


def _wait_for_pods(
    cluster: Cluster, name: str, uid: str, left: list[Object], say: Callable[[str], None]
) -> None:
    """Give pods the time that they are granted to end: what they do then may be what saves their data."""
    ends = max((_seconds_left(obj) for obj in left if obj["kind"] == "Pod"), default=0.0)
    if ends > 0:
        say(f"pods in {name} have {ends:.0f} s to end")
        wait_until_gone(cluster, name, uid, min(ends, _LONGEST_GRACE_S))


def _seconds_left(pod: Object) -> float:
    """A pod's deletionTimestamp is when its grace period ends."""
    text = pod["metadata"].get("deletionTimestamp")
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds() if text else 0.0


def _delete(cluster: Cluster, left: list[Object]) -> None:
    """Ask for the deletion of what the cluster itself has not begun to delete.

    Without it, finalizing the namespace would leave such an object behind, to turn up in the next namespace
    of that name. What we may not delete, or what can't be deleted, is left to the cluster.
    """

    def delete(obj: Object) -> None:
        try:
            cluster.delete(identify(obj), uid=obj["metadata"]["uid"])
        except ApiError as error:
            if error.code not in (403, 405, 409):
                raise

    cluster.all(delete, [obj for obj in left if not obj["metadata"].get("deletionTimestamp")])


def _clear_finalizers(cluster: Cluster, held: list[Object]) -> None:
    def clear(obj: Object) -> None:
        try:
            cluster.merge(identify(obj), {"metadata": {"finalizers": None}}, manager=MANAGER)
        except ApiError as error:
            if error.code != 404:  # it went by itself
                raise

    for result in cluster.each(clear, held):
        if isinstance(result, ClusterError):
            raise result


def _finalize(cluster: Cluster, name: str, uid: str, say: Callable[[str], None], ladder: Ladder) -> None:
    namespace = cluster.get(namespace_id(name))
    if namespace is None or namespace["metadata"]["uid"] != uid:
        return
    left = ", ".join(_names(left_in(cluster, name))) or "nothing that can be listed"
    say(f"finalizing namespace {name} as the last resort; this can leave objects behind (left: {left})")
    for _ in range(_TRIES_AGAINST_CONTROLLER):
        try:
            cluster.finalize_namespace(namespace)
            break
        except ApiError as error:
            if error.code not in (404, 409):
                raise
        # It went by itself, or its controller wrote it since it was read.
        namespace = cluster.get(namespace_id(name))
        if namespace is None or namespace["metadata"]["uid"] != uid:
            return
    if not wait_until_gone(cluster, name, uid, ladder.wait_s):
        raise ClusterError(
            f"namespace {name} is stuck Terminating: {conditions_text(namespace) or left}",
            hint=f"kubectl get namespace {name} -o yaml",
        )


def _names(objects: list[Object]) -> Iterator[str]:
    yield from sorted(identify(obj).short for obj in objects if obj["kind"] != "Event")
