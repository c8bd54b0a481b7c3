"""Volumes backed up and restored: on a cluster without snapshots, and on one whose driver is played."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.harness import Instance, node
from tests.cluster.snapshot_driver import snapshot_driver

APP = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers: [{name: main, image: "main:1", volumeMounts: [{name: files, mountPath: /files}]}]
      volumes: [{name: files, persistentVolumeClaim: {claimName: files}}]
"""


def test_cluster_without_snapshots_is_told_so(instance: Instance) -> None:
    instance.app("plain", APP)
    for arguments in (("backup", "plain", "--data"), ("restore", "plain", "--from", "x")):
        done = instance.wild(*arguments)
        assert done.returncode == 3
        assert "this cluster takes no volume snapshots" in done.stderr


def test_claim_is_made_anew_from_a_snapshot_that_stays(instance: Instance, tmp_path: Path) -> None:
    instance.app("kept", APP)
    with node(instance.plane), snapshot_driver(instance.plane, tmp_path) as driver:
        instance.deploy("--wait", "kept")
        before = instance.get("pvc", "files", "kept")
        done = instance.wild("backup", "kept", "--data")
        assert done.returncode == 0, done.stderr
        assert "has the deletion policy Delete" in done.stderr
        name = done.stdout.split("snapshot ")[1].split(" ")[0]
        refused = instance.wild("restore", "kept", "--from", name, "--yes")
        assert refused.returncode == 3
        assert "kubectl patch volumesnapshotcontent" in refused.stderr
        driver.policy = "Retain"
        assert instance.wild("restore", "kept", "--from", name).returncode == 2, "nobody said yes"
        assert instance.get("pvc", "files", "kept") == before
        done = instance.wild("restore", "kept", "--from", name, "--yes")
        assert done.returncode == 0, done.stderr
        after = instance.get("pvc", "files", "kept")
        assert before
        assert after
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["spec"]["dataSource"] == {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": f"files-{name}",
        }
        volume = instance.get("pv", before["spec"]["volumeName"])
        assert volume
        assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        deployment = instance.get("deployment", "web", "kept")
        assert deployment
        assert deployment["spec"]["replicas"] == 2
        assert "restore" not in str(deployment["metadata"]["annotations"])
        instance.deploy("--wait", "kept")  # a deploy knows of no snapshot, and changes nothing
        assert instance.wild("drift", "kept").returncode == 0
        assert instance.get("pvc", "files", "kept")["metadata"]["uid"] == after["metadata"]["uid"]  # type: ignore[index]
