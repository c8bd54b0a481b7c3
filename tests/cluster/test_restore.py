"""Disaster recovery: the cluster's data and the instance are gone; origin, tag and key bring both back."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, Object, node
from tests.cluster.resources import reader

KEPT = """\
---
apiVersion: v1
kind: Service
metadata: {{name: {0}}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {0}}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""
SECRETS = """\
apps:
  lost-vault: {password: first-vault-password}
  lost-page: {lostVaultPassword: first-vault-password}
"""
APPS = ("lost-vault", "lost-page", "lost-alone")
MADE_BY_EACH_DEPLOY = ("/commit", "/deployed-at", "/revision", "/secrets")
KINDS = "deployments,services,persistentvolumeclaims,secrets,configmaps"


def test_origin_key_and_tag_bring_back_cluster_and_instance(
    tmp_path: Path, control_plane: ControlPlane
) -> None:
    lost = made_and_backed_up(tmp_path, control_plane)
    before = contents(lost)
    secrets = (lost.root / "secrets.yaml").read_bytes()
    shutil.rmtree(lost.root)
    with ControlPlane() as fresh, node(fresh):
        found = restored(tmp_path, fresh)
        assert contents(found) == before
        assert (found.root / "secrets.yaml").read_bytes() == secrets
        assert found.get("namespace", "lost-never") is None, "what did not run does not run now"
        assert found.git("status", "--porcelain") == ""
        assert found.wild("hooks", "status").returncode == 0
        drift = found.wild("drift", "--json", *APPS)
        assert drift.returncode == 0, drift.stderr
        assert [app["differences"] for app in json.loads(drift.stdout)] == [[], [], []]


def made_and_backed_up(folder: Path, plane: ControlPlane) -> Instance:
    """Deploy apps with secrets, back them up to `origin.git`, with the key in `key`."""
    made = Instance(folder / "cloud", plane)
    assert made.wild("init", "--no-hooks").returncode == 0
    assert made.wild("backup", "--new-identity", str(folder / "key")).returncode == 0
    reads_vault = "requires: [{name: lost-vault}]\nrequiredSecrets: [lost-vault.password]\n"
    made.app(
        "lost-vault",
        reader("server", "lost-vault-secrets", "password") + KEPT.format("server"),
        manifest="defaultSecrets: [{key: password}]\n",
    )
    made.app(
        "lost-page",
        reader("web", "lost-page-secrets", "lostVaultPassword") + KEPT.format("web"),
        manifest=reads_vault,
    )
    made.app("lost-alone", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {a: b}\n")
    made.app("lost-never", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\n")
    made.write("secrets.yaml", SECRETS)
    with node(plane):
        made.deploy("--with-dependencies", "lost-page", "lost-alone")
        subprocess.run(["git", "init", "-q", "--bare", str(folder / "origin.git")], check=True)
        made.git("push", "-q", str(folder / "origin.git"), "main")
        done = made.wild("backup", "--secrets", "--push", str(folder / "origin.git"))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    return made


def restored(folder: Path, plane: ControlPlane) -> Instance:
    """Clone `origin.git` and restore it to an empty cluster, as a person would."""
    root = folder / "again"
    subprocess.run(["git", "clone", "-q", str(folder / "origin.git"), str(root)], check=True)
    found = Instance.existing(root, plane)
    done = found.wild("restore", "--identity", str(folder / "key"))
    assert done.returncode == 0, done.stderr
    assert "lost-never was not deployed" in done.stderr
    return found


def contents(instance: Instance) -> dict[str, Object]:
    """What the apps have in the cluster, without what each server makes up."""
    found = {}
    for app in APPS:
        namespace = instance.get("namespace", app)
        assert namespace
        for obj in [namespace, *instance.list(KINDS, app)]:
            if "wild.cloud/app" in obj["metadata"].get("labels", {}):  # not the tokens of service accounts
                found[f"{app}/{obj['kind']}/{obj['metadata']['name']}"] = without_servers_own(obj)
    return found


def without_servers_own(obj: Object) -> Object:
    kept = json.loads(json.dumps(obj))
    template = kept.get("spec", {}).get("template", {}).get("metadata", {})
    for noted in (kept["metadata"].get("annotations", {}), template.get("annotations", {})):
        for key in [key for key in noted if key.endswith(MADE_BY_EACH_DEPLOY)]:
            del noted[key]
    kept["metadata"] = {key: kept["metadata"].get(key) for key in ("name", "labels", "annotations")}
    for path in ("clusterIP", "clusterIPs", "volumeName"):
        kept.get("spec", {}).pop(path, None)
    kept.pop("status", None)
    return kept
