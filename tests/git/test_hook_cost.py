"""What a hook costs: the modules it imports, and that its shell part starts nothing for other refs."""

from __future__ import annotations

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
