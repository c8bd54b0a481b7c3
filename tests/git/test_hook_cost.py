"""What a hook costs: the modules it imports, and that its shell part starts nothing for other refs."""

from __future__ import annotations

import os
import shutil
import sys

from tests.git.checkout import Checkout

HEAVY = (
    "click",
    "yaml",
    "pygit2",
    "kubernetes",
    "rich",
    "ruamel",
    "jinja2",
    "json",
    "dataclasses",
    "tempfile",
)


def imported_by(checkout: Checkout, *arguments: str, stdin: str = "") -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "wildgit", "hooks", "run", *arguments]
    done = checkout.run(*command, stdin=stdin)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


def started_after(checkout: Checkout, *arguments: str) -> list[str]:
    """Return which of our hooks after the fact start Python while git runs."""
    folder, log = checkout.path.parent / "bin", checkout.path.parent / "started"
    folder.mkdir(exist_ok=True)
    program = folder / "git-wild"
    program.write_text(f'#!/bin/sh\necho "$3" >> {log}\nexec {shutil.which("git-wild")} "$@"\n')
    program.chmod(0o755)
    log.write_text("")
    done = checkout.run("git", *arguments, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    return [name for name in log.read_text().split() if name.startswith("post-")]


def test_only_branches_with_environments_start_anything_after_a_commit(instance: Checkout) -> None:
    commit = ("commit", "--allow-empty", "-m", "config(all): Go on")
    assert started_after(instance, *commit) == []
    instance.git("config", "wild-environment.staging.branch", "develop")
    assert started_after(instance, *commit) == []
    instance.write(".wildconfig", '[wild-environment "production"]\n    branch = main\n')
    assert started_after(instance, *commit) == ["post-commit"]
    assert started_after(instance, *commit, "--amend") == ["post-commit", "post-rewrite"]
    assert imported_by(instance, "post-commit").isdisjoint(HEAVY)
    instance.git("config", "wild.postMerge", "off")
    assert started_after(instance, *commit) == []
    instance.git("checkout", "-q", "--detach")
    assert started_after(instance, *commit) == []


def test_hooks_on_a_clean_commit_import_nothing_heavy(instance: Checkout) -> None:
    instance.write("apps/ghost/deployment.yaml", "kind: Deployment\n")
    instance.git("add", ".")
    instance.git("commit", "-q", "-m", "config(ghost): Change it")  # the first run writes what it knows
    instance.write("apps/ghost/deployment.yaml", "kind: Service\n")
    instance.git("add", ".")
    head = instance.git("rev-parse", "HEAD")
    update = f"{'0' * 40} {head} refs/heads/other\n"
    assert imported_by(instance, "pre-commit").isdisjoint(HEAVY)
    assert imported_by(instance, "reference-transaction", "prepared", stdin=update).isdisjoint(HEAVY)
