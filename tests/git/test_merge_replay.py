"""`git wild check --merges`: merges made without our driver are done again and compared."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.git.driven import Repository
from tests.git.test_merge_driver import BASE, FILE, MERGED, OTHER, OURS, THEIRS, diverge


def check(repository: Repository, revisions: str = "HEAD") -> tuple[int, list[dict[str, object]]]:
    done = subprocess.run(
        ["git", "wild", "check", "--merges", revisions, "--format", "json"],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)["findings"]
    return done.returncode, found


def record_merge(repository: Repository, files: dict[str, str | None]) -> str:
    """Commit a merge of `other` with just these contents, as a forge or a person may make it."""
    repository.try_git("merge", "--no-commit", "--no-ff", "other")
    for path, text in files.items():
        if text is None:
            repository.git("rm", "--quiet", "--force", "--ignore-unmatch", path)
        else:
            repository.write(path, text)
    return repository.commit({}, "Merge branch 'other'")


def test_right_merge_has_no_finding(repository: Repository) -> None:
    diverge(repository)
    repository.git("merge", "--no-edit", "other")
    assert repository.read(FILE) == MERGED
    assert check(repository) == (0, [])


@pytest.mark.parametrize(
    ("recorded", "lost"),
    [
        (OURS, "image: theirs changed `web:1` to `web:2`, and the merge has not"),
        (THEIRS, "replicas: ours changed `1` to `2`, and the merge has not"),
    ],
)
def test_side_taken_whole_lost_the_others_edit(repository: Repository, recorded: str, lost: str) -> None:
    diverge(repository)
    commit = record_merge(repository, {FILE: recorded})
    code, findings = check(repository)
    assert code == 1
    assert [(found["rule"], found["path"], found["message"]) for found in findings] == [
        ("merge-lost-edit", FILE, lost)
    ]
    assert str(findings[0]["commit"]).startswith(commit[:12])


def test_conflict_that_a_person_settled_is_no_loss(repository: Repository) -> None:
    diverge(repository, OTHER)
    for recorded in (OTHER, THEIRS, "image: web:4\nreplicas: 1\n"):
        record_merge(repository, {FILE: recorded})
        assert check(repository) == (0, [])
        repository.git("reset", "--quiet", "--hard", "HEAD^1")


def test_key_that_the_merge_doubled_is_found(repository: Repository) -> None:
    diverge(repository, "image: web:1\nport: 1\nreplicas: 1\n", "image: web:1\nreplicas: 1\nport: 2\n")
    record_merge(repository, {FILE: "image: web:1\nport: 1\nreplicas: 1\nport: 2\n"})
    code, findings = check(repository)
    assert code == 1
    assert "merge-duplicate-key" in {found["rule"] for found in findings}


def test_added_element_that_is_missing_is_found(repository: Repository) -> None:
    base = "kind: Kustomization\nresources:\n- a.yaml\n"
    diverge(
        repository,
        base + "namespace: x\n",
        base + "- b.yaml\n",
        base=base,
        path="apps/web/kustomization.yaml",
    )
    record_merge(repository, {"apps/web/kustomization.yaml": base + "namespace: x\n"})
    code, findings = check(repository)
    assert code == 1
    assert "b.yaml" in str(findings[0]["message"])


def test_file_that_went_though_a_side_changed_it_is_found(repository: Repository) -> None:
    diverge(repository)
    record_merge(repository, {FILE: None})
    code, findings = check(repository)
    assert code == 1
    assert {found["message"] for found in findings} == {
        "ours changed the file, and it is gone",
        "theirs changed the file, and it is gone",
    }


def test_change_of_one_side_alone_that_the_merge_dropped_is_found(repository: Repository) -> None:
    repository.commit({FILE: BASE, "config.yaml": "a: 1\n"})
    repository.git("branch", "other")
    repository.commit({"config.yaml": "a: 2\n"})
    repository.git("checkout", "--quiet", "other")
    repository.commit({FILE: THEIRS})
    repository.git("checkout", "--quiet", "main")
    record_merge(repository, {FILE: BASE})
    code, findings = check(repository)
    assert (code, [found["path"] for found in findings]) == (1, [FILE])


def test_only_merges_of_the_range_are_replayed(repository: Repository) -> None:
    diverge(repository)
    commit = record_merge(repository, {FILE: OURS})
    repository.commit({"notes.txt": "x\n"})
    assert check(repository, f"{commit}..HEAD") == (0, [])
    assert check(repository, f"{commit}^..HEAD")[0] == 1


def test_range_that_is_none_is_an_error(repository: Repository) -> None:
    done = repository.try_git("wild", "check", "--merges", "no-such..HEAD")
    assert done.returncode == 3
    done = repository.try_git("wild", "check", "--merges", "--output=x")
    assert done.returncode == 3
    assert not (repository.root / "x").exists()
