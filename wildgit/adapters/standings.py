"""Where apps stand, from all three systems: files and git, the cluster, and what was done last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wildgit.adapters.cluster.app_source import own_secrets
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.drift.glance import DriftGlance
from wildgit.adapters.cluster.operations import last_operations
from wildgit.adapters.cluster.rollout import last_log_lines
from wildgit.adapters.cluster.status import read_cluster_facts
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.local_status import LocalStatus
from wildgit.adapters.rollback.open_rollback import open_rollback
from wildgit.adapters.settings import read_settings
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.cluster.app_state import ClusterFacts, InstanceFacts, Standing, standing
from wildgit.core.cluster.exposure import KINDS as EXPOSURE_KINDS
from wildgit.core.cluster.exposure import Finding, findings
from wildgit.errors import ClusterError, InputError


@dataclass(frozen=True)
class ClusterView:
    """What could be learnt of the cluster.

    Attributes:
        facts: app → what the cluster says; None where it can't be asked.
        problem: why it can't; "" where it can.
        cluster: to ask for more; None where it can't be.
        deployed: apps that were deployed to it from this clone.
        hidden: kinds that we may not list, so that nothing is said of them.
        environment: its name; "" where none is clear.
    """

    facts: Mapping[str, ClusterFacts] | None
    problem: str = ""
    cluster: Cluster | None = None
    deployed: frozenset[str] = frozenset()
    hidden: Sequence[str] = ()
    environment: str = ""


def view_cluster(
    instance: Instance,
    repo: Repo,
    apps: Sequence[str],
    local: Sequence[LocalStatus],
    environment: str | None,
) -> ClusterView:
    """Return what the cluster says of the apps. A cluster that does not answer is a fact, too."""
    settings = read_settings(instance.root)
    try:
        cluster, target = open_cluster(instance, settings, environment, is_brief=True, reads_only=True)
    except (ClusterError, InputError) as error:
        if isinstance(error, InputError) and environment is not None:
            raise
        return ClusterView(None, error.message)  # a kubeconfig that is broken, for instance
    try:
        changed = [status.app for status in local if status.uncommitted]
        glance = DriftGlance(instance, repo, settings, cluster, changed)
        facts, hidden = read_cluster_facts(cluster, apps, own_secrets(instance, apps), glance)
        refs = (f"refs/wild/deployed/{target.name}/{app}" for app in apps)
        deployed = frozenset(ref.rpartition("/")[2] for ref in refs if repo.find_commit(ref) is not None)
        return ClusterView(facts, "", cluster, deployed, hidden, target.name)
    except ClusterError as error:
        return ClusterView(None, error.message)


def read_standings(
    instance: Instance, repo: Repo, apps: Iterable[str], local: Sequence[LocalStatus], view: ClusterView
) -> list[Standing]:
    """Return the state of each app.

    Args:
        instance: where.
        repo: its repository.
        apps: in question; also such as are not installed.
        local: what files and git say of those that are.
        view: what the cluster says.
    """
    stale = {status.app for status in local if status.stale}
    last = last_operations(instance.root, view.environment)
    installed = {status.app for status in local}
    found = []
    for app in apps:
        facts = None if view.facts is None else view.facts.get(app, ClusterFacts())
        changed = _changed(repo, app, facts) if app in installed else ()
        own = InstanceFacts(
            app,
            app in installed,
            app in stale,
            changed,
            last.get(app),
            was_deployed=app in view.deployed,
            rolled_back=_rolled_back(repo, app, facts, last.get(app)) if changed else "",
            is_of_history=_is_of_history(repo, facts),
        )
        found.append(standing(own, facts))
    return found


def only_in_cluster(view: ClusterView, installed: Iterable[str]) -> list[str]:
    """Return the apps that the cluster has and the instance has not."""
    return sorted(set(view.facts or {}) - set(installed))


def explain(app: str, view: ClusterView) -> list[str]:
    """Return everything there is to say of an app in the cluster, a line each."""
    if view.cluster is None or view.facts is None:
        return [view.problem]
    facts = view.facts.get(app, ClusterFacts())
    if facts.record is None:
        return ["not in the cluster"]
    namespace = facts.record.namespace
    record = facts.record
    said = [f"commit {record.commit or 'unknown'}, {record.deployed_at}, {record.deployed_by}"]
    for health in facts.healths:
        said.append(f"{health.state.value}: {health}")
        said += [f"    {line}" for line in last_log_lines(view.cluster, namespace, health)]
    try:
        exposed, hidden = read_exposure(view.cluster)
    except ClusterError as error:
        return [*said, f"what is exposed can't be looked at: {error.message}"]
    said += [finding.text for finding in exposed if finding.namespace == namespace]
    return said + [f"{kind}: may not be listed, so nothing is said of it" for kind in hidden]


def read_exposure(cluster: Cluster) -> tuple[list[Finding], list[str]]:
    """Return what other controllers make of the whole cluster's Ingresses, Services and certificates.

    Returns:
        what was found, and the kinds that we may not list.
    """
    listings = cluster.all(lambda kind: cluster.list_if_allowed(*kind), EXPOSURE_KINDS)
    hidden = [kind for (_, kind), listed in zip(EXPOSURE_KINDS, listings, strict=True) if listed is None]
    return findings([obj for listed in listings for obj in listed or ()], _days_until), hidden


def _days_until(timestamp: str) -> int | None:
    try:
        return (datetime.fromisoformat(timestamp) - datetime.now(UTC)).days
    except (ValueError, TypeError):  # no timestamp, or one without a zone
        return None


def _rolled_back(repo: Repo, app: str, facts: ClusterFacts | None, last: Mapping[str, Any] | None) -> str:
    head, record = repo.head(), facts.record if facts else None
    return open_rollback(repo, app, head, record.commit, last) if head and record else ""


def _is_of_history(repo: Repo, facts: ClusterFacts | None) -> bool:
    record, head = facts.record if facts else None, repo.head()
    commit = record.base_commit if record else ""
    return head is not None and bool(commit) and repo.has_commit(commit) and repo.is_ancestor(commit, head)


def _changed(repo: Repo, app: str, facts: ClusterFacts | None) -> tuple[str, ...]:
    """Return what HEAD has and the deployed commit has not."""
    record = facts.record if facts else None
    head = repo.head()
    if record is None or not record.commit or head is None:
        return ()
    commit = record.base_commit
    dirty = ("uncommitted",) if record.is_dirty else ()
    if not repo.has_commit(commit):
        return ("unknown commit",)
    folder = f"{APPS}/{app}"
    if repo.tree_at(head, folder) == repo.tree_at(commit, folder):
        return dirty
    package = f"{folder}/{PACKAGE_FOLDER}"
    if repo.tree_at(head, package) != repo.tree_at(commit, package):
        return ("upstream", *dirty)
    return ("manifests", *dirty)
