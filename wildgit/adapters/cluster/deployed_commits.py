"""Which commit of each app is deployed: by the clusters' own records, and by refs that remember them.

The refs, `refs/wild/deployed/ENVIRONMENT/APP`, are a mirror: git keeps the commits that they name, and they
say what was last seen where the cluster can't be asked.
"""

from __future__ import annotations

from pathlib import Path

from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.namespaces import is_terminating
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.git.process import run_git
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.changes import latest_records
from wildgit.core.cluster.deploy_record import DeployRecord, read_record
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.errors import ClusterError, InputError

_REFS = "refs/wild/deployed/"


def read_records(cluster: Cluster, app: str | None = None) -> dict[str, DeployRecord]:
    """Return app → the record of its last deploy that came to an end, of all apps or one.

    What is being deleted counts as gone; of an app with several namespaces, the one deployed last counts.

    Raises:
        ClusterError: the cluster can't be asked.
    """
    selector = APP_LABEL if app is None else f"{APP_LABEL}={app}"
    namespaces = cluster.list_objects("v1", "Namespace", selector=selector)
    return latest_records(read_record(each) for each in namespaces if not is_terminating(each))


def deployed_ref(environment: str, app: str = "") -> str:
    """Return the ref of an app, or what the refs of an environment begin with."""
    return f"{_REFS}{environment}/{app}"


def read_mirror(root: Path) -> dict[tuple[str, str], str]:
    """Return (environment, app) → commit, as last seen from here."""
    listed = run_git(["for-each-ref", "--format=%(refname) %(objectname)", _REFS], cwd=root)
    found = {}
    for line in listed.decode("utf-8", "replace").splitlines():
        ref, _, commit = line.partition(" ")
        environment, _, app = ref.removeprefix(_REFS).rpartition("/")
        found[environment, app] = commit
    return found


def read_deployed(instance: Instance) -> tuple[dict[tuple[str, str], str], str]:
    """Return (environment, app) → commit, and why the cluster could not be asked; "" where it could.

    The environment is the current branch's; of others only what was last seen from here is known.
    """
    mirror = read_mirror(instance.root)
    try:
        cluster, environment = open_cluster(instance, read_settings(instance.root), is_brief=True)
        records = read_records(cluster)
    except (ClusterError, InputError) as error:
        return mirror, error.message
    others = {key: commit for key, commit in mirror.items() if key[0] != environment.name}
    return others | {(environment.name, app): record.commit for app, record in records.items()}, ""
