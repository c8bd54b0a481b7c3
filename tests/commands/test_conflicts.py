"""A merge that stops at conflicts is an ordinary git merge in progress."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Work

CONFLICT_FILE = "apps/web/deployment.yaml"


@pytest.fixture
def conflicted(diverged):
    """`web`, one line of which both sides changed; `update` stopped at it. Remembers what was before."""
    before = diverged.snapshot()
    diverged.wild("update", code=1)
    return diverged, before


def test_markers_stages_and_status_are_gits(conflicted) -> None:
    work, _ = conflicted
    text = work.read(CONFLICT_FILE)
    assert (
        "<<<<<<< HEAD\n          workingDir: /ours\n=======\n          workingDir: /theirs\n>>>>>>> " in text
    )
    stages = [line.split()[2] for line in work.git("ls-files", "-u").splitlines()]
    assert stages == ["1", "2", "3"]
    status = work.git("status")
    assert "You have unmerged paths" in status
    assert "both modified:   apps/web/deployment.yaml" in status
    assert (work.root / ".git/MERGE_HEAD").read_text().strip() == work.git(
        "rev-parse", "wild-directory/main"
    ).strip()


def test_what_did_not_conflict_is_merged_already(conflicted) -> None:
    work, _ = conflicted
    assert work.read("apps/web/new.txt") == "new\n"


@pytest.mark.parametrize("abort", [("wild", "merge", "--abort"), ("merge", "--abort")])
def test_abort_restores_the_exact_state(conflicted, abort) -> None:
    work, before = conflicted
    work.git(*abort)
    assert work.snapshot() == before
    assert work.git("ls-files", "-u") == ""
    assert not (work.root / ".git/MERGE_HEAD").exists()
    work.wild("merge", "--abort", code=3)


def test_abort_names_a_file_whose_later_changes_it_would_lose(conflicted) -> None:
    work, _ = conflicted
    (work.root / "apps/web/new.txt").write_text("later\n")
    assert "git restore apps/web/new.txt" in work.wild("merge", "--abort", code=3)
    assert work.read("apps/web/new.txt") == "later\n"
    work.git("restore", "apps/web/new.txt")
    work.wild("merge", "--abort")


def test_checkout_ours_theirs_and_merge_work(conflicted) -> None:
    work, _ = conflicted
    work.git("checkout", "--ours", "--", CONFLICT_FILE)
    assert "workingDir: /ours" in work.read(CONFLICT_FILE)
    work.git("checkout", "--theirs", "--", CONFLICT_FILE)
    assert "workingDir: /theirs" in work.read(CONFLICT_FILE)
    work.git("checkout", "--merge", "--", CONFLICT_FILE)
    assert "<<<<<<<" in work.read(CONFLICT_FILE)
    assert "workingDir: /ours" in work.read(CONFLICT_FILE)


def test_mergetool_settles_it(conflicted) -> None:
    work, _ = conflicted
    work.git("config", "mergetool.mine.cmd", 'cp "$REMOTE" "$MERGED"')
    work.git("config", "mergetool.mine.trustExitCode", "true")
    work.git("mergetool", "--no-prompt", "--tool=mine")
    assert work.git("ls-files", "-u") == ""
    assert "workingDir: /theirs" in work.read(CONFLICT_FILE)


def test_gits_own_commit_finishes_and_the_next_update_has_the_right_base(conflicted, publish) -> None:
    work, _ = conflicted
    work.git("checkout", "--ours", "--", CONFLICT_FILE)
    work.git("add", CONFLICT_FILE)
    work.git("commit", "-q", "--no-edit")
    assert len(work.git("log", "--format=%P", "-1").split()) == 2
    assert "Already up to date" in work.wild("update")
    package = (work.root / "apps/web/.package/deployment.yaml").read_text()
    publish({"web/deployment.yaml": package.replace("{{ .apps.web.replicas }}", "3")})
    work.wild("update")
    assert "workingDir: /ours" in work.read(CONFLICT_FILE)
    assert "replicas: 3" in work.read(CONFLICT_FILE)


def test_continue_commits_what_is_resolved(conflicted) -> None:
    work, _ = conflicted
    assert CONFLICT_FILE in work.wild("merge", "--continue", code=3)
    work.git("add", CONFLICT_FILE)
    assert "conflict marker" in work.wild("merge", "--continue", code=3)
    work.git("checkout", "--merge", "--", CONFLICT_FILE)
    work.git("checkout", "--theirs", "--", CONFLICT_FILE)
    work.git("add", CONFLICT_FILE)
    work.wild("merge", "--continue")
    assert work.git("status", "--porcelain") == ""
    assert len(work.git("log", "--format=%P", "-1").split()) == 2


def test_another_merge_is_refused_while_one_is_in_progress(conflicted) -> None:
    work, _ = conflicted
    before = work.snapshot()
    assert "--abort" in work.wild("merge", code=3)
    assert "--abort" in work.wild("update", code=3)
    assert work.snapshot() == before


def test_favouring_a_side_leaves_no_conflict(conflicted) -> None:
    work, _ = conflicted
    work.wild("merge", "--abort")
    work.wild("merge", "-X", "theirs")
    assert "workingDir: /theirs" in work.read(CONFLICT_FILE)


def test_rerere_replays_a_resolution(conflicted) -> None:
    work, _ = conflicted
    work.wild("merge", "--abort")
    work.git("config", "rerere.enabled", "true")
    work.wild("merge", code=1)
    work.edit(
        CONFLICT_FILE,
        "<<<<<<< HEAD\n          workingDir: /ours\n=======\n          workingDir: /theirs\n",
        "          workingDir: /both\n",
    )
    text = work.read(CONFLICT_FILE)
    (work.root / CONFLICT_FILE).write_text(
        "".join(line for line in text.splitlines(True) if not line.startswith(">>>>>>>"))
    )
    work.git("add", CONFLICT_FILE)
    work.git("commit", "-q", "--no-edit")
    work.git("reset", "-q", "--hard", "HEAD^")
    work.wild("merge", code=1)
    assert "workingDir: /both" in work.read(CONFLICT_FILE)


def test_a_partial_merge_is_continued_and_aborted_by_us(conflicted) -> None:
    work, before = conflicted
    work.wild("merge", "--abort")
    work.git("config", "wild.mergeCommit", "squash")
    work.wild("merge", code=1)
    assert not (work.root / ".git/MERGE_HEAD").exists()
    work.wild("merge", "--abort")
    assert work.snapshot() == before
    work.wild("merge", code=1)
    work.git("checkout", "--theirs", "--", CONFLICT_FILE)
    work.git("add", CONFLICT_FILE)
    work.wild("merge", "--continue")
    assert len(work.git("log", "--format=%P", "-1").split()) == 1
    assert work.git("log", "--format=%s", "-1").startswith("upgrade(web): ")


def test_diff3_style_is_honoured(conflicted) -> None:
    work, _ = conflicted
    work.wild("merge", "--abort")
    work.git("config", "merge.conflictStyle", "diff3")
    work.wild("merge", code=1)
    assert "||||||| base\n          workingDir: /srv\n=======" in work.read(CONFLICT_FILE)


def test_lock_that_a_killed_git_left_is_named_with_what_to_type(diverged: Work) -> None:
    lock = diverged.root / ".git/index.lock"
    lock.touch()
    said = diverged.wild("update", code=3)
    assert f"{lock} exists: another git is at work here, or one was killed" in said
    assert f"rm {lock}" in said
    lock.unlink()
    diverged.wild("update", code=1)
