"""A work tree of a test, and the git that runs in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECRET = "Zb3kQ9vL2pXw7RtY"


class Checkout:
    """A work tree and git in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(
        self, *command: str, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the work tree and return what it did, whatever that is."""
        return subprocess.run(
            command,
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )

    def git(self, *arguments: str, stdin: str = "") -> str:
        """Run git, which must succeed, and return what it printed."""
        done = self.run("git", *arguments, stdin=stdin)
        assert done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def wild(self, *arguments: str, code: int = 0) -> str:
        """Run git wild, which must exit with `code`, and return what it printed on both streams."""
        done = self.run("git", "wild", *arguments)
        assert done.returncode == code, f"git wild {arguments}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def unguarded(self, *arguments: str) -> str:
        """Run git without any hook: how a secret comes to lie where the guard has to find it."""
        return self.git("-c", "core.hooksPath=/dev/null", *arguments)

    def write(self, path: str, text: str, *, mode: int | None = None) -> Path:
        """Write a file of the work tree and return it."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if mode is not None:
            file.chmod(mode)
        return file

    def commit(self, path: str, text: str, message: str = "config(all): Change a file") -> str:
        """Commit one file without hooks and return the commit."""
        self.write(path, text)
        self.unguarded("add", "--", path)
        self.unguarded("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")
