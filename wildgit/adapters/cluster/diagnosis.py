"""What `git wild doctor` tries with the cluster: it answers, we may deploy, and others did their part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.kubeconfig import NoCluster
from wildgit.adapters.cluster.kustomize import kubectl_path
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.adapters.standings import read_exposure
from wildgit.core.cluster.environment import NoEnvironment
from wildgit.core.diagnosis import Diagnosis
from wildgit.errors import ClusterError, WildgitError

# What every deploy needs; a missing right on one more kind is told by the deploy itself.
_NEEDED = (("v1", "Namespace"), ("v1", "Secret"), ("apps/v1", "Deployment"), ("v1", "Service"))


def diagnose(root: Path) -> Iterator[Diagnosis]:
    """Yield whether kubectl is there, the cluster answers, deploys are allowed, and what is exposed works."""
    yield _kubectl()
    instance = Instance(root)
    try:
        cluster, environment = open_cluster(instance, read_settings(root), is_brief=True)
        version = cluster.version()
    except (NoCluster, NoEnvironment) as error:
        yield Diagnosis("the cluster answers", ok=None, detail=error.message)
        return
    except WildgitError as error:
        yield Diagnosis("the cluster answers", ok=False, detail=error.message, hint=error.hint)
        return
    detail = f"{environment.name}: {cluster.server.connection.server}, Kubernetes {version}"
    yield Diagnosis("the cluster answers", ok=True, detail=detail)
    yield _rights(cluster)
    yield from _exposure(cluster)


def _exposure(cluster: Cluster) -> Iterator[Diagnosis]:
    what = "what is exposed works"
    found, hidden = read_exposure(cluster)
    wrong = [finding for finding in found if not finding.ok]
    for finding in wrong:
        yield Diagnosis(what, ok=False, detail=f"{finding.namespace}: {finding.text}")
    if hidden:
        yield Diagnosis(what, ok=None, detail=f"the kubeconfig's user may not list {', '.join(hidden)}")
    elif not wrong:
        yield Diagnosis(what, ok=True)


def _kubectl() -> Diagnosis:
    what = "kubectl is there to build manifests"
    try:
        return Diagnosis(what, ok=True, detail=str(kubectl_path()))
    except WildgitError as error:
        return Diagnosis(what, ok=False, detail=error.message, hint=error.hint)


def _rights(cluster: Cluster) -> Diagnosis:
    what = "the kubeconfig's user may deploy"
    try:
        kinds = [cluster.kind(*kind) for kind in _NEEDED]
        missing = [kind.resource for kind in kinds if not cluster.may("patch", kind, "")]
    except ClusterError as error:
        return Diagnosis(what, ok=None, detail=error.message)
    if missing:
        detail = f"it may not patch {', '.join(missing)} in all namespaces"
        return Diagnosis(
            what, ok=False, detail=detail, hint="bind the user to cluster-admin, or to such a role"
        )
    return Diagnosis(what, ok=True)
