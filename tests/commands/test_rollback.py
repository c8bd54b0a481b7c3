"""A rollback as git sees it: which revision, which bytes, which refusals. The deploy is in tests/cluster."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest

from tests.commands.conftest import WEB, Publish, Work


def update(work: Work, publish: Publish, image: str) -> str:
    """Publish another image of `web`, take it, and return the commit."""
    text = WEB["web/manifest.yaml"].replace("nginx:1.25", image).replace("1.0.0", f"{image[-3:]}.0")
    publish({"web/manifest.yaml": text})
    work.wild("update")
    return work.git("rev-parse", "HEAD").strip()


def rolled_back(work: Work, *arguments: str, code: int = 0) -> str:
    return work.wild("rollback", "web", "--no-deploy", "--yes", *arguments, code=code)


def test_rollback_of_an_update_restores_every_byte_and_the_update_is_offered_again(
    customised: Work, publish: Publish
) -> None:
    before = customised.git("rev-parse", "HEAD").strip()
    customised.edit("config.yaml", "cloud:", "# of the whole cloud\ncloud:")
    customised.commit("config(all): say what it is")
    update(customised, publish, "nginx:1.26")
    assert "nginx:1.26" in customised.read("apps/web/deployment.yaml")
    said = rolled_back(customised)
    assert customised.git("diff", before, "HEAD", "--", "apps/web") == ""
    assert customised.git("diff", f"{before}", "HEAD", "--stat").count("|") == 1  # the comment alone
    assert "# of the whole cloud" in customised.read("config.yaml")
    assert "Merge remote-tracking branch" in said
    assert "secrets are not rolled back" in said
    assert "the next git wild update offers again" in said
    assert customised.git("status", "--porcelain") == ""
    message = customised.git("log", "-1", "--format=%B")
    assert message.startswith(f"rollback(web): Back to 1.0.0 as of {before[:7]}\n")
    customised.wild("update")
    assert "nginx:1.26" in customised.read("apps/web/deployment.yaml")
    assert "value: fast" in customised.read("apps/web/deployment.yaml")
    assert "image: nginx:1.26" in customised.read("config.yaml")


def test_second_rollback_goes_further_back_instead_of_forth(customised: Work) -> None:
    for replicas in (3, 4, 5):
        customised.edit("apps/web/deployment.yaml", f"replicas: {replicas - 1}", f"replicas: {replicas}")
        customised.commit(f"scale(web): {replicas}")
    for replicas in (4, 3, 2):
        rolled_back(customised)
        assert f"replicas: {replicas}" in customised.read("apps/web/deployment.yaml")
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 7")
    customised.commit("scale(web): 7")
    rolled_back(customised)
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")


def test_app_that_was_deleted_comes_back_as_it_was(customised: Work) -> None:
    kept = customised.read("secrets.yaml")
    before = customised.git("rev-parse", "HEAD").strip()
    customised.wild("delete", "--yes", "web")
    customised.commit("config(web): not needed")
    assert "apps.web.password" in rolled_back(customised, code=3)  # nobody but you can bring that back
    (customised.root / "secrets.yaml").write_text(kept)
    rolled_back(customised)
    assert customised.git("diff", before, "--", "apps", "config.yaml") == ""


def test_hooks_let_a_rollback_pass_and_a_refusal_changes_nothing(customised: Work) -> None:
    customised.wild("hooks", "install")
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more")
    refusing = customised.root / ".git" / "hooks" / "pre-commit"
    kept = refusing.read_bytes()
    refusing.write_text("#!/bin/sh\necho not now >&2\nexit 1\n")
    before = customised.snapshot()
    assert "nothing was rolled back" in rolled_back(customised, code=3)
    assert customised.snapshot() == before
    refusing.write_bytes(kept)
    rolled_back(customised)
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")


@pytest.mark.parametrize(
    ("path", "is_staged"),
    [("apps/web/deployment.yaml", False), ("apps/web/kustomization.yaml", True), ("config.yaml", False)],
)
def test_work_that_is_not_committed_is_not_buried(customised: Work, path: str, is_staged: bool) -> None:
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more")
    text = customised.read(path)
    new = text.replace("replicas: 2", "replicas: 8") if path == "config.yaml" else f"{text}# mine\n"
    (customised.root / path).write_text(new)
    if is_staged:
        customised.git("add", path)
    before = customised.snapshot()
    assert "commit or stash" in rolled_back(customised, code=3)
    assert customised.snapshot() == before


def test_untracked_file_in_the_way_is_not_overwritten(customised: Work) -> None:
    (customised.root / "apps/web/extra.txt").write_text("tracked\n")
    customised.commit("feat(web): a file")
    customised.git("rm", "-q", "apps/web/extra.txt")
    customised.commit("fix(web): none")
    (customised.root / "apps/web/extra.txt").write_text("mine\n")
    assert "apps/web/extra.txt" in rolled_back(customised, code=3)
    assert customised.read("apps/web/extra.txt") == "mine\n"
    customised.git("checkout", "-q", "--detach")
    (customised.root / ".git/MERGE_HEAD").write_text(customised.git("rev-parse", "HEAD~1"))
    assert "a merge is in progress" in rolled_back(customised, code=3)


def test_rollback_of_all_leaves_what_was_added_since_and_the_rest_of_config(customised: Work) -> None:
    customised.git("tag", "backup-20240301-1200")
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.wild("config", "set", "cloud.domain", "example.net")
    customised.commit("scale(web): more")
    (customised.root / "apps/new").mkdir()
    (customised.root / "apps/new/manifest.yaml").write_text("name: new\n")
    customised.commit("feat(new): add it")
    said = customised.wild("rollback", "--all", "--to", "backup-20240301-1200", "--no-deploy")
    assert "new was added since and stays" in said
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")
    assert "domain: example.net" in customised.read("config.yaml")
    assert customised.git("log", "-1", "--format=%s").startswith("rollback(all): Back to ")
    assert "has changed since web was compiled like this" in said


def test_nothing_is_written_by_a_dry_run_nor_without_an_answer(customised: Work) -> None:
    before = customised.snapshot()
    assert "1 file change" in customised.wild("rollback", "web", "--no-deploy", "--dry-run")
    assert "git wild rollback web --to" in customised.wild("rollback", "web", "--no-deploy", code=2)
    assert customised.snapshot() == before
    customised.wild("rollback", code=2)
    customised.wild("rollback", "web", "--all", code=2)
    customised.wild("rollback", "web", "--emergency", "--no-deploy", code=2)
    customised.wild("rollback", "web", "--to", "HEAD~2", "--no-deploy", code=3)  # before it was added
    assert "never was an app 'wbe'" in customised.wild("rollback", "wbe", "--no-deploy", code=3)


def test_all_is_not_rolled_back_to_what_a_rollback_of_one_left(customised: Work) -> None:
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more")
    rolled_back(customised)
    said = customised.wild("rollback", "--all", "--no-deploy", "--yes", code=3)
    assert "git wild rollback --all --to REV" in said


def test_revision_that_needs_a_secret_that_is_gone_is_named_before_anything_is_written(
    customised: Work,
) -> None:
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more")
    (customised.root / "secrets.yaml").write_text("apps: {}\n")
    before = customised.snapshot()
    assert "git wild secret set apps.web.password" in rolled_back(customised, code=3)
    assert customised.snapshot() == before


def test_signatures_and_control_characters_in_messages_do_not_confuse_history(customised: Work) -> None:
    key = customised.root.parent / "signing"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for setting in ("gpg.format=ssh", f"user.signingKey={key}.pub", "commit.gpgSign=true"):
        customised.git("config", *setting.split("="))
    customised.git("config", "log.showSignature", "true")
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more\x1f\x0c\u2028than before")
    assert "scale(web)" in customised.wild("log", "web")
    rolled_back(customised)
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")


def test_records_that_another_program_keeps_among_ours_are_no_obstacle(customised: Work) -> None:
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.commit("scale(web): more")
    record = {"action": "deploy", "app": "web", "commit": None, "outcome": "running", "steps": None}
    record |= {"who": f"wild@{socket.gethostname()}", "process": None}
    folder = customised.root / "operations"
    folder.mkdir(exist_ok=True)
    (folder / "op_deploy_app_web_1.json").write_text(json.dumps(record))
    rolled_back(customised)
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")
