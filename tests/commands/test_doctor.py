"""`git wild doctor` says what works and what does not, and its exit code says whether all does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.git.driven import Repository, make_repository


@pytest.fixture
def instance(tmp_path: Path) -> Repository:
    repository = make_repository(tmp_path / "cloud")
    repository.commit({"config.yaml": "cloud:\n  domain: example.com\n"})
    return repository


def doctor(repository: Repository, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["git", "wild", "doctor", *arguments],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout


def diagnoses(repository: Repository) -> dict[str, bool | None]:
    _, output = doctor(repository, "--json")
    return {row["what"]: row["ok"] for row in map(json.loads, output.splitlines())}


def test_each_fact_has_a_line_and_only_failures_have_hints(instance: Repository) -> None:
    _, output = doctor(instance)
    assert "ok        the merge drivers are registered\n" in output
    assert "ok        git merge calls our driver\n" in output


def test_driver_that_is_not_registered_fails_with_what_to_type(instance: Repository) -> None:
    instance.git("config", "--unset", "merge.wild-yaml.driver")
    code, output = doctor(instance)
    assert code == 1
    assert "FAILED    the merge drivers are registered\n" in output
    assert "hint: git wild init" in output


def test_driver_of_another_tool_fails_the_canary(instance: Repository) -> None:
    instance.git("config", "merge.wild-yaml.driver", "git merge-file %A %O %B")
    facts = diagnoses(instance)
    assert facts["git merge calls our driver"] is False
    assert facts["the files of apps and config.yaml are merged by them"] is True


def test_attribute_that_is_overridden_is_found(instance: Repository) -> None:
    instance.commit({".gitattributes": instance.read(".gitattributes") + "*.yaml -merge\n"})
    assert diagnoses(instance)["the files of apps and config.yaml are merged by them"] is False


def test_doctor_leaves_nothing_behind(
    instance: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    doctor(instance)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert instance.git("status", "--porcelain") == ""


def test_outside_of_an_instance_is_an_error(tmp_path: Path) -> None:
    done = subprocess.run(["git-wild", "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")


def test_file_that_can_not_be_read_is_named_and_hides_nothing_else(instance: Repository) -> None:
    (instance.root / "config.yaml").write_text("apps: [\n")
    (instance.root / ".wildconfig").write_text("[wild]\n\tpostMerge = dploy\n")
    facts = diagnoses(instance)
    assert facts["config.yaml can be read"] is False
    assert facts["the settings can be read"] is False
    assert facts["git merge calls our driver"] is True
