"""Branches that deploy to clusters of their own, against the real API server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance
from tests.cluster.resources import CONFIG_MAP

ENVIRONMENTS = """\
[wild-environment "production"]
    branch = main
    kubeconfig = clusters/production.kubeconfig
[wild-environment "staging"]
    branch = develop
    kubeconfig = clusters/staging.kubeconfig
"""


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    """Two environments in `.wildconfig`: production may do everything, staging nothing."""
    made = Instance(tmp_path / "cloud", control_plane)
    (made.root / "kubeconfig").unlink()
    made.write(".wildconfig", ENVIRONMENTS)
    made.write(".gitignore", (made.root / ".gitignore").read_text() + "clusters/\n")
    made.write("clusters/production.kubeconfig", control_plane.kubeconfig().read_text())
    made.write("clusters/staging.kubeconfig", control_plane.kubeconfig("limited").read_text())
    return made


def as_staging(instance: Instance, arguments: str) -> str:
    """Return what a command says that must be refused by the cluster, where staging may not do it."""
    done = instance.wild(*arguments.split())
    assert done.returncode == 3
    assert 'User "limited" cannot' in done.stderr, done.stderr
    return done.stderr


def test_each_branch_uses_its_own_cluster(instance: Instance) -> None:
    instance.app("own", CONFIG_MAP)
    assert f"environment production: {instance.plane.server}" in instance.deploy("own")
    instance.git("switch", "-qc", "develop")
    for command in ("deploy own", "deploy --changed", "deploy --dry-run own"):
        as_staging(instance, command)
    mirrored = instance.git("for-each-ref", "--format=%(refname)", "refs/wild").split()
    assert mirrored == ["refs/wild/deployed/production/own"]
    assert "limited" in instance.wild("status").stderr
    assert "limited" in instance.wild("delete", "--yes", "own").stderr
    assert instance.get("configmap", "settings", "own") is not None


def test_other_branchs_environment_is_read_and_never_written(instance: Instance) -> None:
    instance.app("read", CONFIG_MAP)
    instance.deploy("read")
    instance.git("switch", "-qc", "develop")
    found = json.loads(instance.wild("status", "--env", "production", "--json").stdout)
    assert next(each for each in found if each["app"] == "read")["state"] == "deployed"
    done = instance.wild("deploy", "--env", "production", "--dry-run", "read")
    assert "nothing would change" in done.stdout
    for command in (["deploy"], ["delete", "--yes"]):
        done = instance.wild(*command, "--env", "production", "read")
        assert (done.returncode, "hint: git switch main" in done.stderr) == (3, True), done.stderr
    assert (instance.root / "apps/read").is_dir()


def test_branch_without_environment_has_a_status_and_no_deploy(instance: Instance) -> None:
    instance.app("topical", CONFIG_MAP)
    instance.git("switch", "-qc", "topic")
    done = instance.wild("status")
    assert done.returncode == 0
    assert "topical" in done.stdout
    assert "no environment is deployed from topic" in done.stderr
    assert "not tried the cluster answers" in " ".join(instance.wild("doctor").stdout.split())
    assert instance.wild("deploy", "topical").returncode == 3


def test_colleague_without_a_kubeconfig_has_a_status(instance: Instance) -> None:
    instance.app("far", CONFIG_MAP)
    (instance.root / "clusters/production.kubeconfig").unlink()
    done = instance.wild("status")
    assert (done.returncode, "far" in done.stdout) == (0, True)
    assert "the kubeconfig of the environment production does not exist" in done.stderr
    assert instance.wild("deploy", "far").returncode == 3


def test_users_own_configuration_wins_and_names_a_context(instance: Instance) -> None:
    instance.app("chosen", CONFIG_MAP)
    both = json.loads(instance.plane.kubeconfig().read_text())
    limited = json.loads(instance.plane.kubeconfig("limited").read_text())
    both["users"] += limited["users"]
    both["contexts"].append({"name": "limited", "context": {"cluster": "test", "user": "limited"}})
    outside = instance.root.parent / "both"
    outside.write_text(json.dumps(both))
    instance.git("config", "wild-environment.production.kubeconfig", str(outside))
    instance.deploy("chosen")
    instance.git("config", "wild-environment.production.context", "limited")
    as_staging(instance, "deploy chosen")


def test_linked_work_tree_has_its_own_kubeconfig_or_the_main_ones(instance: Instance) -> None:
    instance.app("linked", CONFIG_MAP)
    instance.git("worktree", "add", "-q", "-b", "develop", "../develop")
    instance.git("config", "wild-environment.staging.kubeconfig", "clusters/production.kubeconfig")
    linked = Instance.__new__(Instance)
    linked.root, linked.plane = instance.root.parent / "develop", instance.plane
    linked.deploy("linked")
    linked.write("clusters/production.kubeconfig", instance.plane.kubeconfig("limited").read_text())
    as_staging(linked, "deploy linked")
    instance.deploy("linked")


def test_detached_head_is_the_branch_whose_tip_it_is(instance: Instance) -> None:
    instance.app("detached", CONFIG_MAP)
    instance.git("checkout", "-q", "--detach")
    instance.deploy("detached")
    instance.git("update-ref", "refs/remotes/origin/main", "HEAD")
    instance.git("branch", "-qD", "main")
    instance.deploy("--env", "production", "detached")
    instance.commit()
    assert "not from a detached HEAD" in instance.wild("deploy", "--env", "production", "detached").stderr


@pytest.mark.parametrize("way", ["as it is", "by a link", "the instance's own"])
def test_kubeconfig_that_came_with_a_commit_is_never_used(instance: Instance, way: str) -> None:
    ran = instance.root.parent / "ran"
    hostile = json.loads(instance.plane.kubeconfig().read_text())
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(ran)]}
    hostile["users"] = [{"name": "admin", "user": {"exec": {**plugin, "interactiveMode": "Never"}}}]
    folder = instance.root / "clusters"
    shutil.rmtree(folder)
    instance.write("stored/production.kubeconfig", json.dumps(hostile))
    instance.write("kubeconfig", json.dumps(hostile))
    if way == "as it is":
        instance.git("config", "wild-environment.production.kubeconfig", "stored/production.kubeconfig")
    elif way == "by a link":
        folder.symlink_to("stored")
    else:
        instance.git("rm", "-qf", "--ignore-unmatch", ".wildconfig")
        (instance.root / ".wildconfig").unlink(missing_ok=True)
    instance.git("add", "--force", ".")
    instance.git("commit", "-qm", "test: hostile")
    done = instance.wild("deploy", "--all")
    assert "is tracked by git" in done.stderr, done.stderr
    assert "is tracked by git" in instance.wild("doctor").stdout
    assert not ran.exists()
