"""`git wild update --branch --per-app --summary`: an update that waits for its review."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml

from tests.commands.conftest import WEB, Work, publish_in
from wildgit.adapters.upstream.sample import publish_sample

BRANCH = r"wild-directory-update-\d{4}-\d\d-\d\d"


def second(**changes: str) -> dict[str, str]:
    """`web` 2.0.0, with another image."""
    manifest = WEB["web/manifest.yaml"].replace("1.0.0", "2.0.0").replace("nginx:1.25", "nginx:1.27")
    return {"web/manifest.yaml": manifest, **changes}


def branch(work: Work) -> str:
    return work.git("branch", "--show-current").strip()


def test_the_update_waits_on_a_branch_of_today_and_is_not_offered_twice(customised, publish) -> None:
    publish(second())
    main = customised.git("rev-parse", "main")
    output = customised.wild("update", "--branch")
    first = branch(customised)
    assert re.fullmatch(BRANCH, first) and first in output
    assert customised.git("rev-parse", "main") == main
    assert len(customised.git("log", "--format=%P", "-1").split()) == 2
    assert customised.git("log", "--oneline", "HEAD..wild-directory/main") == ""

    customised.git("switch", "-q", "main")
    assert f"{first} has this update already" in customised.wild("update", "--branch")
    assert f"It waits on `{first}` already." in customised.wild("update", "--branch", "--summary", "-")
    assert branch(customised) == "main"

    customised.git("update-ref", f"refs/remotes/forge/{first}", first)
    customised.git("branch", "-q", "-D", first)
    assert f"git switch {first}\n" in customised.wild("update", "--branch")

    publish(second(**{"web/README.md": "news\n"}))
    customised.wild("update", "--branch")
    assert branch(customised) == f"{first}-2"


def test_nothing_new_makes_no_branch(customised, publish) -> None:
    assert "Nothing new" in customised.wild("update", "--branch")
    publish({"other/manifest.yaml": "name: other\nversion: 1.0.0\n"})
    summary = customised.wild("update", "--branch", "--summary", "-")
    assert summary.startswith("## Nothing new")
    assert customised.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_work_in_the_way_is_refused_before_there_is_a_branch(customised, publish) -> None:
    publish(second())
    customised.edit("config.yaml", "nginx:1.25", "nginx:1.26")
    assert "would be overwritten" in customised.wild("update", "--branch", "--per-app", code=3)
    assert customised.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_conflicts_are_left_as_a_merge_in_progress_on_the_branch(diverged) -> None:
    before = diverged.snapshot()
    diverged.wild("update", "--branch", "--summary", "../summary.md", code=1)
    assert re.fullmatch(BRANCH, branch(diverged))
    assert diverged.git("diff", "--name-only", "--diff-filter=U") == "apps/web/deployment.yaml\n"
    summary = (diverged.root.parent / "summary.md").read_text()
    assert "**conflicts**" in summary and "`apps/web/deployment.yaml:" in summary
    diverged.wild("merge", "--abort")
    diverged.git("switch", "-q", "main")
    assert diverged.snapshot() == before


def test_a_dry_run_names_the_branch_and_makes_none(customised, publish) -> None:
    publish(second())
    before = customised.snapshot()
    report = json.loads(customised.wild("update", "--branch", "--per-app", "--dry-run", "--json"))
    assert re.fullmatch(BRANCH, report["new_branch"]) and report["commits"] == []
    assert customised.snapshot() == before
    assert customised.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_each_app_has_its_commit_and_all_of_them_are_the_update(sample, tmp_path) -> None:
    for app in ("postgres", "redis", "miniflux", "immich"):
        sample.wild("add", app)
    start = sample.commit("feat(all): Add them all")
    publish_sample(sample.upstream, releases=2)
    sample.wild("update")
    at_once = sample.git("rev-parse", "HEAD^{tree}")
    sample.git("reset", "-q", "--hard", start)

    sample.wild("update", "--branch", "--per-app")
    assert sample.git("rev-parse", "HEAD^{tree}") == at_once
    assert sample.git("log", "--oneline", "HEAD..wild-directory/main") == ""
    log = sample.git("log", "--first-parent", "--reverse", "--format=%H %P|%s", f"{start}..HEAD").splitlines()
    subjects = [line.partition("|")[2] for line in log]
    assert subjects[-1] == "Merge remote-tracking branch 'wild-directory/main'"
    apps = [re.match(r"upgrade\((.+)\): ", subject)[1] for subject in subjects[:-1]]
    assert sorted(apps) == ["immich", "miniflux", "postgres", "redis"]
    assert apps.index("postgres") < apps.index("miniflux") < len(apps)
    for line, app in zip(log, apps, strict=False):
        commit, *parents = line.partition("|")[0].split()
        assert len(parents) == 1
        changed = sample.git("diff", "--name-only", parents[0], commit).split()
        assert {path.split("/")[1] for path in changed if path != "config.yaml"} == {app}
        lock = yaml.safe_load(sample.git("show", f"{commit}:apps/{app}/.package.lock.yaml"))
        assert sample.git("rev-parse", f"{commit}:apps/{app}/.package").strip() == lock["upstream"]["tree"]
    assert sample.git("diff", "--name-only", "HEAD^1", "HEAD") == "", "any app's commit can be reverted alone"
    sample.wild("check", "messages", "--range", f"{start}..HEAD")
    sample.wild("check", "secrets", "--range", f"{start}..HEAD")
    sample.wild("check", "--merges", f"{start}..HEAD")
    sample.wild("check", "compiled")


@pytest.fixture
def half(diverged) -> Work:
    """`web` will conflict with upstream, `api` will not."""
    api = {path.replace("web/", "api/", 1): text.replace("web", "api") for path, text in WEB.items()}
    publish_in(diverged.upstream, api)
    diverged.wild("fetch")
    diverged.wild("add", "api")
    diverged.commit("feat(api): Add it")
    publish_in(diverged.upstream, {"api/README.md": "news\n"})
    return diverged


def test_what_conflicts_comes_after_what_does_not(half) -> None:
    output = half.wild("update", "--per-app", code=1)
    assert "CONFLICT" in output
    assert half.git("log", "-1", "--format=%s").startswith("upgrade(api): ")
    assert (half.root / "apps/api/README.md").exists()
    assert half.git("diff", "--name-only", "--diff-filter=U") == "apps/web/deployment.yaml\n"
    half.git("checkout", "-q", "--theirs", "apps/web/deployment.yaml")
    half.git("add", "apps/web/deployment.yaml")
    half.wild("merge", "--continue")
    assert half.git("log", "--oneline", "HEAD..wild-directory/main") == ""


def test_a_branch_without_what_conflicts_is_not_said_to_have_it(half) -> None:
    half.wild("update", "--branch", "--per-app", code=1)
    waiting = branch(half)
    half.wild("merge", "--abort")
    half.git("switch", "-q", "main")
    output = half.wild("update", "--branch", "--per-app")
    assert "Not on it, for they conflict: web." in output
    assert f"git switch {waiting} && git wild merge web" in output
    summary = half.wild("update", "--branch", "--per-app", "--summary", "-")
    assert f"What merges cleanly waits on `{waiting}` already." in summary
    half.git("switch", "-q", waiting)
    assert "CONFLICT" in half.wild("merge", "web", code=1)


def test_the_summary_says_what_a_reviewer_asks_and_nothing_that_a_forge_acts_on(customised, publish) -> None:
    secret = yaml.safe_load(customised.read("secrets.yaml"))["apps"]["web"]["password"]
    publish({"redis/manifest.yaml": "name: redis\nversion: 1.0.0\n"})
    customised.wild("fetch")
    customised.wild("add", "redis")
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 4 # busy")
    customised.commit("scale(web): Four of them")
    manifest = (
        "name: web\nversion: 2.0.0 | <b>\nrequires:\n  - name: redis\n"
        "defaultConfig:\n  image: nginx:1.27\n  replicas: 3\n"
        "requiredSecrets:\n  - apps.web.password\n  - apps.web.token\n"
    )
    deployment = WEB["web/deployment.yaml"].replace("{{ .apps.web.host }}", "web")
    publish({"web/manifest.yaml": manifest, "web/deployment.yaml": deployment})
    hostile = f"fixes #7 @everyone | <img> {secret}"
    (customised.upstream / "web/NOTES.md").write_text("news\n")
    for arguments in (["add", "-A"], ["commit", "-qm", hostile]):
        subprocess.run(["git", *arguments], cwd=customised.upstream, check=True)
    text = customised.wild("update", "--branch", "--summary", "-")
    assert "| `web` | `1.0.0` → `2.0.0 \\| <b>` | `deployment.yaml` | clean |" in text
    assert "- `web`: `web goes from 1.0.0 to 2.0.0 | <b>, a major step`".replace(" | ", " \\| ") in text
    assert "- `web`: `web has no field host any more`" in text
    assert "- `web` requires `redis`, served by `redis`" in text
    assert "- `apps.web.token`" in text and "- `apps.web.password`" not in text
    assert "spec.replicas" in text.partition("### Kept as you have it")[2]
    assert secret not in text and "fixes #7 @everyone \\| <img> ********`" in text
    outside_of_code = re.sub(r"`[^`]*`", "", text)
    assert not re.search(r"[@#]\w|<(?!/?(details|summary)>)", outside_of_code)


def test_a_clone_without_secrets_is_updated_and_no_secret_is_made_up_for_it(customised, publish) -> None:
    (customised.root / "secrets.yaml").unlink()
    manifest = second()["web/manifest.yaml"] + "  - apps.web.token\n"
    publish({"web/manifest.yaml": manifest})
    assert "the new secret apps.web.token was not made" in customised.wild("update", "--branch")
    assert not (customised.root / "secrets.yaml").exists()
