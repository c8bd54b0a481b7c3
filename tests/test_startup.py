"""What git runs all the time starts fast: real hooks, run by real git, with Python listing its imports."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

# The dear ones, in milliseconds of start-up: kubernetes 290, pygit2 80, jinja2 61, ruamel.yaml 36, rich 22.
DEAR = {"kubernetes", "pygit2", "jinja2", "ruamel", "rich"}


def git(cwd: Path, *arguments: str, **environment: str) -> str:
    """Return what git and everything it ran printed on stderr."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == 0, "\n".join(said)
    return done.stderr


def imports_during(cwd: Path, *arguments: str) -> set[str]:
    """Return the top-level names that any Python imported while git ran."""
    stderr = git(cwd, *arguments, PYTHONPROFILEIMPORTTIME="1")
    return {name.split(".")[0] for name in re.findall(r"^import time: .*\| +(\S+)$", stderr, re.MULTILINE)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our hooks, a second branch to merge, and a remote to push to."""
    root = tmp_path / "cloud"
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(tmp_path, "init", "-q", "cloud")
    (root / "secrets.yaml").write_text("apps:\n  blog:\n    password: correct-horse-battery\n")
    (root / "secrets.yaml").chmod(0o600)
    (root / ".gitignore").write_text("secrets.yaml\n")
    (root / "config.yaml").write_text("cloud:\n  domain: cloud.example.com\n")
    for arguments in (
        ["remote", "add", "origin", "../origin.git"],
        ["add", "."],
        ["commit", "-qm", "docs(all): Begin"],
        ["checkout", "-qb", "other"],
        ["commit", "-q", "--allow-empty", "-m", "docs(all): Go one way"],
        ["checkout", "-q", "main"],
        ["commit", "-q", "--allow-empty", "-m", "docs(all): Go the other"],
        ["wild", "hooks", "install"],
    ):
        git(root, *arguments)
    return root


@pytest.mark.parametrize(
    "arguments",
    [
        ["commit", "--allow-empty", "-m", "docs(all): Look here"],
        ["merge", "--no-edit", "other"],
        ["cherry-pick", "--allow-empty", "other"],
        ["push", "origin", "main"],
        ["fetch", "origin"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_hook_imports_a_dear_library(repository: Path, arguments: list[str]) -> None:
    imported = imports_during(repository, *arguments)
    assert arguments == ["fetch", "origin"] or "wildgit" in imported, "no hook ran"
    assert imported & DEAR == set()
