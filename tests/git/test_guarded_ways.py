"""Every way to make or move a commit is blocked by real git with our hooks, and honest work is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.git.checkout import SECRET, Checkout

LEAK = f"password: {SECRET}\n"
GIT_FOLDER = str(Path(shutil.which("git") or "").parent)  # a PATH with git and without git-wild


def leak_on_no_branch(checkout: Checkout) -> str:
    """Return a commit with the secret that no branch has: as if made on a machine without hooks."""
    checkout.unguarded("checkout", "-q", "--detach")
    leak = checkout.commit("apps/ghost/leak.yaml", LEAK)
    checkout.unguarded("checkout", "-q", "main")
    return leak


def commit(checkout: Checkout) -> list[str]:
    checkout.write("a.yaml", LEAK)
    checkout.git("add", "a.yaml")
    return ["commit", "-m", "config(ghost): Set it up"]


def commit_no_verify(checkout: Checkout) -> list[str]:
    return [*commit(checkout), "--no-verify"]


def cherry_pick(checkout: Checkout) -> list[str]:
    return ["cherry-pick", leak_on_no_branch(checkout)]


def rebase(checkout: Checkout) -> list[str]:
    # The branch carried the leak before the hooks were there; rebasing it makes a new commit of it.
    leak = leak_on_no_branch(checkout)
    checkout.commit("b.yaml", "b: 1\n")
    checkout.unguarded("checkout", "-q", "-b", "topic", leak)
    return ["rebase", "main"]


def am(checkout: Checkout) -> list[str]:
    leak = leak_on_no_branch(checkout)
    patch = checkout.path.parent / "leak.patch"
    patch.write_text(checkout.git("format-patch", "--stdout", f"{leak}~1..{leak}") + "\n")
    return ["am", str(patch)]


def merge(checkout: Checkout) -> list[str]:
    leak = leak_on_no_branch(checkout)
    checkout.commit("b.yaml", "b: 1\n")
    return ["merge", "--no-edit", leak]


def merge_fast_forward(checkout: Checkout) -> list[str]:
    return ["merge", "--ff-only", leak_on_no_branch(checkout)]


def revert(checkout: Checkout) -> list[str]:
    checkout.commit("a.yaml", LEAK)
    checkout.commit("a.yaml", "password: none\n")
    return ["revert", "--no-edit", "HEAD"]


def fetch_into_a_branch(checkout: Checkout) -> list[str]:
    other = Checkout(checkout.path.parent / "other")
    shutil.copytree(checkout.path, other.path)
    other.commit("a.yaml", LEAK)
    return ["fetch", str(other.path), "main:theirs"]


def fetch_from_a_remote_into_a_branch(checkout: Checkout) -> list[str]:
    _, other, refspec = fetch_into_a_branch(checkout)
    checkout.git("remote", "add", "origin", other)
    return ["fetch", "origin", refspec]


def push_to_itself(checkout: Checkout) -> list[str]:
    return ["push", ".", f"{leak_on_no_branch(checkout)}:refs/heads/theirs"]


def push_to_itself_no_verify(checkout: Checkout) -> list[str]:
    return [*push_to_itself(checkout), "--no-verify"]


def tag(checkout: Checkout) -> list[str]:
    return ["tag", "v1", leak_on_no_branch(checkout)]


def annotated_tag(checkout: Checkout) -> list[str]:
    return ["tag", "-a", "v1", "-m", f"password {SECRET}"]


def tag_of_a_file(checkout: Checkout) -> list[str]:
    return ["tag", "v1", checkout.git("hash-object", "-w", "--stdin", stdin=LEAK)]


def reset(checkout: Checkout) -> list[str]:
    return ["reset", "--hard", leak_on_no_branch(checkout)]


def checkout_b(checkout: Checkout) -> list[str]:
    return ["checkout", "-B", "theirs", leak_on_no_branch(checkout)]


def branch_of_the_stash(checkout: Checkout) -> list[str]:
    checkout.write("config.yaml", LEAK)
    checkout.git("stash")
    return ["branch", "theirs", "refs/stash"]


def branch_after_a_detached_commit(checkout: Checkout) -> list[str]:
    checkout.unguarded("checkout", "-q", "--detach")
    checkout.commit("a.yaml", LEAK)
    return ["switch", "-c", "theirs"]


def a_ref_name(checkout: Checkout) -> list[str]:
    return ["branch", f"fix/{SECRET}"]


def a_message(checkout: Checkout) -> list[str]:
    return ["commit", "--allow-empty", "-m", f"config(ghost): Set it to {SECRET}"]


def a_message_no_verify(checkout: Checkout) -> list[str]:
    return [*a_message(checkout), "--no-verify"]


def a_path(checkout: Checkout) -> list[str]:
    checkout.write(f"apps/ghost/{SECRET}.txt", "")
    checkout.git("add", ".")
    return ["commit", "-m", "config(ghost): Set it up"]


def amend(checkout: Checkout) -> list[str]:
    return [*commit(checkout), "--amend", "--no-verify"]


def update_ref(checkout: Checkout) -> list[str]:
    return ["update-ref", "refs/heads/theirs", leak_on_no_branch(checkout)]


def worktree(checkout: Checkout) -> list[str]:
    return ["worktree", "add", "-b", "theirs", "../linked", leak_on_no_branch(checkout)]


def a_replaced_object(checkout: Checkout) -> list[str]:
    leak = leak_on_no_branch(checkout)
    blob = checkout.git("rev-parse", f"{leak}:apps/ghost/leak.yaml")
    checkout.git("replace", blob, checkout.git("hash-object", "-w", "--stdin", stdin="a: b\n"))
    return ["branch", "theirs", leak]


Way = Callable[[Checkout], list[str]]
WAYS: list[Way] = [
    commit, commit_no_verify, cherry_pick, rebase, am, merge, merge_fast_forward, revert, fetch_into_a_branch,
    fetch_from_a_remote_into_a_branch, push_to_itself, push_to_itself_no_verify, tag, annotated_tag,
    tag_of_a_file, reset, checkout_b, branch_of_the_stash, branch_after_a_detached_commit, a_ref_name,
    a_message, a_message_no_verify, a_path, amend, update_ref, worktree, a_replaced_object,
]  # fmt: skip


def published(checkout: Checkout) -> dict[str, str]:
    """Return every branch and tag with what it points to."""
    listing = checkout.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
    return dict(line.split(" ") for line in listing.splitlines())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_secret_is_blocked_however_it_comes(instance: Checkout, way: Way) -> None:
    command = way(instance)
    before = published(instance)
    done = instance.run("git", *command)
    assert done.returncode != 0, done.stdout
    ours = [line for line in done.stderr.splitlines() if "secret-value" in line]
    assert ours, done.stderr
    assert all(SECRET not in line for line in ours)
    assert published(instance) == before


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_same_way_without_a_secret_is_free(instance: Checkout, way: Way) -> None:
    command = way(instance)
    instance.write("secrets.yaml", "apps: {}\n")
    (instance.path / ".git" / "wild" / "known-values").unlink(missing_ok=True)
    done = instance.run("git", *command)
    assert done.returncode == 0, done.stderr


def test_content_that_is_born_in_a_merge_is_seen(instance: Checkout) -> None:
    instance.git("checkout", "-q", "-b", "side")
    instance.commit("b.yaml", "b: 1\n")
    instance.git("checkout", "-q", "main")
    instance.commit("c.yaml", "c: 1\n")
    instance.git("merge", "-q", "--no-commit", "side")
    instance.write("evil.yaml", LEAK)
    instance.git("add", "evil.yaml")
    done = instance.run("git", "commit", "--no-verify", "-m", "Merge side")
    assert done.returncode != 0
    assert "evil.yaml:1: secret-value" in done.stderr
    instance.unguarded("commit", "-q", "-m", "Merge side")
    assert "evil.yaml:1: secret-value" in instance.wild("check", "secrets", "--range", "HEAD~1..HEAD", code=1)


def test_a_push_is_stopped_and_told_what_would_leave(instance: Checkout) -> None:
    remote = instance.path.parent / "origin.git"
    instance.git("init", "-q", "--bare", str(remote))
    instance.git("remote", "add", "origin", str(remote))
    instance.git("push", "-q", "origin", "main")
    instance.commit("a.yaml", LEAK)
    instance.commit("a.yaml", "a: 1\n")
    done = instance.run("git", "push", "origin", "main")
    assert done.returncode != 0
    assert "a.yaml:1: secret-value" in done.stderr
    assert SECRET not in done.stderr


def test_a_linked_work_tree_is_guarded_with_the_secrets_of_the_main_one(instance: Checkout) -> None:
    instance.git("worktree", "add", "-q", "../linked")
    linked = Checkout(instance.path.parent / "linked")
    assert "secret-value" in linked.run("git", *commit(linked)).stderr


def test_what_is_staged_counts_and_not_the_work_tree(instance: Checkout) -> None:
    instance.write("config.yaml", "apps: {}\n")
    instance.git("add", "config.yaml")
    instance.write("config.yaml", LEAK)
    instance.git("commit", "-m", "config(ghost): Remove it")
    instance.git("add", "config.yaml")
    instance.write("config.yaml", "apps: {}\n")
    assert instance.run("git", "commit", "-m", "config(ghost): Leak it").returncode != 0


def test_a_commit_of_named_paths_uses_the_index_that_git_made_for_it(instance: Checkout) -> None:
    instance.write("config.yaml", LEAK)
    for arguments in (["config.yaml"], ["-a"]):
        done = instance.run("git", "commit", "-m", "config(ghost): Leak it", *arguments)
        assert "what is staged holds 1 secret" in done.stderr


def test_a_guard_that_cannot_look_stops_the_commit(instance: Checkout) -> None:
    instance.write("secrets.yaml", "apps: [\n")
    done = instance.run("git", "commit", "--allow-empty", "-m", "config(ghost): Nothing")
    assert done.returncode != 0
    assert "secrets.yaml:2" in done.stderr


def test_a_guard_without_its_program_stops_the_commit_and_says_how_to_go_on(instance: Checkout) -> None:
    arguments = ["commit", "--allow-empty", "-m", "config(ghost): Nothing"]
    done = instance.run("git", *arguments, env={"PATH": GIT_FOLDER})
    assert done.returncode != 0
    assert "not on PATH" in done.stderr
    assert "core.hooksPath=/dev/null" in done.stderr
    instance.unguarded(*arguments)


def test_a_clone_without_secrets_is_told_so_once(instance: Checkout) -> None:
    (instance.path / "secrets.yaml").unlink()
    arguments = ["git", "commit", "--allow-empty", "-m", "config(ghost): Nothing"]
    assert "no secrets.yaml" in instance.run(*arguments).stderr
    assert "no secrets.yaml" not in instance.run(*arguments).stderr


def test_a_rotated_value_stays_forbidden(instance: Checkout) -> None:
    instance.git("commit", "-q", "--allow-empty", "-m", "config(ghost): Nothing")  # the guard has seen it
    instance.write("secrets.yaml", "apps:\n  ghost:\n    dbPassword: a-new-value-that-nobody-knows\n")
    done = instance.run("git", *commit(instance))
    assert done.returncode != 0
    assert "secret-rotated: a former value of apps.ghost.dbPassword" in done.stderr
    known = instance.path / ".git" / "wild" / "known-values"
    assert known.stat().st_mode & 0o777 == 0o600
    assert SECRET not in known.read_text()


def test_an_allowed_value_also_needs_the_consent_of_this_machine(instance: Checkout) -> None:
    instance.write("a.yaml", f"password: {SECRET}  # wild:allow secret-value it is only a sample\n")
    instance.git("add", "a.yaml")
    arguments = ["commit", "-m", "config(ghost): Show a sample"]
    refused = instance.run("git", *arguments)
    assert refused.returncode != 0
    assert "git config --add wild.allowValue apps.ghost.dbPassword" in refused.stderr
    instance.git("config", "--add", "wild.allowValue", "apps.ghost.dbPassword")
    assert instance.run("git", *arguments).returncode == 0


@pytest.mark.parametrize("ref", ["refs/remotes/origin/x", "refs/wild/deployed/x", "refs/notes/x"])
def test_refs_that_are_no_branch_do_not_start_python(instance: Checkout, ref: str) -> None:
    leak = leak_on_no_branch(instance)
    for arguments in (["update-ref", ref, leak], ["update-ref", "-d", ref]):
        assert instance.run("git", *arguments, env={"PATH": GIT_FOLDER}).returncode == 0
