"""Real instances: `git wild` as a process, on the sample upstream or one the test writes itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_git import GitRepo

from wildgit.adapters.sample import publish_sample


@dataclass(frozen=True)
class Work:
    """An instance on disk and how to work in it."""

    root: Path
    upstream: Path

    def wild(self, *arguments: str, code: int = 0, stdin: str = "") -> str:
        """Run `git wild`, insist on its exit code, return what it printed on both streams."""
        done = subprocess.run(
            ["git", "wild", *arguments],
            cwd=self.root,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"git wild {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def git(self, *arguments: str, code: int = 0) -> str:
        """Run git, insist on its exit code, return stdout."""
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"git {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def commit(self, message: str = "config(all): work") -> str:
        """Commit everything and return the commit id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def read(self, path: str) -> str:
        """Return a file's text."""
        return (self.root / path).read_text()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one place where `old` stands."""
        text = self.read(path)
        assert text.count(old) == 1, f"{path}: {text.count(old)} × {old!r}"
        (self.root / path).write_text(text.replace(old, new))

    def snapshot(self) -> dict[str, object]:
        """Return everything an abort must restore: HEAD, status, index entries, files."""
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts and path.suffix != ".lock"
        }
        status, index = self.git("status", "--porcelain"), self.git("ls-files", "--stage")
        return {"head": self.git("rev-parse", "HEAD"), "status": status, "index": index, "files": files}


def begin(root: Path, upstream: Path) -> Work:
    """Make an instance of `upstream` with the values that most packages need."""
    root.mkdir()
    work = Work(root, upstream)
    work.wild("init", "--upstream", str(upstream))
    for path, value in (("cloud.domain", "example.org"), ("operator.email", "ada@example.org")):
        work.wild("config", "set", path, value)
    work.commit("config(all): begin")
    return work


@pytest.fixture
def sample(tmp_path: Path) -> Work:
    """An instance of the sample Wild Directory's first release, no app added."""
    upstream = tmp_path / "wild-directory.git"
    publish_sample(upstream, releases=1)
    return begin(tmp_path / "my-cloud", upstream)


Publish = Callable[[Mapping[str, str | bytes]], str]


@pytest.fixture
def publish(git_repo: GitRepo) -> Publish:
    """Commit files to an upstream of the test's own; returns the commit id. None of the old ones go."""

    def commit(files: Mapping[str, str | bytes]) -> str:
        for path, content in files.items():
            target = Path(git_repo.workspace) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        git_repo.run("git add -A --force")
        git_repo.run("git commit -q --allow-empty -m upstream")
        return str(git_repo.run("git rev-parse HEAD", capture=True)).strip()

    return commit


@pytest.fixture
def tiny(tmp_path: Path, git_repo: GitRepo, publish: Publish) -> Work:
    """An instance whose upstream is a repository of the test's own, with one older package, `web`."""
    publish(WEB)
    return begin(tmp_path / "my-cloud", Path(git_repo.workspace))


WEB = {
    "web/manifest.yaml": (
        "name: web\ndescription: A web server.\nversion: 1.0.0\n"
        "defaultConfig:\n  image: nginx:1.25 # pinned\n  replicas: 2\n  host: web.{{ .cloud.domain }}\n"
        "requiredSecrets:\n  - apps.web.password\n"
    ),
    "web/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: web\n"
        "resources:\n  - deployment.yaml\n"
    ),
    "web/deployment.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
        "  replicas: {{ .apps.web.replicas }}\n  selector:\n    matchLabels:\n      app: web\n"
        "  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n"
        "        - name: web\n          image: {{ .apps.web.image }}\n          env:\n"
        "            - name: HOST\n              value: {{ .apps.web.host }}\n"
    ),
}
