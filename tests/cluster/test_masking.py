"""A secret that got into every place where it should not be is printed by no command, nor noted."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, eventually, set_status

SECRET = "planted-Secret+7/x"
SPELLINGS = (SECRET, base64.b64encode(SECRET.encode()).decode().rstrip("="), "planted-Secret%2B7%2Fx")
APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {note: "SECRET"}}
spec:
  replicas: 1
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec: {containers: [{name: web, image: "web:1", env: [{name: PASSWORD, value: "SECRET"}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {url: "postgres://me:SECRET@db", colour: red}
---
apiVersion: v1
kind: Secret
metadata: {name: other}
stringData: {copy: "SECRET"}
"""
READING = (
    "deploy --dry-run --summary - masked",
    "status -v masked",
    "drift masked",
    "drift --json masked",
    "diff --cluster masked",
    "rollback --dry-run --to HEAD~1 masked",
    "promote",
    "backup",
)
REFUSED = ("deploy --json masked", "drift masked", "status --json", "log --json")


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    return Instance(tmp_path / "cloud", control_plane)


def assert_nothing_is_said(instance: Instance, *commands: str) -> None:
    for command in commands:
        done = instance.wild(*command.split())
        said = done.stdout + done.stderr
        assert "has a bug" not in said, command
        assert not [spelling for spelling in SPELLINGS if spelling in said], f"{command}:\n{said}"


def test_a_planted_secret_is_printed_by_no_command(instance: Instance) -> None:
    manifest, secrets = "defaultSecrets: [{key: password}]\n", f"{{password: {SECRET}}}"
    instance.app("masked", APP.replace("SECRET", SECRET), manifest=manifest, secrets=secrets)
    assert_nothing_is_said(instance, "deploy masked")
    eventually(lambda: bool(instance.list("pods", "masked")))
    pod = instance.list("pods", "masked")[0]
    waiting = {"reason": "ImagePullBackOff", "message": f"no access with {SECRET}"}
    state = {"name": "web", "image": "web:1", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Pending", "containerStatuses": [{**state, "state": {"waiting": waiting}}]}
    set_status(instance.plane, "pods", pod, status)
    patch = f'{{"data": {{"url": "http://{SECRET}", "more": "{SPELLINGS[1]}"}}}}'
    instance.kubectl("patch", "configmap/settings", "-n", "masked", "-p", patch)
    instance.kubectl(
        "patch", "secret/other", "-n", "masked", "-p", f'{{"stringData": {{"new": "{SECRET}"}}}}'
    )
    instance.edit("apps/masked/all.yaml", "colour: red", f"colour: red {SECRET}")
    instance.commit("config(masked): Change")
    assert_nothing_is_said(instance, *READING)
    # What the server refuses it says again.
    strategy = f"strategy: {{type: {SECRET}}}"
    instance.edit("apps/masked/all.yaml", "replicas: 1", strategy)
    instance.commit("config(masked): Break")
    assert_nothing_is_said(instance, *REFUSED)
    instance.edit("apps/masked/all.yaml", strategy, f"replicas: {SECRET}")
    instance.commit("config(masked): Break otherwise")
    assert_nothing_is_said(instance, *REFUSED)
    noted = "".join(path.read_text() for path in (instance.root / "operations").iterdir())
    assert noted
    assert not [spelling for spelling in SPELLINGS if spelling in noted]
