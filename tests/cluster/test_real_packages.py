"""Whole packages, by our own `init` and `add`: deployed twice without drift, and deleted twice.

The sample upstream ships with us. The real one is a git bundle that WILD_UPSTREAM_BUNDLE names, or
`../shared/upstreams/wild-cloud-apps.bundle` beside the repository.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, node
from wildgit.adapters.upstream.sample import publish_sample

ROOT = Path(__file__).parents[2]
BUNDLE = Path(os.environ.get("WILD_UPSTREAM_BUNDLE") or ROOT / "../shared/upstreams/wild-cloud-apps.bundle")
VALUES = {
    "cloud.domain": "cloud.example.com",
    "cloud.internalDomain": "internal.cloud.example.com",
    "operator.email": "ada@example.com",
}


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Instance]:
    made = Instance(tmp_path / "cloud", control_plane)
    yield made
    for app in ("immich", "miniflux", "example-admin", "example-app", "postgres", "redis"):
        made.wild("delete", "--yes", "--force", app)


def install(instance: Instance, upstream: Path, apps: list[str]) -> None:
    assert instance.wild("init", "--upstream", str(upstream)).returncode == 0
    for path, value in VALUES.items():
        assert instance.wild("config", "set", path, value).returncode == 0
    for app in apps:
        done = instance.wild("add", app)
        assert done.returncode == 0, done.stderr
        instance.commit(f"feat({app}): add it")


def deploy_twice_and_delete_twice(instance: Instance, apps: list[str]) -> None:
    with node(instance.plane):
        instance.deploy("--all", "--wait", "--timeout", "90")
        before = {app: instance.versions(app) for app in apps}
        said = instance.deploy("--all")
    assert {app: instance.versions(app) for app in apps} == before
    assert "created" not in said
    assert "updated" not in said
    drift = instance.wild("drift", "--all", "--json")
    assert drift.returncode == 0, drift.stdout + drift.stderr
    assert [each["differences"] for each in json.loads(drift.stdout)] == [[] for _ in apps]
    status = json.loads(instance.wild("status", "--json", *apps).stdout)
    assert "drifted" not in [each["state"] for each in status]
    for app in reversed(apps):
        for _ in range(2):
            done = instance.wild("delete", "--yes", app)
            assert done.returncode == 0, done.stderr
        assert instance.get("namespace", app) is None


def test_every_package_of_the_sample_deploys_and_deletes_twice(instance: Instance, tmp_path: Path) -> None:
    upstream = tmp_path / "wild-directory.git"
    publish_sample(upstream, releases=3)
    apps = ["postgres", "redis", "miniflux", "immich"]
    install(instance, upstream, apps)
    deploy_twice_and_delete_twice(instance, apps)


def test_every_package_of_the_real_upstream_deploys_and_deletes_twice(
    instance: Instance, tmp_path: Path
) -> None:
    if not BUNDLE.is_file():
        pytest.skip(f"no real upstream: WILD_UPSTREAM_BUNDLE names none, and {BUNDLE} is not there")
    upstream = tmp_path / "upstream"
    subprocess.run(["git", "init", "-q", "--bare", upstream], check=True)
    subprocess.run(["git", "fetch", "-q", BUNDLE, "+refs/heads/*:refs/heads/*"], cwd=upstream, check=True)
    apps = ["postgres", "redis", "immich", "example-app", "example-admin"]
    install(instance, upstream, apps)
    deploy_twice_and_delete_twice(instance, apps)


def test_config_that_moved_is_compiled_before_a_deploy_and_refused_when_frozen(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = tmp_path / "wild-directory.git"
    publish_sample(upstream, releases=1)
    install(instance, upstream, ["redis"])
    instance.deploy("redis")
    assert instance.wild("config", "set", "apps.redis.maxMemory", "1gb").returncode == 0
    done = instance.wild("deploy", "--frozen", "redis")
    assert done.returncode == 3
    assert "redis is not compiled with today's config.yaml" in done.stderr
    monkeypatch.setenv("CI", "true")
    assert instance.wild("deploy", "redis").returncode == 3, "what CI deploys is what was reviewed"
    monkeypatch.delenv("CI")
    done = instance.wild("deploy", "--dry-run", "redis")
    assert "config.yaml changed: a deploy compiles it first" in done.stderr
    said = instance.deploy("redis")
    assert "config.yaml changed: compiling" in said
    deployment = instance.get("deployment", "redis", "redis")
    assert deployment and "1gb" in str(deployment["spec"]["template"]["spec"])
