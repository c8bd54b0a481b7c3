"""`git wild init`, `remote`, `fetch`, `apps`, `status`, `diff` and `compile`."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from pytest_git import GitRepo


def wild(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        ["git", "wild", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_init_is_safe_to_run_again(tmp_path: Path) -> None:
    wild(tmp_path, "init", "cloud")
    cloud = tmp_path / "cloud"
    before = {path: path.read_bytes() for path in cloud.iterdir() if path.is_file()}
    assert stat.S_IMODE((cloud / "secrets.yaml").stat().st_mode) == 0o600
    assert "wrote" not in wild(cloud, "init")
    assert {path: path.read_bytes() for path in cloud.iterdir() if path.is_file()} == before


def test_init_keeps_what_an_existing_repository_has(git_repo: GitRepo) -> None:
    root = Path(git_repo.workspace)
    (root / ".gitignore").write_text("build/")
    (root / ".gitattributes").write_text("*.sh eol=lf\n")
    (root / "config.yaml").write_text("cloud: {domain: mine}\n")
    wild(root, "init")
    assert (root / ".gitignore").read_text().startswith("build/\nsecrets.yaml\n")
    assert (root / ".gitattributes").read_text().startswith("*.sh eol=lf\n")
    assert (root / "config.yaml").read_text() == "cloud: {domain: mine}\n"


def test_init_inside_another_repository_is_refused(git_repo: GitRepo) -> None:
    root = Path(git_repo.workspace)
    (root / "sub").mkdir()
    assert "lies in the repository" in wild(root / "sub", "init", code=3)
    assert list((root / "sub").iterdir()) == []


def test_bare_repository_is_no_place_for_an_instance(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "."], cwd=tmp_path, check=True)
    for command in ("init", "status"):
        assert "git clone" in wild(tmp_path, command, code=3)
    assert not (tmp_path / "config.yaml").exists()


def test_objects_named_by_sha_256_are_refused_with_a_way_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--object-format=sha256", "."], cwd=tmp_path, check=True)
    (tmp_path / "config.yaml").write_text("apps: {}\n")
    (tmp_path / "apps").mkdir()
    for command in ("init", "status"):
        said = wild(tmp_path, command, code=3)
        assert "SHA-256" in said
        assert "git fast-export" in said


def test_outside_of_an_instance_every_command_says_init(tmp_path: Path, git_repo: GitRepo) -> None:
    assert "git wild init" in wild(tmp_path, "status", code=3)
    assert "git wild init" in wild(Path(git_repo.workspace), "status", code=3)


def test_commands_work_from_a_subfolder(customised) -> None:
    assert "web" in wild(customised.root / "apps/web", "status")


def test_a_relative_upstream_path_is_kept_absolute(tmp_path: Path, git_repo: GitRepo) -> None:
    git_repo.run("git commit -q --allow-empty -m upstream")
    (tmp_path / "up").symlink_to(git_repo.workspace)
    wild(tmp_path, "init", "cloud", "--upstream", "up")
    assert json.loads(wild(tmp_path / "cloud", "remote", "--json"))["url"] == str(
        Path(git_repo.workspace).resolve()
    )


def test_a_branch_and_a_folder_can_be_chosen(tiny, git_repo: GitRepo) -> None:
    git_repo.run("git checkout -q -b next")
    target = Path(git_repo.workspace) / "more" / "api"
    target.mkdir(parents=True)
    (target / "manifest.yaml").write_text("name: api\nversion: 3.0.0\n")
    git_repo.run("git add -A")
    git_repo.run("git commit -q -m next")
    tiny.wild("fetch")
    tiny.wild("remote", "--branch", "next", "--packages-path", "more")
    listed = json.loads(tiny.wild("apps", "--json"))
    assert [each["name"] for each in listed] == ["api"]


def test_without_a_remote_or_a_fetch_it_says_what_to_type(tmp_path: Path) -> None:
    wild(tmp_path, "init", "cloud")
    assert "git wild remote URL" in wild(tmp_path / "cloud", "apps", code=3)
    assert "git wild remote URL" in wild(tmp_path / "cloud", "fetch", code=3)


def test_fetch_says_what_is_new_for_each_app(customised, publish) -> None:
    assert "up to date" in customised.wild("fetch")
    manifest = (customised.root / "apps/web/.package/manifest.yaml").read_text()
    publish({"web/manifest.yaml": manifest.replace("1.0.0", "1.1.0")})
    assert "1.0.0 → 1.1.0" in customised.wild("fetch")


def test_status_tells_every_state(customised, publish) -> None:
    def words() -> str:
        return customised.wild("status", "--porcelain").split("\t")[3].strip()

    assert "customised" in words()
    assert "stale" not in words()
    customised.wild("config", "set", "apps.web.replicas", "4")
    assert "stale" in words()
    customised.wild("compile")
    assert "stale" not in words()
    assert "uncommitted" in words()
    customised.commit()
    assert "uncommitted" not in words()
    manifest = (customised.root / "apps/web/.package/manifest.yaml").read_text()
    publish({"web/manifest.yaml": manifest.replace("1.0.0", "1.1.0")})
    customised.wild("fetch")
    assert "behind" in words()


def test_one_broken_app_does_not_hide_the_others(customised) -> None:
    broken = customised.root / "apps/other"
    broken.mkdir()
    (broken / "manifest.yaml").write_text("name: [\n")
    output = customised.wild("status")
    assert "web" in output
    assert "apps/other" in output


def test_an_unknown_app_is_named_with_those_installed(customised) -> None:
    for command in ("diff", "compile", "update"):
        assert "installed apps: web" in customised.wild(command, "nope", code=3)


def test_diff_shows_exactly_what_we_changed(customised) -> None:
    output = customised.wild("diff", "--custom", "web")
    changed = [line for line in output.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["+            # ours", "+            - name: MODE", "+              value: fast"]
    assert "a/apps/web/deployment.yaml" in output
    customised.wild("diff", "--exit-code", code=1)
    customised.wild("diff", "--custom", "--upstream", code=2)


def test_diff_upstream_is_what_the_packages_render_to(customised, publish) -> None:
    manifest = (customised.root / "apps/web/.package/manifest.yaml").read_text()
    publish({"web/manifest.yaml": manifest.replace("nginx:1.25", "nginx:1.27")})
    customised.wild("fetch")
    output = customised.wild("diff", "--upstream")
    assert "-          image: nginx:1.25" in output
    assert "+          image: nginx:1.27" in output
    assert "MODE" not in output


def test_compile_follows_config_and_keeps_edits(customised) -> None:
    customised.wild("config", "set", "apps.web.replicas", "4")
    assert "web" in customised.wild("compile", "--check", code=1)
    before = customised.read("apps/web/deployment.yaml")
    customised.wild("compile")
    assert customised.read("apps/web/deployment.yaml") == before.replace("replicas: 2", "replicas: 4")
    lock = yaml.safe_load(customised.read("apps/web/.package.lock.yaml"))
    assert lock["values"]["apps"]["web"]["replicas"] == 4
    assert customised.wild("compile", "--check") == ""
    assert customised.wild("diff").count("replicas") == 0, "a value from config.yaml is no customisation"


def test_compile_against_an_edit_of_the_same_line_is_a_conflict(customised) -> None:
    customised.edit("apps/web/deployment.yaml", "value: web.example.org", "value: ours.example.org")
    customised.commit()
    customised.wild("config", "set", "apps.web.host", "theirs.example.org")
    output = customised.wild("compile", code=1)
    assert "CONFLICT" in output
    text = customised.read("apps/web/deployment.yaml")
    assert "ours.example.org" in text
    assert "theirs.example.org" in text
    assert {line.split()[2] for line in customised.git("ls-files", "-u").splitlines()} == {"1", "2", "3"}


@pytest.mark.parametrize("value", ["null", "''"])
def test_compile_with_a_value_that_went_says_which(customised, value: str) -> None:
    customised.wild("config", "unset", "apps.web.image")
    before = customised.read("apps/web/deployment.yaml")
    assert "git wild config set apps.web.image" in customised.wild("compile", code=3)
    assert customised.read("apps/web/deployment.yaml") == before
    customised.wild("config", "set", "apps.web.image", value)
    if value == "null":
        customised.wild("compile", code=3)


def test_status_of_an_app_that_is_not_added_says_so(customised) -> None:
    assert "not added" in customised.wild("status", "--local", "other")


def test_a_package_that_is_a_mixture_is_said_and_put_right(customised) -> None:
    customised.edit("apps/web/.package/manifest.yaml", "version: 1.0.0", "version: 1.5.0")
    customised.commit("config(web): as a merge by git may leave it")
    assert "git wild resolve" in customised.wild("status", "--local")
    assert "\tcustomised,mixed\t" in customised.wild("status", "--local", "--porcelain")
    assert ".package was a mixture" in customised.wild("resolve")
    customised.commit("fix(web): the whole package")
    assert "mixture" not in customised.wild("status", "--local")


def test_password_in_the_upstreams_url_is_not_printed(tmp_path: Path) -> None:
    wild(tmp_path, "init", ".", "--no-hooks")
    for url in ("https://ada:hunter2@example.org/x.git", "https://hunter2@example.org/x.git"):
        for said in (wild(tmp_path, "remote", url), wild(tmp_path, "remote", "--json")):
            assert "hunter2" not in said
            assert "***@example.org/x.git" in said


def test_upstream_branch_that_is_not_there_does_not_end_status(customised) -> None:
    customised.wild("remote", "--branch", "nosuch", code=3)
    said = customised.wild("status")
    assert "has no branch 'nosuch'" in said
    assert "customised" in said
