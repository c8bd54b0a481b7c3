"""Drift against the real API server: what is planted is found, with class, field, manager and time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cluster.harness import Instance, eventually

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers:
        - name: web
          image: web:1
          env: [{name: MODE, value: fast}, {name: LEVEL, value: info}]
          resources: {limits: {cpu: 1000m, memory: 1024Mi}}
          volumeMounts: [{name: data, mountPath: /a}, {name: data, mountPath: /b}]
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: red, size: large}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {component: web}, ports: [{port: 80}]}
"""
SECRET = {"manifest": "defaultSecrets: [{key: password}]\n", "secrets": "{password: first-password-1}"}
AUTOSCALER = """\
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 5, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""


def look(instance: Instance, app: str, code: int) -> list[dict[str, Any]]:
    """Return the differences of an app that are not a controller's."""
    done = instance.wild("drift", "--json", app)
    assert done.returncode == code, done.stdout + done.stderr
    [found] = json.loads(done.stdout)
    assert found["drift"] is (code == 1)
    return [each for each in found["differences"] if each["class"] != "controller"]


def find(instance: Instance, app: str, code: int = 1) -> dict[str, Any]:
    """Return the only difference of an app."""
    [found] = look(instance, app, code)
    return found


def seen(found: dict[str, Any]) -> tuple[str, str, str]:
    """Return class, object and field of a difference."""
    return found["class"], f"{found['kind']}/{found['name']}", found.get("field", "")


def edit(instance: Instance, monkeypatch: pytest.MonkeyPatch, what: str, app: str, script: str) -> None:
    """Change an object as a person does at 2 a.m.: with kubectl edit."""
    monkeypatch.setenv("KUBE_EDITOR", f"sed -i {script}")
    instance.kubectl("edit", what, "-n", app)


def is_fresh(found: dict[str, Any]) -> bool:
    """Whether a difference is from the last minutes."""
    return abs((datetime.now(UTC) - datetime.fromisoformat(found["time"])).total_seconds()) < 300


def test_edits_of_people_are_drift_with_field_and_manager(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.app("edited", WEB, **SECRET)
    assert look(instance, "edited", 0)[0]["class"] == "pending", "nothing is deployed yet"
    instance.deploy("edited")
    assert look(instance, "edited", 0) == []

    instance.kubectl("label", "deployment/web", "team=blue", "-n", "edited")
    assert look(instance, "edited", 0) == [], "what git never said is nobody's drift"

    edit(instance, monkeypatch, "deployment/web", "edited", "s/web:1/web:9/")
    found = find(instance, "edited")
    assert seen(found) == ("drifted", "Deployment/web", "spec.template.spec.containers[web].image")
    assert (found["cluster"], found["git"], found["manager"]) == ("web:9", "web:1", "kubectl-edit")
    assert is_fresh(found)
    instance.deploy("edited")
    assert look(instance, "edited", 0) == []

    edit(instance, monkeypatch, "configmap/settings", "edited", "/colour:/d")
    found = find(instance, "edited")
    assert seen(found) == ("drifted", "ConfigMap/settings", "data.colour")
    assert "cluster" not in found
    instance.deploy("edited")

    instance.kubectl("scale", "deployment/web", "--replicas=7", "-n", "edited")
    found = find(instance, "edited")
    assert seen(found) == ("drifted", "Deployment/web", "spec.replicas")
    assert (found["cluster"], found["git"], found["subresource"]) == (7, 3, "scale")
    # Older servers do not record who scales; the event of the scaling still says when.
    assert found["manager"] == ("kubectl" if instance.plane.version() >= (1, 22) else "")
    eventually(lambda: bool(find(instance, "edited")["time"]))
    assert is_fresh(find(instance, "edited"))
    said = instance.wild("drift", "edited")
    assert "edited: 1 drifted" in said.stdout
    assert "deployment/web spec.replicas is 7, git says 3 (" in said.stdout


def test_objects_deleted_and_added_by_hand_are_missing_and_extra(instance: Instance) -> None:
    instance.app("objects", WEB)
    instance.deploy("objects")
    instance.kubectl("delete", "configmap/settings", "-n", "objects")
    assert seen(find(instance, "objects")) == ("missing", "ConfigMap/settings", "")
    instance.deploy("objects")
    instance.kubectl("create", "configmap", "stray", "--from-literal=a=b", "-n", "objects")
    found = find(instance, "objects")
    assert seen(found) == ("extra", "ConfigMap/stray", "")
    assert found["manager"] == "kubectl-create"
    assert is_fresh(found)


def test_changed_secret_is_found_and_never_shown(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    instance.app("secretive", WEB, **SECRET)
    instance.deploy("secretive")
    edit(
        instance, monkeypatch, "secret/secretive-secrets", "secretive", "'s/password: .*/password: aGFja2Vk/'"
    )
    found = find(instance, "secretive")
    assert seen(found) == ("secrets", "Secret/secretive-secrets", "data.password")
    assert (found["cluster"], found["git"], found["manager"]) == ("(hidden)", "(hidden)", "kubectl-edit")
    for arguments in (("--json",), ("-v",)):
        done = instance.wild("drift", *arguments, "secretive")
        for text in ("aGFja2Vk", "hacked", "first-password-1", "Zmlyc3QtcGFzc3dvcmQtMQ"):
            assert text not in done.stdout + done.stderr
    instance.deploy("secretive")
    instance.edit("secrets.yaml", "first-password-1", "second-password")
    assert find(instance, "secretive")["note"] == "secrets.yaml changed since the deploy"


def test_autoscaler_is_a_controller_and_a_deploy_is_not_needed(instance: Instance) -> None:
    instance.app("scaled", WEB + AUTOSCALER)
    instance.deploy("scaled")

    def controlled() -> list[dict[str, Any]]:
        done = instance.wild("drift", "--json", "scaled")
        assert done.returncode == 0
        found = json.loads(done.stdout)[0]["differences"]
        return [each for each in found if each["class"] == "controller"]

    eventually(lambda: bool(controlled()), timeout_s=60)  # the real controller scales up to minReplicas
    [found] = controlled()
    assert (found["field"], found["cluster"], found["git"]) == ("spec.replicas", 5, 3)
    assert "HorizontalPodAutoscaler web" in found["note"]
    assert "spec.replicas" not in instance.wild("drift", "scaled").stdout
    assert "spec.replicas is 5, git says 3" in instance.wild("drift", "-v", "scaled").stdout


def test_what_git_changed_is_pending_and_what_both_have_is_intentional(instance: Instance) -> None:
    instance.app("moving", WEB)
    instance.deploy("moving")
    instance.edit("apps/moving/all.yaml", "web:1", "web:2")
    assert look(instance, "moving", 0) == [
        {"class": "uncommitted", "drift": False, "file": "apps/moving/all.yaml"}
    ]
    instance.commit()
    found = find(instance, "moving", 0)
    assert seen(found) == ("pending", "Deployment/web", "spec.template.spec.containers[web].image")
    instance.kubectl("set", "image", "deployment/web", "web=web:2", "-n", "moving")
    found = find(instance, "moving", 0)
    assert seen(found) == ("intentional", "Deployment/web", "spec.template.spec.containers[web].image")
    instance.kubectl("set", "image", "deployment/web", "web=web:3", "-n", "moving")
    found = find(instance, "moving")
    assert (found["class"], found["cluster"], found["git"]) == ("drifted", "web:3", "web:2")
    instance.deploy("moving")
    assert look(instance, "moving", 0) == []


def test_commit_that_is_not_here_is_said_and_ownership_decides(instance: Instance) -> None:
    instance.app("elsewhere", WEB)
    instance.deploy("elsewhere")
    instance.kubectl("annotate", "--overwrite", "namespace", "elsewhere", f"wild.cloud/commit={'1' * 40}")
    instance.edit("apps/elsewhere/all.yaml", "web:1", "web:2")
    instance.commit()
    instance.kubectl("patch", "configmap/settings", "-n", "elsewhere", "-p", '{"data": {"colour": "blue"}}')
    found = look(instance, "elsewhere", 1)
    assert sorted(each["class"] for each in found) == ["drifted", "pending"]
    said = instance.wild("drift", "elsewhere").stdout
    assert "deployed from 1111111, which this repository has not" in said


def test_cluster_that_does_not_answer_is_no_answer(instance: Instance) -> None:
    instance.app("silent", WEB)
    instance.use(instance.plane.kubeconfig(server="https://127.0.0.1:1"))
    instance.git("config", "wild.outageTimeout", "1")
    done = instance.wild("drift", "silent")
    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stderr


def states(instance: Instance) -> dict[str, Any]:
    done = instance.wild("status", "--json")
    assert done.returncode == 0, done.stderr
    return {each["app"]: each for each in json.loads(done.stdout)}


def test_status_says_drifted_in_passing(instance: Instance) -> None:
    apps = ("passing", "passing-2", "passing-3")
    for app in apps:
        instance.app(app, WEB.replace("replicas: 3", "replicas: 0"))
        instance.deploy(app)
    found = states(instance)
    assert {app: found[app]["reasons"] for app in apps} == {app: [] for app in apps}
    instance.kubectl("delete", "service", "web", "-n", "passing")
    instance.kubectl("scale", "deployment/web", "--replicas=2", "-n", "passing-2")
    change = '{"data": {"colour": "x", "size": "y"}}'
    instance.kubectl("patch", "configmap/settings", "-n", "passing-3", "-p", change)
    found = states(instance)
    assert (found["passing"]["state"], found["passing"]["reasons"]) == ("drifted", ["service/web is gone"])
    assert found["passing"]["next"] == "git wild drift passing"
    assert found["passing-2"]["reasons"][0].startswith("deployment/web spec.replicas")
    said = [f"configmap/settings data.{field} by kubectl-patch" for field in ("colour", "size")]
    assert found["passing-3"]["reasons"] == said
    reason = ("--reason", "a trial", "--until", "2999-01-01")
    instance.wild("drift", "passing-3", "--ignore", "configmap/settings", *reason)
    assert states(instance)["passing-3"]["state"] == "deployed"


def test_namespace_deleted_by_hand_is_drift_whoever_looked_before(instance: Instance) -> None:
    instance.app("vanished", WEB)
    instance.deploy("vanished")
    instance.kubectl("delete", "namespace", "vanished")
    assert instance.wild("deploy", "--changed", "--dry-run").returncode == 0
    assert {each["class"] for each in look(instance, "vanished", 1)} == {"missing"}
    assert states(instance)["vanished"]["state"] == "drifted"


def test_environment_of_another_branch_is_compared_with_that_branch(instance: Instance) -> None:
    instance.git("config", "wild-environment.production.branch", "main")
    instance.git("config", "wild-environment.production.kubeconfig", "kubeconfig")
    instance.git("checkout", "-q", "-B", "main")
    instance.app("branched", WEB)
    instance.deploy("branched")
    instance.git("checkout", "-qb", "develop")
    instance.edit("apps/branched/all.yaml", "web:1", "web:2")
    instance.commit()
    done = instance.wild("drift", "--env", "production", "branched")
    assert (done.returncode, done.stdout) == (0, "branched: no drift\n")
    done = instance.wild("drift", "--env", "production", "branched", "--accept")
    assert done.returncode == 2
    assert "production is deployed from main, which is not checked out" in done.stderr


def test_diff_against_the_cluster_is_what_a_deploy_would_change(instance: Instance) -> None:
    instance.app("differs", WEB)
    instance.deploy("differs")
    done = instance.wild("diff", "--cluster", "--exit-code", "differs")
    assert (done.returncode, done.stdout) == (0, "differs: nothing would change\n")
    instance.edit("apps/differs/all.yaml", "web:1", "web:2")
    done = instance.wild("diff", "--cluster", "--exit-code", "differs")
    assert done.returncode == 1
    assert "~ spec.template.spec.containers[web].image: web:1 → web:2" in done.stdout
