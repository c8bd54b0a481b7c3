"""Status, doctor and log against the real API server: every state of the lifecycle, and what to do next."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.cluster.harness import Instance, eventually, node, set_status
from tests.cluster.resources import CONFIG_MAP, HELD, deployment

WEB = deployment("web")
INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {external-dns.alpha.kubernetes.io/target: cloud.example.com}
spec:
  rules:
    - host: HOST
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {component: web}, ports: [{port: 80}]}
"""


def status(instance: Instance, app: str) -> dict[str, Any]:
    done = instance.wild("status", "--json", app)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return next(each for each in found if each["app"] == app)


def clone_of(instance: Instance) -> Path:
    """Return a colleague's clone."""
    root = instance.root.with_name("colleague")
    instance.git("clone", "-q", ".", str(root))
    return root


def test_app_goes_through_the_states_of_its_life(instance: Instance) -> None:
    assert status(instance, "lives")["state"] == "not added"
    instance.app("lives", WEB, manifest="defaultSecrets: [{key: password}]\n", secrets="{password: abcdefgh}")
    assert status(instance, "lives")["state"] == "added"
    assert status(instance, "lives")["next"] == "git wild deploy lives"
    instance.deploy("lives")
    found = status(instance, "lives")
    assert found["state"] == "deploying"
    assert "deployment/web: 0 of 1 available" in found["reasons"][0]
    with node(instance.plane):
        instance.deploy("--wait", "lives")
    assert status(instance, "lives")["state"] == "deployed"
    instance.edit("apps/lives/all.yaml", "web:1", "web:2")
    instance.commit()
    assert status(instance, "lives")["reasons"] == ["manifests changed since the deploy"]
    instance.deploy("lives")
    instance.edit("secrets.yaml", "abcdefgh", "ijklmnop")
    found = status(instance, "lives")
    assert found["state"] == "updating"
    assert "secrets.yaml is not what the cluster has" in found["reasons"]
    instance.deploy("lives")
    instance.kubectl("delete", "namespace", "lives")
    found = status(instance, "lives")
    assert (found["state"], found["next"]) == ("drifted", "git wild deploy lives")
    assert found["reasons"] == ["it was deployed, and its namespace is gone from the cluster"]
    instance.wild("delete", "--yes", "lives")
    assert status(instance, "lives")["state"] == "deleted"


def test_namespace_that_terminates_is_deleting_and_names_what_holds_it(instance: Instance) -> None:
    instance.app("going", CONFIG_MAP + HELD)
    instance.deploy("going")
    instance.kubectl("delete", "namespace", "going", "--wait=false")
    eventually(lambda: "example.com/hold" in str(status(instance, "going")["reasons"]))
    assert status(instance, "going")["state"] == "deleting"
    instance.git("config", "wild.terminatingWait", "1")
    instance.deploy("going")


def test_failed_deploy_is_shown_with_what_to_do_next(instance: Instance) -> None:
    instance.app("failing", WEB + CONFIG_MAP.replace("data: {a: b}", "data: {a: 1}"))
    assert instance.wild("deploy", "failing").returncode == 3
    found = status(instance, "failing")
    assert found["state"] == "added"
    assert found["reasons"][0].startswith("the last deploy failed: failing can't be deployed")
    assert found["next"] == "git wild deploy failing"
    instance.edit("apps/failing/all.yaml", "data: {a: 1}", "data: {a: b}")
    instance.commit()
    time.sleep(1)  # records of the cluster have seconds
    Instance.existing(clone_of(instance), instance.plane).deploy("failing")
    found = status(instance, "failing")
    assert found["state"] == "deploying", "its pods are not there"
    assert "failed" not in str(found["reasons"]), "a colleague deployed since"


def test_cluster_that_does_not_answer_is_no_error(instance: Instance) -> None:
    instance.app("alone", CONFIG_MAP)
    instance.use(instance.plane.kubeconfig(server="https://127.0.0.1:1"))
    done = instance.wild("status")
    assert done.returncode == 0
    assert "unknown" in done.stdout
    assert "the cluster can't be asked: the API server https://127.0.0.1:1" in done.stderr


def test_app_that_only_the_cluster_has_is_listed(instance: Instance) -> None:
    instance.app("leftover", CONFIG_MAP)
    instance.deploy("leftover")
    instance.git("rm", "-rq", "apps/leftover")
    done = instance.wild("status", "--porcelain")
    assert "leftover\t-\t-\t-\tdeleting" in done.stdout
    instance.git("checkout", "-q", "--orphan", "elsewhere")
    instance.commit()
    found = status(instance, "leftover")
    assert found["state"] == "deployed", "another branch may have it; it is not for us to delete"
    assert found["reasons"][0].startswith("not in git here, deployed by ")


def test_verbose_tells_health_with_logs_and_what_is_exposed(instance: Instance) -> None:
    instance.app("shown", WEB + INGRESS.replace("HOST", "shown.example.com"))
    instance.app("rival", INGRESS.replace("HOST", "shown.example.com"))
    instance.deploy("shown")
    instance.deploy("rival")
    eventually(lambda: bool(instance.list("pods", "shown")))
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    for pod in instance.list("pods", "shown"):
        container = {"name": "web", "image": "web:1", "imageID": "", "ready": False, "restartCount": 0}
        status = {"phase": "Pending", "containerStatuses": [{**container, "state": waiting}]}
        set_status(instance.plane, "pods", pod, status)
    said = instance.wild("status", "-v", "shown").stdout
    assert "the image web:1 can't be pulled (manifest unknown)" in said
    assert "ingress web: shown.example.com has no address yet, external-dns target cloud.example.com" in said
    assert "host shown.example.com is also claimed by an ingress in rival" in said
    assert "service web: no address; is there a load balancer, and is its pool exhausted?" in said


def test_doctor_proves_that_the_cluster_answers(instance: Instance) -> None:
    said = instance.wild("doctor").stdout
    assert "ok        the cluster answers" in said
    assert f"{instance.plane.server}, Kubernetes v" in said
    assert "ok        the kubeconfig's user may deploy" in said
    instance.use(instance.plane.kubeconfig("limited"))
    done = instance.wild("doctor")
    assert done.returncode == 1
    assert "it may not patch namespaces, secrets, deployments, services" in done.stdout


def test_log_has_operations_and_commits_on_one_time_line(instance: Instance) -> None:
    instance.app("history", CONFIG_MAP)
    instance.deploy("history")
    entries = json.loads(instance.wild("log", "--json", "history").stdout)
    assert {entry["type"] for entry in entries} == {"commit", "operation"}
    operation = next(entry for entry in entries if entry["type"] == "operation")
    assert (operation["action"], operation["outcome"]) == ("deploy", "succeeded")
    assert operation["commit"] == instance.git("rev-parse", "HEAD").strip()
