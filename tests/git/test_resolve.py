"""`git wild resolve` settles a real merge, answer by answer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.git.driven import Repository
from tests.git.test_merge_driver import diverge

FILE = "apps/web/values.yaml"
BASE = "image: web:1\nname: a\nport: 80\nzone: x\n"
OURS = "image: web:2\nname: a\nport: 81\nzone: x\n"
THEIRS = "image: web:3\nname: a\nport: 82\nzone: y\n"


def resolve(repository: Repository, answers: str, *paths: str, cwd: Path | None = None) -> tuple[int, str]:
    done = subprocess.run(
        ["git", "wild", "resolve", *paths],
        cwd=cwd or repository.root,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def conflicted(repository: Repository) -> Repository:
    diverge(repository, OURS, THEIRS, base=BASE, path=FILE)
    assert repository.try_git("merge", "other").returncode == 1
    return repository


def test_each_conflict_is_shown_and_answered(conflicted: Repository) -> None:
    code, output = resolve(conflicted, "o\nt\n")
    assert code == 0
    assert f"{FILE}:1  conflict 1 of 2" in output
    assert "| image: web:2" in output
    assert "| image: web:3" in output
    assert conflicted.read(FILE) == "image: web:2\nname: a\nport: 82\nzone: y\n"
    assert conflicted.unmerged() == []
    conflicted.git("commit", "--no-edit")


def test_it_can_be_left_and_taken_up_again(conflicted: Repository) -> None:
    code, output = resolve(conflicted, "t\nq\n")
    assert code == 1
    assert f"1 file left: {FILE}" in output
    assert conflicted.read(FILE).startswith("image: web:3\nname: a\n<<<<<<< ours\nport: 81\n")
    code, output = resolve(conflicted, "o\n")
    assert code == 0
    assert "conflict 1 of 1" in output
    assert conflicted.read(FILE) == "image: web:3\nname: a\nport: 81\nzone: y\n"


def test_end_of_input_leaves_like_quit(conflicted: Repository) -> None:
    assert resolve(conflicted, "")[0] == 1
    assert conflicted.unmerged() == [FILE]


def test_skipped_conflict_stays(conflicted: Repository) -> None:
    assert resolve(conflicted, "s\no\n")[0] == 1
    text = conflicted.read(FILE)
    assert text.startswith("<<<<<<< ours\nimage: web:2\n")
    assert text.endswith("name: a\nport: 81\nzone: y\n")


def test_both_is_offered_only_where_the_file_stays_valid(conflicted: Repository) -> None:
    code, output = resolve(conflicted, "b\nq\n")
    assert code == 1
    assert "[o/t/e/s/q/?]" in output
    assert "<<<<<<< ours\nimage: web:2\n" in conflicted.read(FILE)


def test_both_takes_ours_then_theirs(repository: Repository) -> None:
    base = "data:\n  run: |\n    one\n  b: 1\n"
    diverge(
        repository,
        base.replace("one", "one\n    ours"),
        base.replace("one", "one\n    theirs"),
        base=base,
        path=FILE,
    )
    assert repository.try_git("merge", "other").returncode == 1
    assert resolve(repository, "b\n")[0] == 0
    assert repository.read(FILE) == "data:\n  run: |\n    one\n    ours\n    theirs\n  b: 1\n"


def test_editor_gets_the_conflict_and_its_text_is_taken(
    conflicted: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_EDITOR", "printf 'image: web:9\\n' >")
    code, _ = resolve(conflicted, "e\no\n")
    assert code == 0
    assert conflicted.read(FILE).startswith("image: web:9\nname: a\n")


def test_markers_left_in_the_editor_are_not_taken(
    conflicted: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_EDITOR", "true")
    code, output = resolve(conflicted, "e\nt\no\n")
    assert code == 0
    assert "there are markers in it still" in output


def test_result_that_is_no_yaml_is_not_added(conflicted: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EDITOR", "printf 'image: [\\n' >")
    code, output = resolve(conflicted, "e\no\n")
    assert code == 1
    assert "no valid YAML" in output
    assert conflicted.unmerged() == [FILE]


def test_paths_are_relative_to_the_folder_one_is_in(conflicted: Repository) -> None:
    folder = conflicted.root / "apps/web"
    assert resolve(conflicted, "o\no\n", "values.yaml", cwd=folder)[0] == 0


def test_path_without_conflicts_says_so(conflicted: Repository) -> None:
    code, output = resolve(conflicted, "", "apps/other")
    assert (code, output) == (0, "nothing to settle\n")


def test_path_outside_of_the_repository_is_refused(conflicted: Repository) -> None:
    assert resolve(conflicted, "", "../elsewhere")[0] == 2


@pytest.mark.parametrize(("answer", "kept"), [("k", True), ("d", False)])
def test_deletion_against_change(repository: Repository, answer: str, kept: bool) -> None:
    repository.commit({FILE: BASE})
    repository.git("branch", "other")
    repository.git("rm", "--quiet", FILE)
    repository.commit({}, "feat: gone")
    repository.git("checkout", "--quiet", "other")
    repository.commit({FILE: THEIRS})
    repository.git("checkout", "--quiet", "main")
    assert repository.try_git("merge", "other").returncode == 1
    code, output = resolve(repository, f"{answer}\n")
    assert code == 0
    assert "deleted by us" in output
    assert (repository.root / FILE).exists() == kept
    assert repository.unmerged() == []


def test_markers_of_another_size_and_style_are_understood(repository: Repository) -> None:
    attributes = repository.read(".gitattributes") + "*.yaml conflict-marker-size=11\n"
    repository.commit({".gitattributes": attributes})
    repository.git("config", "merge.conflictStyle", "diff3")
    diverge(repository, OURS, THEIRS, base=BASE, path=FILE)
    assert repository.try_git("merge", "other").returncode == 1
    code, output = resolve(repository, "t\nt\n")
    assert code == 0
    assert "| image: web:1" in output
    assert repository.read(FILE) == THEIRS


def test_binary_file_is_taken_whole(repository: Repository) -> None:
    path = "apps/web/logo.bin"
    repository.commit({path: "a\0b"})
    repository.git("branch", "other")
    repository.commit({path: "a\0c"})
    repository.git("checkout", "--quiet", "other")
    repository.commit({path: "a\0d"})
    assert repository.try_git("merge", "main").returncode == 1
    assert resolve(repository, "t\n")[0] == 0
    assert repository.read(path) == "a\0c"
