"""Which commit of each app runs: as the cluster says, or else as was last deployed from here."""

from __future__ import annotations

from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.git.process import run_git
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.deploy_record import read_record
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.errors import ClusterError, InputError

_MIRROR = "refs/wild/deployed/"


def read_deployed(instance: Instance) -> tuple[dict[tuple[str, str], str], str]:
    """Return (environment, app) → commit, and why the cluster could not be asked; "" where it could.

    The environment is the current branch's; of others only what was deployed from here is known.
    """
    deployed = _read_mirror(instance)
    try:
        cluster, environment = open_cluster(instance, read_settings(instance.root), is_brief=True)
        namespaces = cluster.list_objects("v1", "Namespace", selector=APP_LABEL)
    except (ClusterError, InputError) as error:
        return deployed, error.message
    others = {key: commit for key, commit in deployed.items() if key[0] != environment.name}
    records = [record for record in map(read_record, namespaces) if record.is_finished]
    return others | {(environment.name, record.app): record.commit for record in records}, ""


def _read_mirror(instance: Instance) -> dict[tuple[str, str], str]:
    listed = run_git(["for-each-ref", "--format=%(refname) %(objectname)", _MIRROR], cwd=instance.root)
    found = {}
    for line in listed.decode("utf-8", "replace").splitlines():
        ref, _, commit = line.partition(" ")
        environment, _, app = ref.removeprefix(_MIRROR).rpartition("/")
        found[environment, app] = commit
    return found
