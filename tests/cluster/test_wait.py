"""Waiting for an app: readiness, the reasons why not in words, and apps that stand on others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.harness import Instance, Object, eventually, node, set_status
from tests.cluster.resources import deployment

WEB = deployment("web")
JOB = """\
---
apiVersion: batch/v1
kind: Job
metadata: {name: init}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: init, image: "init:1"}]}}}
"""
CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
"""
REQUIRES = "requires: [{{name: {0}}}]\n"


def test_wait_ends_when_everything_is_ready(instance: Instance) -> None:
    instance.app("well", WEB + JOB + CLAIM)
    with node(instance.plane):
        said = instance.deploy("--wait", "--timeout", "60", "well")
    assert "deployment/web 1 of 1 available" in said
    assert "job/init complete" in said
    assert "persistentvolumeclaim/data bound" in said


def waiting(reason: str, message: str) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "web", "image": "web:1", "imageID": "", "ready": False, "restartCount": 3, "state": state}


TROUBLES: dict[str, tuple[Object, str]] = {
    "image": (
        {"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff", "manifest unknown")]},
        "the image web:1 can't be pulled (manifest unknown)",
    ),
    "crash": (
        {
            "phase": "Running",
            "containerStatuses": [
                {
                    **waiting("CrashLoopBackOff", "back-off"),
                    "lastState": {"terminated": {"exitCode": 17, "reason": "Error"}},
                }
            ],
        },
        "the container web crashes (exit code 17)",
    ),
    "memory": (
        {
            "phase": "Running",
            "containerStatuses": [
                {
                    **waiting("CrashLoopBackOff", "back-off"),
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }
            ],
        },
        "it needs more memory than its limit",
    ),
    "nodes": (
        {
            "phase": "Pending",
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/3 nodes are available: 3 Insufficient cpu.",
                }
            ],
        },
        "no node takes the pod: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    "secret": (
        {
            "phase": "Pending",
            "containerStatuses": [waiting("CreateContainerConfigError", 'secret "x" not found')],
        },
        'the container web can\'t start: secret "x" not found',
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_reason_why_a_pod_does_not_run_is_told_in_words(instance: Instance, trouble: str) -> None:
    status, words = TROUBLES[trouble]
    app = f"ill-{trouble}"
    instance.app(app, WEB)
    instance.deploy(app)
    break_pods(instance, app, lambda pod: status)
    done = instance.wild("deploy", "--wait", "--timeout", "0", app)
    assert done.returncode == 3
    assert f"{app} is not ready after 0 s: deployment/web: 0 of 1 available: " in done.stderr
    assert words in done.stderr
    assert f"git wild status -v {app}" in done.stderr


def break_pods(instance: Instance, namespace: str, status: Callable[[Object], Any]) -> None:
    eventually(lambda: bool(instance.list("pods", namespace)))
    for pod in instance.list("pods", namespace):
        set_status(instance.plane, "pods", pod, status(pod))


def test_failed_job_ends_the_wait_at_once(instance: Instance) -> None:
    instance.app("badjob", JOB)
    instance.deploy("badjob")
    break_pods(instance, "badjob", lambda pod: {"phase": "Failed"})
    eventually(lambda: "failed" in (instance.get("job", "init", "badjob") or {})["status"])
    done = instance.wild("deploy", "--wait", "--timeout", "60", "badjob")
    assert done.returncode == 3
    assert "badjob failed: job/init: failed, " in done.stderr


def test_unbound_claim_is_named_with_its_storage_class(instance: Instance) -> None:
    instance.app("unbound", CLAIM)
    done = instance.wild("deploy", "--wait", "--timeout", "0", "unbound")
    assert done.returncode == 3
    assert "persistentvolumeclaim/data: unbound: waits for a volume of fast" in done.stderr


def test_app_waits_for_none_of_what_it_requires_but_refuses(instance: Instance) -> None:
    instance.app("base", WEB)
    instance.app("upper", WEB, manifest=REQUIRES.format("base"))
    done = instance.wild("deploy", "upper")
    assert done.returncode == 3
    assert "upper requires base, which is not deployed" in done.stderr
    assert "git wild deploy --with-dependencies upper" in done.stderr
    assert instance.get("namespace", "upper") is None
    instance.deploy("base")
    done = instance.wild("deploy", "upper")
    assert done.returncode == 3
    assert "upper requires base, which is not ready: deployment/web: 0 of 1 available" in done.stderr


def test_with_dependencies_deploys_them_first_and_waits_for_each(instance: Instance) -> None:
    instance.app("ground", WEB)
    instance.app("first-floor", WEB, manifest=REQUIRES.format("ground"))
    instance.app("roof", WEB, manifest=REQUIRES.format("first-floor"))
    with node(instance.plane):
        said = instance.deploy("--with-dependencies", "--json", "roof")
    events = [json.loads(line) for line in said.splitlines()]
    done = [event["app"] for event in events if event["step"] == "record"]
    assert done == ["ground", "first-floor", "roof"]
    ready = next(i for i, e in enumerate(events) if e["step"] == "wait" and e["state"] == "done")
    next_app = next(i for i, e in enumerate(events) if e["app"] == "first-floor")
    assert events[ready]["app"] == "ground"
    assert ready < next_app


def test_circle_of_requirements_is_shown(instance: Instance) -> None:
    for app, required in (("egg", "hen"), ("hen", "egg")):
        instance.app(app, WEB, manifest=REQUIRES.format(required))
    done = instance.wild("deploy", "--with-dependencies", "egg")
    assert done.returncode == 3
    assert "these apps require each other: egg → hen → egg" in done.stderr


def test_two_installs_of_one_package_live_side_by_side(instance: Instance) -> None:
    for app in ("db-one", "db-two"):
        instance.app(app, WEB)
        instance.edit(f"apps/{app}/manifest.yaml", f"name: {app}\nis: {app}", "name: db\nis: db")
    manifest = "requires: [{name: db, alias: main, installedAs: db-two}]\n"
    instance.app("user", WEB, manifest=manifest)
    instance.deploy("db-one")
    done = instance.wild("deploy", "user")
    assert "user requires db-two, which is not deployed" in done.stderr
    with node(instance.plane):
        instance.deploy("--wait", "db-two")
        instance.deploy("user")
    assert instance.get("deployment", "web", "db-one") is not None
    assert instance.get("deployment", "web", "db-two") is not None
