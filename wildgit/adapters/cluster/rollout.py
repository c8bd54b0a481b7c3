"""Follow an app to the end of its rollouts, jobs and claims, or say why they don't end."""

from __future__ import annotations

import time

from wildgit.adapters.cluster.client import Cluster
from wildgit.core.cluster.events import DONE, FAILED, WAITING, Event, Report
from wildgit.core.cluster.health import KINDS, Health, State, assess, is_ready
from wildgit.errors import ClusterError

POLL_S = 0.5
_LOG_LINES = 5


def read_health(cluster: Cluster, namespace: str) -> list[Health]:
    """Return how everything in a namespace is doing."""
    listed = cluster.all(lambda kind: cluster.list_objects(*kind, namespace), KINDS)
    return assess([obj for objects in listed for obj in objects])


def follow(
    cluster: Cluster,
    place: tuple[str, str],
    timeout_s: float,
    report: Report,
) -> None:
    """Wait until everything of an app is ready.

    Args:
        cluster: where it runs.
        place: (app, namespace).
        timeout_s: how long to wait.
        report: told whatever changes.

    Raises:
        ClusterError: something failed for good, or is not ready in time. Each object's reason and its last
            log lines were reported before.
    """
    app, namespace = place
    deadline = time.monotonic() + timeout_s
    shown: dict[str, str] = {}
    while True:
        healths = read_health(cluster, namespace)
        for health in healths:
            if shown.get(health.resource.short) != health.text:
                shown[health.resource.short] = health.text
                state = DONE if health.state is State.READY else WAITING
                report(Event(app, "wait", state, health.resource.short, health.text))
        if is_ready(healths):
            return
        failed = [health for health in healths if health.state is State.FAILED]
        if failed or time.monotonic() >= deadline:
            unready = failed or [health for health in healths if health.state is not State.READY]
            _report_failures(cluster, app, namespace, unready, report)
            what = "failed" if failed else f"is not ready after {timeout_s:g} s"
            raise ClusterError(
                f"{app} {what}: {'; '.join(map(str, unready))}",
                hint=f"git wild status -v {app}; kubectl describe pods -n {namespace}",
            )
        time.sleep(min(POLL_S, max(deadline - time.monotonic(), 0)))


def _report_failures(
    cluster: Cluster, app: str, namespace: str, unready: list[Health], report: Report
) -> None:
    for health in unready:
        report(Event(app, "wait", FAILED, health.resource.short, health.text))
        for line in last_log_lines(cluster, namespace, health):
            report(Event(app, "log", FAILED, health.resource.short, line))


def last_log_lines(cluster: Cluster, namespace: str, health: Health) -> list[str]:
    """Return the last log lines of the container that crashed; nothing where none did or none can be had."""
    if health.crashed is None:
        return []
    for previous in (True, False):
        try:
            return cluster.log_end(namespace, *health.crashed, lines=_LOG_LINES, previous=previous)
        except ClusterError:
            continue
    return []
