"""`git wild deploy --dry-run --offline`: what a first deploy would apply, with no cluster to ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.conftest import Work, begin
from wildgit.adapters.upstream.sample import publish_sample


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


def test_a_summary_says_what_a_change_would_do_to_what_another_commit_deployed(sample: Work) -> None:
    for app in ("postgres", "miniflux", "redis"):
        sample.wild("add", app)
    base = sample.commit("feat(all): Add them")
    sample.edit("apps/miniflux/deployment.yaml", 'value: "60"', 'value: "15"')
    sample.edit("apps/miniflux/kustomization.yaml", "  - ingress.yaml\n", "")
    sample.edit("apps/miniflux/db-init-job.yaml", "restartPolicy: OnFailure", "restartPolicy: Never")
    sample.git("rm", "-rq", "apps/redis")
    sample.commit("config(miniflux): Four times an hour")
    secrets = yaml.safe_load(sample.read("secrets.yaml"))["apps"]
    (sample.root / "secrets.yaml").unlink()  # a clone on a forge has none

    text = sample.wild("deploy", "--all", "--dry-run", "--offline", "--against", base, "--summary", "-")
    assert text.startswith(f"## What a deploy would change in a cluster that has `{base}`\n")
    assert "1 updated" in text and "1 made anew" in text and "1 pruned" in text and "created" not in text
    assert "| update | `deployment/miniflux` | 1 field |" in text
    assert "| recreate | `job/" in text and "its template changed" in text
    assert "| prune | `ingress/miniflux` | `not in git any more` |" in text
    assert "POLLING_FREQUENCY].value: 60\n+ " in text and "```diff\n  deployment/miniflux\n- spec." in text
    assert "Nothing changes in `postgres`." in text
    assert "until `git wild delete APP`: `redis`" in text
    assert not any(value in text for app in secrets.values() for value in app.values() if len(value) > 8)


def test_an_app_that_does_not_build_is_in_the_summary_with_the_plans_of_the_others(sample: Work) -> None:
    for app in ("postgres", "redis"):
        sample.wild("add", app)
    sample.commit("feat(all): Add them")
    sample.edit("apps/postgres/kustomization.yaml", "  - pvc.yaml\n", "  - absent.yaml\n")
    said = sample.wild("deploy", "--all", "--dry-run", "--offline", "--summary", "plan.md", code=3)
    assert "absent.yaml" in said
    text = sample.read("plan.md")
    assert "**It can't be deployed like this:**\n\n- `postgres`: `" in text
    assert "| create | `deployment/redis` |  |" in text
    (sample.root / "link.md").symlink_to("plan.md")  # as /dev/stderr is one: written through, not replaced
    sample.wild("deploy", "redis", "--dry-run", "--offline", "--summary", "link.md")
    assert "postgres" not in sample.read("plan.md")
    said = sample.wild("deploy", "redis", "--dry-run", "--offline", "--summary", "no/plan.md", code=3)
    assert "no/plan.md: can't be written" in said


def test_wrong_usage_is_told_before_a_cluster_is_looked_for(sample: Work) -> None:
    assert "say which apps to deploy" in sample.wild("deploy", code=2)
    assert "app 'nothing' is not installed" in sample.wild("deploy", "nothing", code=3)
