"""Rollbacks on the real API server: what was deployed before runs again, and git and cluster agree on it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cluster.harness import Instance
from tests.cluster.test_faults import wait_until_under_way

APP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {word: one}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{0}}}\ndata: {{text: 'word: one'}}\n"


def word(instance: Instance, app: str) -> str:
    held = instance.get("configmap", "greeting", app)
    assert held
    return str(held["data"]["word"])


def change(instance: Instance, app: str, old: str, new: str) -> str:
    instance.edit(f"apps/{app}/all.yaml", f"word: {old}", f"word: {new}")
    return instance.commit(f"config({app}): {new}")


def recorded(instance: Instance, app: str) -> str:
    namespace = instance.get("namespace", app)
    assert namespace
    return str(namespace["metadata"]["annotations"]["wild.cloud/commit"])


def test_rollback_brings_back_what_was_deployed_before(instance: Instance) -> None:
    instance.app("back-one", APP)
    instance.deploy("back-one")
    tree = instance.git("rev-parse", "HEAD:apps/back-one")
    change(instance, "back-one", "one", "never-deployed")
    change(instance, "back-one", "never-deployed", "three")
    instance.deploy("back-one")
    change(instance, "back-one", "three", "not-yet")
    done = instance.wild("rollback", "back-one", "--yes")
    assert done.returncode == 0, done.stderr
    assert "deployed it at" in done.stdout
    assert "data is not rolled back: files" in done.stderr
    assert word(instance, "back-one") == "one"
    assert instance.git("rev-parse", "HEAD:apps/back-one") == tree
    assert recorded(instance, "back-one") == instance.git("rev-parse", "HEAD").strip()
    assert instance.operations("back-one")[-1]["action"] == "rollback"
    before = instance.versions("back-one")
    instance.deploy("back-one")  # the work tree is what was rolled back to
    assert instance.versions("back-one") == before
    assert "has no earlier revision" in instance.wild("rollback", "back-one", "--yes").stderr


def test_what_a_failed_deploy_left_is_rolled_back_to_the_last_good_one(instance: Instance) -> None:
    instance.app("back-two", APP)
    instance.deploy("back-two")
    good = change(instance, "back-two", "one", "two")
    instance.deploy("back-two")
    change(instance, "back-two", "two", "three")
    instance.write("apps/back-two/broken.yaml", BROKEN)
    instance.edit("apps/back-two/kustomization.yaml", "[all.yaml]", "[all.yaml, broken.yaml]")
    instance.commit()
    assert instance.wild("deploy", "--wait", "--timeout", "1", "back-two").returncode == 3
    assert word(instance, "back-two") == "three"
    done = instance.wild("rollback", "back-two", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"back to {good[:7]}" in done.stdout
    assert word(instance, "back-two") == "two"
    assert instance.get("deployment", "broken", "back-two") is None


def test_rollback_that_was_killed_goes_on_and_no_further_back(instance: Instance) -> None:
    many = "".join(f"---\n{CONFIG_MAP.format(number)}" for number in range(150))
    instance.app("back-cut", APP + many)
    for old, new in (("one", "two"), ("two", "three")):
        instance.deploy("back-cut")
        change(instance, "back-cut", old, new)
    instance.deploy("back-cut")
    running = instance.start("rollback", "back-cut", "--yes")
    wait_until_under_way(instance, "back-cut")
    running.kill()
    running.communicate()
    rolled_back = instance.git("rev-parse", "HEAD")
    done = instance.wild("rollback", "back-cut", "--yes")
    assert done.returncode == 0, done.stderr
    assert word(instance, "back-cut") == "two"
    assert instance.git("rev-parse", "HEAD") == rolled_back, "it is committed already"
    change(instance, "back-cut", "two", "four")
    instance.deploy("back-cut")
    running = instance.start("rollback", "back-cut", "--emergency", "--yes")
    wait_until_under_way(instance, "back-cut")
    running.kill()
    running.communicate()
    [told] = json.loads(instance.wild("status", "--json", "back-cut").stdout)
    wanted = f"git wild rollback back-cut --emergency --to {rolled_back[:12]}"
    assert told["next"] == wanted, "a deploy would go on with what is to be taken out"


def test_records_of_here_do_not_count_when_somebody_else_deployed_last(
    instance: Instance, tmp_path: Path
) -> None:
    instance.app("back-three", APP)
    instance.deploy("back-three")
    newer = change(instance, "back-three", "one", "two")
    change(instance, "back-three", "two", "three")
    elsewhere = Instance(tmp_path / "elsewhere", instance.plane)
    elsewhere.git("fetch", "-q", str(instance.root), "main")
    elsewhere.git("reset", "-q", "--hard", "FETCH_HEAD")
    elsewhere.use(instance.plane.kubeconfig())
    elsewhere.deploy("back-three")
    done = instance.wild("rollback", "back-three", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"back to {newer[:7]}" in done.stdout
    assert "not on record here" in done.stdout
    assert word(instance, "back-three") == "two"


def test_emergency_deploys_from_objects_and_commits_when_the_work_is_clean(instance: Instance) -> None:
    instance.app("back-four", APP)
    instance.deploy("back-four")
    change(instance, "back-four", "one", "two")
    instance.deploy("back-four")
    for path in ("apps/back-four/all.yaml", "apps/back-four/manifest.yaml", "config.yaml"):
        instance.write(path, "<<<<<<< half-way\n")
    done = instance.wild("rollback", "--emergency", "back-four", "--yes")
    assert done.returncode == 1
    assert "it is deployed, but not committed" in done.stderr
    assert word(instance, "back-four") == "one"
    assert "half-way" in (instance.root / "apps/back-four/all.yaml").read_text()
    hint = next(line for line in done.stderr.splitlines() if line.startswith("hint:"))
    runs = instance.git("rev-parse", "HEAD~1")[:7]
    again = instance.wild("rollback", "back-four")
    assert f"HEAD is not what runs; to have it so: git wild rollback back-four --to {runs}" in again.stderr
    instance.git("stash")
    command = f"git wild rollback back-four --to {runs}"  # a deploy would bring back what was left
    said = instance.wild("drift", "back-four").stderr
    assert command in said and "git wild deploy" not in said
    assert command in instance.wild("status", "-v", "back-four").stdout
    assert "left so until that is committed" in instance.wild("deploy", "--changed").stderr
    assert word(instance, "back-four") == "one"
    done = instance.wild(*hint.partition("git wild ")[2].split())
    assert done.returncode == 0, done.stderr
    assert "word: one" in (instance.root / "apps/back-four/all.yaml").read_text()
    change(instance, "back-four", "one", "two-again")
    assert "hint: git wild deploy back-four\n" in instance.wild("drift", "back-four").stderr
    instance.deploy("back-four")
    done = instance.wild("rollback", "--emergency", "back-four", "--yes")
    assert done.returncode == 0, done.stderr
    assert instance.git("log", "-1", "--format=%s").startswith("emergency(back-four): Back to 1.0.0")
    assert word(instance, "back-four") == "one"


def test_an_app_that_never_was_is_told_before_the_cluster_is_asked(instance: Instance) -> None:
    (instance.root / "kubeconfig").write_text("broken: [\n")
    instance.app("back-six", APP)
    assert "there never was an app 'nosuch'" in instance.wild("rollback", "nosuch").stderr
    assert "has no app nosuch" in instance.wild("rollback", "nosuch", "--to", "HEAD").stderr


def test_rollback_of_an_upstream_update_is_deployed_and_the_update_is_offered_again(
    instance: Instance, tmp_path: Path
) -> None:
    upstream = tmp_path / "upstream"
    for arguments in (
        ("sample", str(upstream), "--release", "1"),
        ("init", "--upstream", str(upstream)),
        ("add", "redis", "--as", "back-redis"),
    ):
        done = instance.wild(*arguments)
        assert done.returncode == 0, done.stderr
    instance.commit("feat(back-redis): Add a cache")
    instance.edit("apps/back-redis/deployment.yaml", "replicas: 1", "replicas: 1 # never two")
    before = instance.commit("config(back-redis): Say why")
    instance.deploy("back-redis")
    assert instance.wild("sample", str(upstream), "--release", "2").returncode == 0
    assert instance.wild("update").returncode == 0
    instance.deploy("back-redis")
    assert image(instance) == "redis:7.2.5-alpine"
    done = instance.wild("rollback", "back-redis", "--yes")
    assert done.returncode == 0, done.stderr
    assert "deployed it at" in done.stdout
    assert image(instance) == "redis:7.2.4-alpine"
    assert instance.git("diff", before, "--", "apps/back-redis", "config.yaml") == ""
    assert instance.git("status", "--porcelain") == ""
    assert "back-redis  7.2.4 → 7.2.5" in instance.wild("update").stdout
    text = (instance.root / "apps/back-redis/deployment.yaml").read_text()
    assert "redis:7.2.5-alpine" in text
    assert "# never two" in text


def image(instance: Instance) -> str:
    [deployment] = instance.list("deployments", "back-redis")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


BROKEN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken}
spec:
  selector: {matchLabels: {component: broken}}
  template:
    metadata: {labels: {component: broken}}
    spec: {containers: [{name: main, image: "main:1"}]}
"""
