"""A real repository with our drivers registered, where git itself calls us."""

from __future__ import annotations

import subprocess
from pathlib import Path

from wildgit.adapters.git import merge_driver


class Repository:
    """A work tree and the git that is run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git, which must succeed; return what it printed."""
        done = self.try_git(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def try_git(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=cwd or self.root, capture_output=True, text=True, check=False
        )

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def commit(self, files: dict[str, str], message: str = "feat: change") -> str:
        """Write the files, commit everything, return the commit's id."""
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def unmerged(self) -> list[str]:
        return self.git("diff", "--name-only", "--diff-filter=U").splitlines()


def make_repository(root: Path) -> Repository:
    root.mkdir(parents=True)
    repository = Repository(root)
    repository.git("init", "--quiet")
    merge_driver.register(root)
    repository.commit(
        {".gitattributes": merge_driver.add_attributes(""), "config.yaml": "apps: {}\n"}, "chore: begin"
    )
    return repository
