"""`git wild promote`, with two clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{colour: {0}}}\n"
ENVIRONMENTS = """\
[wild-environment "production"]
    branch = main
    kubeconfig = production.kubeconfig
[wild-environment "staging"]
    branch = develop
    kubeconfig = staging.kubeconfig
"""


@pytest.fixture(scope="module")
def staging() -> Iterator[ControlPlane]:
    """A second cluster."""
    with ControlPlane() as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """What the names of a test's apps begin with."""
    return "pr" + "".join(word[0] for word in request.node.name.split("_"))


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane, staging: ControlPlane, name: str) -> Instance:
    """Two branches and their clusters; two apps are on main, and in production."""
    made = Instance(tmp_path / "cloud", control_plane)
    (made.root / "kubeconfig").unlink()
    made.write(".wildconfig", ENVIRONMENTS)
    made.write(".gitignore", (made.root / ".gitignore").read_text() + "*.kubeconfig\n")
    made.write("production.kubeconfig", control_plane.kubeconfig().read_text())
    made.write("staging.kubeconfig", staging.kubeconfig().read_text())
    made.app(f"{name}-shared", MAP.format("red"))
    made.app(f"{name}-same", MAP.format("red"))
    made.deploy("--all")
    made.git("switch", "-qc", "develop")
    return made


def promotion(instance: Instance, *arguments: str) -> dict:
    done = instance.wild("promote", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_what_one_cluster_runs_and_the_other_does_not_is_shown_and_merged(
    instance: Instance, name: str
) -> None:
    instance.app(f"{name}-new", MAP.format("blue"))
    instance.write(f"apps/{name}-shared/all.yaml", MAP.format("green"))
    instance.commit(f"config({name}-shared): Green")
    assert (
        f"develop has changes that staging does not run: {name}-new, {name}-same, {name}-shared"
        in instance.wild("promote").stderr
    )
    instance.deploy("--all")

    found = promotion(instance)
    standings = {step["name"]: step["standing"] for step in found["apps"]}
    assert standings == {f"{name}-new": "new", f"{name}-shared": "newer"}, (
        "what is the same in git is no difference"
    )
    [shared] = [step for step in found["apps"] if step["name"] == f"{name}-shared"]
    assert [commit["subject"] for commit in shared["commits"]] == [f"config({name}-shared): Green"]
    assert found["merge"] == ["git", "merge", "--no-ff", "develop"] and found["untried"] == []
    said = instance.wild("promote", "staging", "production")
    assert said.stdout.split()[:4] == ["APP", "STAGING", "PRODUCTION", "COMMITS"]
    assert "hint: on main: git merge --no-ff develop" in said.stderr

    assert "main is not checked out" in instance.wild("promote", "--merge").stderr
    instance.git("switch", "-q", "main")
    assert instance.wild("promote", "--merge").returncode == 0
    assert instance.git("log", "-1", "--format=%s %p").startswith("Merge branch 'develop' ")
    assert "not all of it is deployed" in instance.wild("promote").stdout
    instance.deploy("--changed")
    assert promotion(instance)["apps"] == []


def test_a_fix_on_the_target_and_what_was_not_tried_are_said_and_the_latter_is_not_merged(
    instance: Instance, name: str
) -> None:
    instance.deploy("--all")
    instance.write(f"apps/{name}-same/all.yaml", MAP.format("yellow"))
    instance.commit(f"config({name}-same): Yellow, and not deployed")
    instance.git("switch", "-q", "main")
    instance.write(f"apps/{name}-shared/all.yaml", MAP.format("black"))
    instance.commit(f"fix({name}-shared): Black")
    instance.deploy("--all")

    [step] = promotion(instance)["apps"]
    assert (step["name"], step["standing"]) == (f"{name}-shared", "older")
    assert [commit["subject"] for commit in step["missing"]] == [f"fix({name}-shared): Black"]
    head = instance.git("rev-parse", "HEAD")
    refused = instance.wild("promote", "--merge")
    assert refused.returncode == 3 and f"would bring what staging does not run: {name}-same" in refused.stderr
    assert instance.git("rev-parse", "HEAD") == head
    assert "develop lacks what production runs: git merge main there" in instance.wild("promote").stderr

    instance.git("switch", "-q", "develop")
    instance.write(f"apps/{name}-shared/all.yaml", MAP.format("white"))
    instance.commit(f"config({name}-shared): White")
    instance.deploy("--all")
    [step] = [each for each in promotion(instance)["apps"] if each["name"] == f"{name}-shared"]
    assert step["standing"] == "diverged"
    instance.git("switch", "-q", "main")
    assert instance.wild("promote", "--merge").returncode == 1
    assert instance.git("diff", "--name-only", "--diff-filter=U") == f"apps/{name}-shared/all.yaml\n"


def test_a_cluster_that_does_not_answer_is_said_and_judged_by_what_was_seen_last(
    instance: Instance, name: str
) -> None:
    instance.write(f"apps/{name}-shared/all.yaml", MAP.format("green"))
    instance.commit(f"config({name}-shared): Green")
    instance.deploy("--all")
    instance.edit("production.kubeconfig", instance.plane.server, "https://127.0.0.1:9")
    found = promotion(instance, "develop", "main")
    assert found["to"]["problem"] and found["from"]["problem"] is None
    assert [step["standing"] for step in found["apps"] if step["name"] == f"{name}-shared"] == ["newer"]
    assert "production can't be asked" in instance.wild("promote").stderr
