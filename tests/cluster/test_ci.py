"""What the pipelines and the CronJob of `ci init` do to a real cluster: their own shell, their own rights."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, eventually, node
from tests.pipelines import run_step, steps

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers:
        - name: web
          image: web:1
          resources: {limits: {cpu: 1000m}}
          envFrom: [{secretRef: {name: APP-secrets}}]
"""
SECRET = {"manifest": "defaultSecrets: [{key: password}]\n", "secrets": "{password: first-password-1}"}


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    """An instance with an environment, and a bare origin."""
    instance = Instance(tmp_path / "cloud", control_plane)
    instance.write(
        ".wildconfig", '[wild-environment "production"]\n\tbranch = main\n\tkubeconfig = elsewhere\n'
    )
    instance.git("init", "-q", "--bare", str(tmp_path / "origin.git"))
    instance.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return instance


def push(instance: Instance) -> str:
    commit = instance.commit()
    instance.git("push", "-q", "origin", "HEAD:main")
    return commit


def clone(instance: Instance, tmp_path: Path) -> Path:
    place = tmp_path / "runner"
    subprocess.run(["git", "clone", "-q", str(tmp_path / "origin.git"), str(place)], check=True)
    return place


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_push_is_deployed_and_what_is_changed_behind_it_is_drift(
    instance: Instance, tmp_path: Path, forge: str
) -> None:
    app = f"ci-{forge}"
    instance.app(app, WEB.replace("APP", app), **SECRET)
    instance.wild("ci", "init", f"--{forge}", "--install", "")
    commit = push(instance)
    runner = clone(instance, tmp_path)
    if forge == "github":
        workflows = ".github/workflows/git-wild-{}.yml"
        [deploy] = [s for n, s in steps(runner, workflows.format("deploy")).items() if n == "Deploy"]
        [drift] = [s for n, s in steps(runner, workflows.format("drift")).items() if n == "Drift"]
    else:
        file = ".gitlab/git-wild.yml"
        [deploy] = steps(runner, file, "git-wild deploy production").values()
        [drift] = steps(runner, file, "git-wild drift production").values()
        subprocess.run(["git", "checkout", "-q", "--detach"], cwd=runner, check=True)  # as GitLab leaves it
    environment = {
        "KUBECONFIG_DATA": (instance.root / "kubeconfig").read_text(),
        "SECRETS_YAML": (instance.root / "secrets.yaml").read_text(),
        "GITHUB_ACTOR": "alice",
        "GITLAB_USER_EMAIL": "alice",
    }
    with node(instance.plane):
        said = run_step(deploy, runner, environment)
    assert "first-password-1" not in said
    found = instance.get("namespace", app)
    assert found is not None
    record = found["metadata"]["annotations"]
    assert record["wild.cloud/commit"] == commit and record["wild.cloud/deployed-by"] == "alice"
    assert not (runner / "kubeconfig").exists() and not (runner / "secrets.yaml").exists()
    run_step(drift, runner, environment)
    instance.kubectl("set", "image", "-n", app, "deployment/web", "web=web:2")
    assert "web:2" in run_step(drift, runner, environment, code=1)
    assert not (runner / "kubeconfig").exists()
    run_step(deploy, runner, environment | {"SECRETS_YAML": ""}, code=1)

    instance.git("config", "wild-environment.production.kubeconfig", "kubeconfig")
    plan = instance.wild("deploy", "--dry-run", app, "--summary", "-").stdout
    assert plan.startswith("## What a deploy would change in `production`\n\n**1 updated, 2 unchanged**\n")
    assert "- spec.template.spec.containers[web].image: web:2\n+ spec.template" in plan


def test_the_cronjob_finds_drift_with_the_rights_it_is_given_and_no_others(
    instance: Instance, tmp_path: Path
) -> None:
    app = "ci-watched"
    instance.app(app, WEB.replace("APP", app), **SECRET)
    assert instance.wild("ci", "init", "--cronjob", "--install", "").returncode == 0
    lint = instance.wild("check", "lint", "apps/wild-drift")
    assert lint.returncode == 0, lint.stdout
    built = instance.wild("check", "build", "apps/wild-drift")
    assert built.returncode == 0, built.stdout
    # This server is older than admission policies, and than batch/v1 for this kind.
    instance.edit("apps/wild-drift/cronjob.yaml", "apiVersion: batch/v1\n", "apiVersion: batch/v1beta1\n")
    instance.edit("apps/wild-drift/kustomization.yaml", "  - only-dry-runs.yaml\n", "")
    instance.write(
        "secrets.yaml", f"apps: {{wild-drift: {{gitToken: token-1}}, {app}: {SECRET['secrets']}}}\n"
    )
    instance.git("config", "wild-environment.production.kubeconfig", "kubeconfig")
    push(instance)
    instance.deploy("--all")

    job = instance.get("cronjob", "wild-drift", "wild-drift")
    assert job is not None
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    script = container["args"][0].replace("/work/", f"{tmp_path}/pod/")
    environment = {"KUBECONFIG": str(_pods_kubeconfig(instance, tmp_path)), "GIT_TOKEN": "token-1"}
    assert all(not each["drift"] for each in _found(script, environment, tmp_path, 0))

    instance.kubectl("set", "image", "-n", app, "deployment/web", "web=web:2")
    [watched, itself] = _found(script, environment, tmp_path, 1)
    assert [
        each["field"].rpartition(".")[2] for each in watched["differences"] if each["class"] == "drifted"
    ] == ["image"]
    assert not itself["drift"]
    for verb, what, answer in (
        ("get", "secrets", "no"),
        ("delete", "deployments", "no"),
        ("list", "pods", "yes"),
    ):
        asked = ["kubectl", "auth", "can-i", verb, what, "-A", f"--kubeconfig={environment['KUBECONFIG']}"]
        assert subprocess.run(asked, capture_output=True, text=True, check=False).stdout == f"{answer}\n"


def _found(script: str, environment: dict[str, str], tmp_path: Path, code: int) -> list[dict]:
    pod = tmp_path / "pod"
    subprocess.run(["rm", "-rf", str(pod)], check=True)
    pod.mkdir()
    said = run_step(script, pod, environment, code=code, shell="sh")
    return list(json.loads(said[said.index("[\n") : said.rindex("]") + 1]))


def _pods_kubeconfig(instance: Instance, tmp_path: Path) -> Path:
    """What a pod gets as files, as a kubeconfig: the server, and the token of its service account."""

    def token() -> str:
        account = instance.get("serviceaccount", "wild-drift", "wild-drift")
        names = [each["name"] for each in (account or {}).get("secrets", ())]
        secret = instance.get("secret", names[0], "wild-drift") if names else None
        return base64.b64decode(secret["data"]["token"]).decode() if secret else ""

    eventually(lambda: bool(token()))
    config = yaml.safe_load((instance.root / "kubeconfig").read_text())
    config["users"][0]["user"] = {"token": token()}
    path = tmp_path / "pod-kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
