"""`git wild deploy --dry-run --offline`: what a first deploy would apply, with no cluster to ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.conftest import Work, begin
from wildgit.adapters.sample import publish_sample


@pytest.mark.parametrize("release", [1, 2, 3])
def test_every_sample_package_builds_and_what_is_required_comes_first(tmp_path: Path, release: int) -> None:
    publish_sample(tmp_path / "sample", releases=release)
    work = begin(tmp_path / "cloud", tmp_path / "sample")
    for app in ("postgres", "redis", "miniflux", "immich"):
        work.wild("add", app)
    work.commit("feat(all): Add them all")
    lines = work.wild("deploy", "--all", "--dry-run", "--offline", "--json").splitlines()
    plans = [json.loads(line) for line in lines]
    assert [plan["app"] for plan in plans] == ["postgres", "redis", "immich", "miniflux"]
    assert all(action["action"] == "create" for plan in plans for action in plan["actions"])
    assert len(plans[2]["actions"]) > 9


def test_no_secret_is_printed_and_no_cluster_is_asked(sample: Work) -> None:
    sample.wild("add", "redis")
    sample.commit("feat(redis): Add a cache")
    (sample.root / "kubeconfig").write_text("not a kubeconfig")
    said = sample.wild("deploy", "redis", "--dry-run", "--offline")
    assert "+ secret/redis-secrets" in said
    assert yaml.safe_load(sample.read("secrets.yaml"))["apps"]["redis"]["auth"] not in said


def test_offline_without_dry_run_is_a_usage_error(sample: Work) -> None:
    assert "--dry-run" in sample.wild("deploy", "--all", "--offline", code=2)
