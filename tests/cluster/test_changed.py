"""`deploy --changed`: the apps that git has otherwise than the cluster, and no others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, forget_deploys
from tests.cluster.resources import CONFIG_MAP

NOTHING = "nothing to deploy: what git has is deployed"


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    """Three small apps, one of which requires another, and a cluster that has no record of any."""
    forget_deploys(control_plane)
    made = Instance(tmp_path / "cloud", control_plane)
    made.app("aa", CONFIG_MAP, manifest="requires: [{name: bb}]\n")
    made.app("bb", CONFIG_MAP)
    made.app("cc", CONFIG_MAP)
    return made


def changed(instance: Instance, *arguments: str) -> dict[str, str]:
    """Run `deploy --changed` and return what was said of each app, in the order of the deploys."""
    events = instance.deploy("--changed", "--json", *arguments).splitlines()
    told = [json.loads(line) for line in events if line.startswith("{")]
    reasons = {event["app"]: event["message"] for event in told if event.get("step") == "changed"}
    deployed = [event["app"] for event in told if event.get("step") == "deploy"]
    return {app: reasons[app] for app in [*deployed, *(reasons.keys() - set(deployed))]}


def clone(instance: Instance, name: str, *arguments: str) -> Instance:
    """Return a clone of the instance with the same cluster and no secrets.yaml, as CI has it."""
    made = Instance.__new__(Instance)
    made.root, made.plane = instance.root.parent / name, instance.plane
    subprocess.run(["git", "clone", "-q", *arguments, instance.root.as_uri(), made.root], check=True)
    made.use(instance.plane.kubeconfig())
    return made


def test_what_is_not_there_is_deployed_in_order_and_only_once(instance: Instance) -> None:
    assert list(changed(instance)) == ["bb", "aa", "cc"]
    before = instance.versions("aa") | instance.versions("bb") | instance.versions("cc")
    assert NOTHING in instance.deploy("--changed", "--frozen", "--wait")
    assert before == instance.versions("aa") | instance.versions("bb") | instance.versions("cc")


def test_folder_and_section_of_config_count_and_nothing_else(instance: Instance) -> None:
    changed(instance)
    first = instance.git("rev-parse", "--short=7", "HEAD").strip()
    untouched = instance.versions("bb")
    instance.edit("apps/aa/all.yaml", "a: b", "a: c")
    instance.edit("config.yaml", "apps: {}", "apps: {cc: {size: 2}}")
    instance.write("README.md", "read me\n")
    instance.commit()
    plans = instance.wild("deploy", "--changed", "--dry-run")
    assert f"aa: manifests changed since {first}" in plans.stderr
    assert "~ configmap/settings" in plans.stdout
    assert changed(instance) == {
        "aa": f"manifests changed since {first}",
        "cc": f"configuration changed since {first}",
    }
    assert instance.versions("bb") == untouched
    assert NOTHING in instance.deploy("--changed")


def test_what_is_not_committed_is_told_and_left_out(instance: Instance) -> None:
    changed(instance)
    instance.edit("apps/aa/all.yaml", "a: b", "a: c")
    instance.write("apps/dd/manifest.yaml", "name: dd\n")
    said = instance.deploy("--changed")
    assert NOTHING in said
    assert "aa: has changes that are not committed, so they are left out" in said
    assert "dd: has changes that are not committed, so they are left out" in said
    instance.deploy("aa")
    assert "deployed with changes that were not committed" in changed(instance)["aa"]
    instance.git("checkout", "-q", "apps")
    assert "aa" in changed(instance)
    assert NOTHING in instance.deploy("--changed")


def test_app_that_git_has_no_more_is_told_and_kept(instance: Instance) -> None:
    changed(instance)
    instance.git("rm", "-rq", "apps/cc")
    instance.commit()
    said = instance.deploy("--changed")
    assert "cc: is deployed and no longer in git; to delete it and its data: git wild delete cc" in said
    assert instance.get("configmap", "settings", "cc") is not None
    instance.git("checkout", "-q", "--orphan", "elsewhere")
    instance.commit()
    said = instance.wild("deploy", "--changed", "--dry-run").stderr
    assert "cc: is deployed from a commit that is not in this branch's history" in said
    assert "git wild delete" not in said


def test_rotated_secret_is_told_and_not_deployed(instance: Instance) -> None:
    secrets = "{password: abcdefgh}"
    instance.app("dd", CONFIG_MAP, manifest="defaultSecrets: [{key: password}]\n", secrets=secrets)
    changed(instance)
    instance.edit("secrets.yaml", "abcdefgh", "ijklmnop")
    said = instance.deploy("--changed")
    assert "dd: secrets.yaml is not what the cluster has" in said
    assert NOTHING in said
    instance.deploy("dd")
    assert "dd:" not in instance.deploy("--changed")


def test_clones_go_by_the_clusters_record(instance: Instance) -> None:
    changed(instance)
    head = instance.git("rev-parse", "HEAD").strip()
    other = clone(instance, "other")
    assert NOTHING in other.deploy("--changed")
    listed = other.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=4)", "refs/wild/deployed")
    assert listed.splitlines() == [f"{head} aa", f"{head} bb", f"{head} cc"]
    other.edit("apps/cc/all.yaml", "a: b", "a: c")
    theirs = other.commit()
    changed(other)
    assert changed(instance) == {
        "cc": f"deployed from {theirs[:7]} (by ada@example.com), which is not in this repository"
    }
    instance.git("fetch", "-q", str(other.root), "main")
    other.deploy("cc")
    reason = f"manifests changed since {theirs[:7]}, deployed by ada@example.com from outside of this branch"
    assert changed(instance) == {"cc": reason}


def test_shallow_clone_deploys_what_it_cant_compare(instance: Instance) -> None:
    changed(instance)
    instance.edit("apps/cc/all.yaml", "a: b", "a: c")
    instance.commit()
    shallow = clone(instance, "shallow", "--depth=1")
    before = instance.versions("aa")
    assert set(changed(shallow)) == {"aa", "bb", "cc"}
    after = instance.versions("aa")
    assert {key for key in after if after[key] != before[key]} == {"Namespace/aa"}  # its record
    assert NOTHING in shallow.deploy("--changed")
    assert NOTHING in instance.deploy("--changed")


def test_amended_commit_is_compared_by_what_is_in_it(instance: Instance) -> None:
    changed(instance)
    instance.edit("apps/cc/all.yaml", "a: b", "a: c")
    instance.commit()
    changed(instance)
    deployed = instance.git("rev-parse", "--short=7", "HEAD").strip()
    instance.git("commit", "-q", "--amend", "-m", "test: say it better")
    assert NOTHING in instance.deploy("--changed")
    instance.git("reset", "-q", "--hard", "HEAD~1")
    assert changed(instance) == {"cc": f"manifests changed since {deployed}"}


def test_environment_leaves_apps_out(instance: Instance) -> None:
    instance.git("config", "wild-environment.production.branch", "main")
    instance.git("config", "wild-environment.production.exclude", "cc dd")
    instance.edit("apps/aa/manifest.yaml", "requires: [{name: bb}]\n", "")
    instance.commit()
    said = instance.deploy("--changed")
    assert "cc: left out of production; named, it is deployed" in said
    assert "cc: deployed" not in said
    instance.deploy("cc")
    assert NOTHING in instance.deploy("--changed")


def test_app_that_fails_is_tried_again_and_those_before_are_not(instance: Instance) -> None:
    instance.edit("apps/cc/all.yaml", "data: {a: b}", "data: {a: [b]}")
    instance.commit()
    done = instance.wild("deploy", "--changed")
    assert done.returncode == 3
    assert "cc can't be deployed" in done.stderr
    instance.edit("apps/cc/all.yaml", "data: {a: [b]}", "data: {a: b}")
    instance.commit()
    assert changed(instance) == {"cc": "not deployed here"}


@pytest.mark.parametrize("also", ["aa", "--all", "--offline"])
def test_changed_goes_with_no_other_choice_of_apps(instance: Instance, also: str) -> None:
    assert instance.wild("deploy", "--changed", also).returncode == 2


def test_configuration_that_an_app_reads_elsewhere_counts(tmp_path: Path, instance: Instance) -> None:
    upstream = tmp_path / "upstream"
    files = {
        "manifest.yaml": "name: dd\nis: dd\nversion: 1.0.0\ndescription: d\n"
        'defaultConfig: {namespace: dd, domain: "dd.{{ .cloud.domain }}"}\n',
        "kustomization.yaml": "namespace: dd\nresources: [all.yaml]\n",
        "all.yaml": CONFIG_MAP.replace("a: b", "domain: '{{ .domain }}'"),
    }
    for name, text in files.items():
        (upstream / "apps/dd").mkdir(parents=True, exist_ok=True)
        (upstream / "apps/dd" / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "feat: begin"]):
        subprocess.run(["git", *arguments], cwd=upstream, check=True)
    assert instance.wild("init", ".", "--upstream", str(upstream), "--no-hooks").returncode == 0
    assert instance.wild("add", "dd").returncode == 0
    instance.commit()
    changed(instance)
    instance.edit("config.yaml", "cloud.example.com", "cloud.example.org")
    instance.commit()
    done = instance.wild("deploy", "--changed", "--frozen")
    assert done.returncode == 3, done.stderr
    assert "dd is not compiled with today's config.yaml" in done.stderr
    assert list(changed(instance)) == ["dd"]
