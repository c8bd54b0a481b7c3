"""An app taken away: from the cluster as far as that answers, from the instance always."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.client import Cluster, UnknownKind
from wildgit.adapters.cluster.deployed_commits import deployed_ref, read_mirror
from wildgit.adapters.cluster.namespaces import (
    Ladder,
    free_namespace,
    is_terminating,
    namespace_id,
    wait_until_gone,
)
from wildgit.adapters.cluster.survey import read_each
from wildgit.adapters.git.process import run_git
from wildgit.adapters.instance import APPS, CONFIG, SECRETS, Instance, section
from wildgit.core.cluster.deploy_record import RECORD_ANNOTATIONS, read_record
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.events import DONE, NOTE, STARTED, Event, Report
from wildgit.core.cluster.field_ownership import MANAGER
from wildgit.core.cluster.kube_objects import Object, ResourceId, labels_of
from wildgit.core.yaml_edit import unset_value

# Never deleted with an app, whatever claims them.
_CLUSTER_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


@dataclass(frozen=True)
class Removal:
    """One app on its way out."""

    cluster: Cluster
    app: str
    report: Report
    wait_s: float = 30.0
    ladder: Ladder = field(default_factory=Ladder)

    def from_cluster(self, guess: str | None) -> None:
        """Delete the app's namespace and what it has outside of it; succeeds where nothing is there.

        Args:
            guess: a namespace that is the app's unless it says otherwise, because its folder says so; None
                where only a namespace that is marked as the app's is deleted.

        Raises:
            ClusterError: the cluster does not answer, refuses, or the namespace is stuck.
        """
        for namespace in self._namespaces(guess):
            self._step("cluster", STARTED)
            self._delete_outside(namespace)
            self._name_retained(namespace)
            self._delete_namespace(namespace)
            self._step("cluster", DONE)

    def _namespaces(self, guess: str | None) -> list[Object]:
        found = self.cluster.list_objects("v1", "Namespace", selector=f"{APP_LABEL}={self.app}")
        names = {namespace["metadata"]["name"] for namespace in found}
        if guess and guess not in names:
            guessed = self.cluster.get(namespace_id(guess))
            if guessed is not None and labels_of(guessed).get(APP_LABEL, self.app) == self.app:
                found.append(guessed)
        return found

    def _delete_outside(self, namespace: Object) -> None:
        """Delete what the inventory has outside the namespace, last rank first, if it still is ours."""
        name = namespace["metadata"]["name"]
        inventory = read_record(namespace).inventory
        inside = (name,) if name not in _CLUSTER_NAMESPACES else ()
        outside = [r for r in inventory if r.namespace not in inside and r.kind != "Namespace"]
        live = read_each(self.cluster, outside)
        ours = [(r, obj) for r, obj in live.items() if labels_of(obj).get(APP_LABEL) == self.app]
        for rank in sorted({resource.rank for resource, _ in ours}, reverse=True):
            self.cluster.all(self._delete_one, [entry for entry in ours if entry[0].rank == rank])

    def _delete_one(self, entry: tuple[ResourceId, Object | None]) -> None:
        resource, live = entry
        if live is not None and self.cluster.delete(resource, uid=live["metadata"]["uid"]):
            self.report(Event(self.app, "delete", DONE, resource.short, "deleted"))

    def _name_retained(self, namespace: Object) -> None:
        """Say which volumes outlive the app: their data is there, and nothing finds it by itself."""
        name = namespace["metadata"]["name"]
        try:
            claims = self.cluster.list_objects("v1", "PersistentVolumeClaim", name)
            volumes = {obj["metadata"]["name"]: obj for obj in self._volumes(claims)}
        except (ApiError, UnknownKind):
            return  # no right to look at volumes: nothing to say
        for claim in claims:
            volume = volumes.get((claim.get("spec") or {}).get("volumeName", ""))
            if volume and volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain":
                names = f"{claim['metadata']['name']} stays in the volume {volume['metadata']['name']}"
                self._note(f"the data of the claim {names}, whose policy is Retain")

    def _volumes(self, claims: Iterable[Object]) -> list[Object]:
        names = [
            claim["spec"]["volumeName"] for claim in claims if (claim.get("spec") or {}).get("volumeName")
        ]
        found = read_each(self.cluster, [ResourceId("", "PersistentVolume", "", n, "v1") for n in names])
        return [volume for volume in found.values() if volume is not None]

    def _delete_namespace(self, namespace: Object) -> None:
        name, uid = namespace["metadata"]["name"], namespace["metadata"]["uid"]
        if name in _CLUSTER_NAMESPACES:
            self._note(f"{name} is the cluster's own namespace: it stays, without what {self.app} had in it")
            marks = {"labels": {APP_LABEL: None}, "annotations": dict.fromkeys(RECORD_ANNOTATIONS)}
            self.cluster.merge(namespace_id(name), {"metadata": marks}, manager=MANAGER)
            return
        if not is_terminating(namespace):
            self.cluster.delete(namespace_id(name), uid=uid)
        if not wait_until_gone(self.cluster, name, uid, self.wait_s):
            free_namespace(self.cluster, name, self._note, self.ladder)
        self.report(Event(self.app, "delete", DONE, f"namespace/{name}", "deleted"))

    def _step(self, name: str, state: str) -> None:
        self.report(Event(self.app, name, state))

    def _note(self, message: str) -> None:
        self.report(Event(self.app, "cluster", NOTE, message=message))


def remove_locally(instance: Instance, app: str) -> list[str]:
    """Take an app out of the instance and return what went; nothing where it was not there.

    The folder leaves in one rename and the two files in one each, under their locks. Killed in between,
    running it again does the rest.
    """
    went = []
    folder = instance.app_folder(app)
    with instance.config_locked(), instance.secrets_locked():
        if app in section(instance.config(), "apps"):
            instance.write_config(unset_value(instance.config_text(), ("apps", app), CONFIG))
            went.append(f"apps.{app} in {CONFIG}")
        if app in section(instance.secrets(), "apps"):
            instance.write_secrets(unset_value(instance.secrets_text(), ("apps", app), SECRETS))
            went.append(f"apps.{app} in {SECRETS}")
        leaving = folder.with_name(f".{app}.deleted.tmp")
        shutil.rmtree(leaving, ignore_errors=True)
        if folder.is_dir() and not folder.is_symlink():
            folder.rename(leaving)
            shutil.rmtree(leaving)
            went.append(f"{APPS}/{app}")
    for environment, deployed in read_mirror(instance.root):
        if deployed == app:
            run_git(["update-ref", "-d", deployed_ref(environment, app)], cwd=instance.root)
    return went
