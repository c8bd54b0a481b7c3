"""The sample Wild Directory: three releases that the demo, the README and other tests rely on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from wildgit.adapters.upstream.sample import load_releases, publish_sample
from wildgit.errors import GitError, InputError


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=directory, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    publish_sample(tmp_path / "upstream", releases=3)
    return tmp_path / "upstream"


def test_commit_ids_are_the_same_whatever_the_user_configured(
    tmp_path: Path, pinned_environment: Path
) -> None:
    plain = publish_sample(tmp_path / "plain", releases=3)
    hooks = tmp_path / "template/hooks"
    hooks.mkdir(parents=True)
    (hooks / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").chmod(0o755)
    with Path(os.environ["GIT_CONFIG_GLOBAL"]).open("a") as config:
        config.write(
            f"[commit]\n\tgpgSign = true\n[core]\n\tautocrlf = true\n[init]\n\ttemplateDir = {hooks.parent}\n"
        )
    assert publish_sample(tmp_path / "configured", releases=3) == plain


def test_later_releases_build_on_what_was_published(tmp_path: Path) -> None:
    first = publish_sample(tmp_path / "upstream", releases=1)
    last = publish_sample(tmp_path / "upstream", releases=3)
    assert git(tmp_path / "upstream", "rev-parse", "main~2").strip() == first
    assert publish_sample(tmp_path / "upstream", releases=3) == last


def test_published_releases_are_not_taken_back(upstream: Path) -> None:
    with pytest.raises(GitError):
        publish_sample(upstream, releases=1)


def test_a_directory_with_other_things_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        publish_sample(tmp_path, releases=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_release_two_renames_a_file_and_release_three_removes_a_config_field(upstream: Path) -> None:
    renames = git(upstream, "diff", "--find-renames", "--diff-filter=R", "--name-status", "main~2", "main~1")
    assert renames.split()[1:] == ["apps/immich/deployment.yaml", "apps/immich/server.yaml"]
    before, after = (
        yaml.safe_load(git(upstream, "show", f"{revision}:apps/redis/manifest.yaml"))["defaultConfig"]
        for revision in ("main~1", "main")
    )
    assert set(before) - set(after) == {"timezone"}


@pytest.mark.parametrize("release", [1, 2, 3])
def test_packages_are_of_the_newer_generation_and_their_requirements_are_there(
    upstream: Path, release: int
) -> None:
    revision = f"main~{3 - release}"
    names = git(upstream, "ls-tree", "--name-only", f"{revision}:apps").split()
    manifests = [
        yaml.safe_load(git(upstream, "show", f"{revision}:apps/{name}/manifest.yaml")) for name in names
    ]
    assert len(manifests) >= 4
    assert [manifest["is"] for manifest in manifests] == names
    assert {need["name"] for manifest in manifests for need in manifest.get("requires", [])} <= set(names)


def test_no_release_ships_a_file_it_did_not_change(upstream: Path) -> None:
    for number, release in enumerate(load_releases()):
        shipped = {p.relative_to(release.folder).as_posix() for p in release.folder.rglob("*") if p.is_file()}
        revision = f"main~{2 - number}"
        touched = git(
            upstream, "diff-tree", "--root", "-r", "--no-renames", "--no-commit-id", "--name-only", revision
        )
        assert set(touched.split()) == shipped | set(release.removed)
