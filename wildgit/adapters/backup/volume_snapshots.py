"""An app's volumes kept as CSI snapshots, and its claims made anew from them.

A claim is only deleted when its snapshot is ready, and kept if everything around it goes; the volume it had
is kept, too. What was begun is finished by running it again: workloads note how many replicas they had,
snapshots what their claims were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from wildgit.adapters import terminal
from wildgit.adapters.cluster.client import Cluster, UnknownKind
from wildgit.adapters.cluster.deploy_news import News
from wildgit.adapters.cluster.deployed_commits import read_records
from wildgit.adapters.cluster.operations import operation
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.events import DONE, NOTE, Event, Report
from wildgit.core.cluster.kube_objects import Object, ResourceId, annotations_of, identify
from wildgit.core.cluster.snapshots import (
    API,
    GROUP,
    REPLICAS,
    SET_LABEL,
    claim_from,
    content_name,
    failure,
    is_ready,
    obstacle,
    snapshot_of,
    users_of,
    uses,
)
from wildgit.errors import ClusterError, InputError, UsageError

MANAGER = "git-wild-restore"
_POLL_S = 0.5
_ENDED = ("Succeeded", "Failed")


class AppVolumes:
    """The volumes of one app in one cluster."""

    def __init__(self, instance: Instance, app: str, environment: str | None, timeout_s: float) -> None:
        """Find the app in its cluster.

        Raises:
            ClusterError: it is not deployed, or the cluster has no volume snapshots.
        """
        self.instance, self.app, self.timeout_s = instance, app, timeout_s
        self.cluster, _ = open_cluster(instance, read_settings(instance.root), environment)
        _require_snapshots(self.cluster)
        record = read_records(self.cluster, app).get(app)
        if record is None:
            raise ClusterError(f"{app} is not deployed", hint=f"git wild deploy {app}")
        self.namespace = record.namespace

    def back_up(self, snapshot_class: str | None) -> None:
        """Take a snapshot of every bound claim, and wait until all are ready to use.

        Raises:
            ClusterError: the driver failed, or is not done in time.
        """
        set_name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        claims = [claim for claim in self._claims() if (claim.get("status") or {}).get("phase") == "Bound"]
        if not claims:
            raise InputError(f"{self.app} has no claim that is bound to a volume")
        snapshots = [snapshot_of(claim, set_name, snapshot_class) for claim in claims]

        def work(report: Report) -> None:
            for snapshot in snapshots:
                self.cluster.apply(snapshot)
                report(Event(self.app, "snapshot", DONE, identify(snapshot).short, "asked for"))
            self._await_ready(snapshots)

        self._recorded("backup-data", work)
        names = ", ".join(claim["metadata"]["name"] for claim in claims)
        terminal.say(f"{self.app}: snapshot {set_name} of {names}")
        self._warn_of_policies(set_name)

    def restore(self, name: str, *, yes: bool) -> None:
        """Make the claims of a snapshot anew, filled from it; the workloads that use them are down meanwhile.

        Raises:
            ClusterError: a snapshot is not ready or not kept, or something did not happen in time.
            UsageError: nobody said yes.
        """
        snapshots = self._snapshots(name)
        self._refuse_obstacles(snapshots)
        claims = [claim_from(snapshot) for snapshot in snapshots]
        names = [claim["metadata"]["name"] for claim in claims]
        question = f"Replace what {', '.join(names)} of {self.app} hold by the snapshot {name}?"
        if not yes and not terminal.confirm(question):
            raise UsageError("nothing was restored", hint=f"git wild restore {self.app} --from {name} --yes")

        def work(report: Report) -> None:
            users = users_of(names, self._workloads())
            is_resumed = any(REPLICAS in annotations_of(user) for user in users)
            self._scale_down(users, report)
            self._await_no_pods(users, names)
            for claim in claims:
                self._replace(claim, report, is_resumed=is_resumed)
            self._scale_up(users, report)

        self._recorded("restore-data", work)
        terminal.say(f"{self.app}: {', '.join(names)} hold what the snapshot {name} has")

    # Taking

    def _claims(self) -> list[Object]:
        return self.cluster.list_objects("v1", "PersistentVolumeClaim", self.namespace)

    def _await_ready(self, snapshots: Sequence[Object]) -> None:
        waiting = [identify(snapshot) for snapshot in snapshots]

        def are_ready() -> bool:
            found = [self.cluster.get(resource) for resource in waiting]
            failed = [failure(snapshot) for snapshot in found if snapshot and failure(snapshot)]
            if failed:
                raise ClusterError(f"{self.app}: a snapshot failed: {failed[0]}")
            return all(snapshot is not None and is_ready(snapshot) for snapshot in found)

        self._wait(are_ready, f"the snapshots of {self.app} are not ready")

    def _warn_of_policies(self, set_name: str) -> None:
        for snapshot in self._snapshots(set_name):
            why = obstacle(snapshot, self._content(snapshot))
            if why:
                terminal.warn(
                    f"{why}: it would go with {self.app}'s namespace, and is not restored from",
                    hint=_retain_hint(snapshot),
                )

    # Restoring

    def _snapshots(self, name: str) -> list[Object]:
        found = self.cluster.list_objects(
            API, "VolumeSnapshot", self.namespace, selector=f"{SET_LABEL}={name}"
        )
        if not found:
            raise InputError(
                f"{self.app} has no snapshot {name}",
                hint=f"kubectl get volumesnapshots -n {self.namespace} -L {SET_LABEL}",
            )
        return found

    def _content(self, snapshot: Object) -> Object | None:
        name = content_name(snapshot)
        return self.cluster.get(ResourceId(GROUP, "VolumeSnapshotContent", "", name, API)) if name else None

    def _refuse_obstacles(self, snapshots: Sequence[Object]) -> None:
        for snapshot in snapshots:
            why = obstacle(snapshot, self._content(snapshot))
            if why:
                raise ClusterError(f"{why}; nothing was changed", hint=_retain_hint(snapshot))

    def _workloads(self) -> list[Object]:
        kinds = ("Deployment", "StatefulSet")
        return [obj for kind in kinds for obj in self.cluster.list_objects("apps/v1", kind, self.namespace)]

    def _scale_down(self, users: Sequence[Object], report: Report) -> None:
        for user in users:
            noted = annotations_of(user).get(REPLICAS)
            before = noted or str(user["spec"].get("replicas", 1))
            patch = {"metadata": {"annotations": {REPLICAS: before}}, "spec": {"replicas": 0}}
            self.cluster.merge(identify(user), patch, manager=MANAGER)
            report(Event(self.app, "scale", DONE, identify(user).short, f"scaled from {before} to 0"))

    def _scale_up(self, users: Sequence[Object], report: Report) -> None:
        for user in users:
            live = self.cluster.get(identify(user))
            before = annotations_of(live).get(REPLICAS)
            if before is not None:
                patch = {"metadata": {"annotations": {REPLICAS: None}}, "spec": {"replicas": int(before)}}
                self.cluster.merge(identify(user), patch, manager=MANAGER)
                report(Event(self.app, "scale", DONE, identify(user).short, f"scaled to {before}"))

    def _await_no_pods(self, users: Sequence[Object], claims: Sequence[str]) -> None:
        def pods() -> list[str]:
            found = self.cluster.list_objects("v1", "Pod", self.namespace)
            living = [pod for pod in found if (pod.get("status") or {}).get("phase") not in _ENDED]
            return [pod["metadata"]["name"] for pod in living if uses(pod["spec"], claims)]

        try:
            self._wait(lambda: not pods(), "pods still use the claims")
        except ClusterError as error:
            left = ", ".join(pods())
            self._scale_up(users, _silent)
            raise ClusterError(
                f"{error.message}: {left}; the workloads are back, and no claim was changed",
                hint=f"kubectl delete pod -n {self.namespace} {left.partition(',')[0]}",
            ) from error

    def _replace(self, claim: Object, report: Report, *, is_resumed: bool) -> None:
        resource = identify(claim)
        live = self.cluster.get(resource)
        if live is not None:
            source = (live["spec"].get("dataSource") or {}).get("name")
            if is_resumed and source == claim["spec"]["dataSource"]["name"]:
                return
            self._keep_volume(live, report)
            uid = live["metadata"]["uid"]
            self.cluster.delete(resource, uid=uid)
            self._wait(lambda: self._is_gone(resource, uid), f"{resource} does not go away")
        # By a manager of its own: a deploy, which knows of no source, would try to take it off again.
        self.cluster.apply(claim, manager=MANAGER)
        report(Event(self.app, "claim", DONE, resource.short, "made from the snapshot"))

    def _keep_volume(self, claim: Object, report: Report) -> None:
        name = claim["spec"].get("volumeName")
        volume = self.cluster.get(ResourceId("", "PersistentVolume", "", name, "v1")) if name else None
        if volume is None:
            return
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Retain":
            patch = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
            self.cluster.merge(identify(volume), patch, manager=MANAGER)
        held = f"what {claim['metadata']['name']} held until now stays in the volume {name}"
        report(Event(self.app, "claim", NOTE, message=held))

    def _is_gone(self, resource: ResourceId, uid: str) -> bool:
        live = self.cluster.get(resource)
        return live is None or live["metadata"]["uid"] != uid

    # Both

    def _wait(self, is_so: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + self.timeout_s
        while not is_so():
            if time.monotonic() >= deadline:
                raise ClusterError(f"{complaint} after {self.timeout_s:g} s", hint="run it again to go on")
            time.sleep(_POLL_S)

    def _recorded(self, action: str, work: Callable[[Report], None]) -> None:
        """Do the work under the lock of the app's operations, recorded and shown."""
        mask = self.instance.mask()
        terminal.add_mask(mask)
        news = News(as_json=False)
        commit = Repo(self.instance.root).head() or ""
        with operation(self.instance.root, action, self.app, commit, mask) as running:

            def report(event: Event) -> None:
                running.note(event)
                news(event)

            work(report)


def _silent(_: Event) -> None:
    return


def _require_snapshots(cluster: Cluster) -> None:
    for kind in ("VolumeSnapshot", "VolumeSnapshotContent"):
        try:
            cluster.kind(API, kind)
        except UnknownKind as error:
            raise ClusterError(
                f"this cluster takes no volume snapshots: it does not serve {kind} of {API}",
                hint="they need a CSI driver that can, and https://github.com/kubernetes-csi/external-snapshotter",
            ) from error


def _retain_hint(snapshot: Object) -> str:
    name = content_name(snapshot) or "NAME"
    patch = '{"spec":{"deletionPolicy":"Retain"}}'
    return f"kubectl patch volumesnapshotcontent {name} --type=merge -p '{patch}'"
