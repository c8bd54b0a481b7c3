"""Delete against the real API server: the cluster as far as it answers, the instance always."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance
from tests.cluster.resources import CONFIG_MAP, HELD, cluster_role

CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: precious
  resources: {requests: {storage: 1Gi}}
"""
VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: precious}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: /tmp/precious}
"""


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    made = Instance(tmp_path / "cloud", control_plane)
    made.git("config", "wild.terminatingWait", "2")
    return made


def test_everything_is_gone_after_a_delete_and_a_second_one_succeeds(instance: Instance) -> None:
    instance.app("leaving", CONFIG_MAP + cluster_role("leaving-role"), secrets="{password: abcdefgh}")
    instance.write("config.yaml", "# mine\napps:\n  leaving:\n    port: 1\n  staying: {port: 2}\n")
    instance.deploy("leaving")
    done = instance.wild("delete", "--yes", "leaving")
    assert done.returncode == 0, done.stderr
    assert instance.get("namespace", "leaving") is None
    assert instance.get("clusterrole", "leaving-role") is None
    assert not (instance.root / "apps/leaving").exists()
    assert (instance.root / "config.yaml").read_text() == "# mine\napps:\n  staying: {port: 2}\n"
    assert "abcdefgh" not in (instance.root / "secrets.yaml").read_text()
    assert instance.git("for-each-ref", "refs/wild/deployed") == ""
    again = instance.wild("delete", "--yes", "leaving")
    assert again.returncode == 0
    assert "leaving is not installed" in again.stderr


def test_nothing_is_deleted_where_nobody_says_yes(instance: Instance) -> None:
    instance.app("asked", CONFIG_MAP)
    done = instance.wild("delete", "asked")
    assert done.returncode == 2
    assert (instance.root / "apps/asked").exists()


def test_unreachable_cluster_is_a_warning(instance: Instance) -> None:
    instance.app("offline", CONFIG_MAP)
    instance.git("config", "wild.outageTimeout", "1")
    instance.use(instance.plane.kubeconfig(server="https://127.0.0.1:1"))
    done = instance.wild("delete", "--yes", "offline")
    assert done.returncode == 0
    assert "warning: the cluster was not cleaned up: the API server https://127.0.0.1:1" in done.stderr
    assert not (instance.root / "apps/offline").exists()
    assert "refuses connections" in instance.operations("offline")[-1]["warning"]


def test_app_that_others_require_is_refused_unless_forced(instance: Instance) -> None:
    instance.app("needed", CONFIG_MAP)
    instance.app("user", CONFIG_MAP, manifest="requires: [{name: needed}]\n")
    done = instance.wild("delete", "--yes", "needed")
    assert done.returncode == 3
    assert "needed is required by user" in done.stderr
    assert (instance.root / "apps/needed").exists()
    assert instance.wild("delete", "--yes", "--force", "needed").returncode == 0


def test_object_that_is_held_by_a_finalizer_is_freed(instance: Instance) -> None:
    instance.app("held", CONFIG_MAP + HELD)
    instance.deploy("held")
    instance.git("config", "wild.deleteWait", "1")
    done = instance.wild("delete", "--yes", "held")
    assert done.returncode == 0, done.stderr
    assert "configmap/held in held is held by the finalizer example.com/hold: clearing it" in done.stderr
    assert instance.get("namespace", "held") is None


def test_volume_that_is_retained_is_named(instance: Instance) -> None:
    instance.kubectl("apply", "-f", "-", stdin=VOLUME)
    instance.app("archive", CLAIM)
    instance.deploy("archive")
    done = instance.wild("delete", "--yes", "archive")
    assert "the data of the claim data stays in the volume precious, whose policy is Retain" in done.stderr
    assert instance.get("persistentvolume", "precious") is not None


def test_namespace_of_another_app_is_never_deleted(instance: Instance) -> None:
    instance.app("mine", CONFIG_MAP)
    instance.deploy("mine")
    instance.app("squatter", CONFIG_MAP)
    instance.edit("apps/squatter/kustomization.yaml", "namespace: squatter", "namespace: mine")
    done = instance.wild("deploy", "squatter")
    assert done.returncode == 3
    assert "belongs to the app mine" in done.stderr
    assert instance.wild("delete", "--yes", "squatter").returncode == 0
    assert instance.get("configmap", "settings", "mine") is not None


def test_clusters_own_namespace_stays_when_an_app_in_it_goes(instance: Instance) -> None:
    instance.app("system", CONFIG_MAP)
    instance.edit("apps/system/kustomization.yaml", "namespace: system", "namespace: kube-public")
    instance.deploy("system")
    assert instance.wild("delete", "--yes", "system").returncode == 0
    assert instance.get("configmap", "settings", "kube-public") is None
    namespace = instance.get("namespace", "kube-public")
    assert namespace and namespace["status"]["phase"] == "Active"
    assert "wild.cloud" not in json.dumps(namespace["metadata"].get("annotations", {}))
    assert "wild.cloud/app" not in namespace["metadata"].get("labels", {})


def test_delete_goes_on_in_the_cluster_after_the_instance_forgot_the_app(instance: Instance) -> None:
    instance.app("ghostly", CONFIG_MAP)
    instance.deploy("ghostly")
    kubeconfig = (instance.root / "kubeconfig").read_text()
    instance.git("config", "wild.outageTimeout", "1")
    broken = json.loads(kubeconfig)
    broken["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    instance.write("kubeconfig", json.dumps(broken))
    instance.wild("delete", "--yes", "ghostly")
    assert instance.get("namespace", "ghostly") is not None
    instance.write("kubeconfig", kubeconfig)
    assert instance.wild("delete", "--yes", "ghostly").returncode == 0
    assert instance.get("namespace", "ghostly") is None
