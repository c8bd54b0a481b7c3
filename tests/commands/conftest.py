"""Real instances: `git wild` as a process, on the sample upstream or one the test writes itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pytest_git import GitRepo

from wildgit.adapters.upstream.sample import publish_sample


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
    work.wild("init", "--upstream", str(upstream), "--no-hooks")
    for path, value in (("cloud.domain", "example.org"), ("operator.email", "ada@example.org")):
        work.wild("config", "set", path, value)
    work.commit("config(all): begin")
    return work


def copy_of(work: Work, folder: Path, upstream: Path | None = None) -> Work:
    """A test's own copy of an instance and its upstream: copying is far cheaper than making them again."""
    upstream = upstream or folder / work.upstream.name
    shutil.copytree(work.upstream, upstream, symlinks=True, dirs_exist_ok=True)
    shutil.copytree(work.root, folder / work.root.name, symlinks=True)
    copy = Work(folder / work.root.name, upstream)
    copy.git("remote", "set-url", "wild-directory", str(upstream))
    return copy


_made: dict[str, Work] = {}


def made_once(name: str, folders: pytest.TempPathFactory, make: Callable[[Path], Work]) -> Work:
    """Return what `make` made the first time it was asked for `name` in this process."""
    if name not in _made:
        _made[name] = make(folders.mktemp(name))
    return _made[name]


@pytest.fixture
def sample(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """An instance of the sample Wild Directory's first release, no app added."""

    def make(folder: Path) -> Work:
        publish_sample(folder / "wild-directory.git", releases=1)
        return begin(folder / "my-cloud", folder / "wild-directory.git")

    return copy_of(made_once("sample", tmp_path_factory, make), tmp_path)


Publish = Callable[[Mapping[str, str | bytes]], str]


def publish_in(repository: Path, files: Mapping[str, str | bytes]) -> str:
    """Commit files to an upstream of the test's own; returns the commit id. None of the old ones go."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=repository, check=True, capture_output=True, text=True
        ).stdout.strip()

    for path, content in files.items():
        target = repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    git("add", "-A", "--force")
    git("commit", "-q", "--allow-empty", "-m", "upstream")
    return git("rev-parse", "HEAD")


@pytest.fixture
def publish(git_repo: GitRepo) -> Publish:
    """Commit files to the upstream of `tiny`."""
    return partial(publish_in, Path(git_repo.workspace))


def make_tiny(folder: Path) -> Work:
    """Make an upstream with one older package, `web`, and an instance of it."""
    upstream = folder / "upstream"
    upstream.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=upstream, check=True)
    publish_in(upstream, WEB)
    return begin(folder / "my-cloud", upstream)


def make_customised(folder: Path) -> Work:
    """`make_tiny`, with `web` added, customised and committed."""
    work = make_tiny(folder)
    work.wild("add", "web")
    work.commit()
    work.edit("apps/web/deployment.yaml", "            - name: HOST\n", OURS + "            - name: HOST\n")
    work.commit("config(web): set the mode")
    return work


def make_diverged(folder: Path) -> Work:
    """`make_tiny`, with `web` added, and one line of it changed by us and by upstream."""
    work = make_tiny(folder)
    deployment = WEB["web/deployment.yaml"] + "          workingDir: /srv\n"
    publish_in(work.upstream, {"web/deployment.yaml": deployment})
    work.wild("fetch")
    work.wild("add", "web")
    work.commit()
    work.edit("apps/web/deployment.yaml", "workingDir: /srv", "workingDir: /ours")
    work.commit("config(web): our folder")
    theirs = deployment.replace("/srv", "/theirs")
    publish_in(work.upstream, {"web/deployment.yaml": theirs, "web/new.txt": "new\n"})
    return work


@pytest.fixture
def tiny(tmp_path: Path, git_repo: GitRepo, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """An instance whose upstream is a repository of the test's own, with one older package, `web`."""
    return copy_of(made_once("tiny", tmp_path_factory, make_tiny), tmp_path, Path(git_repo.workspace))


@pytest.fixture
def customised(tmp_path: Path, git_repo: GitRepo, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """`tiny` with the app `web`, added, customised and committed."""
    made = made_once("customised", tmp_path_factory, make_customised)
    return copy_of(made, tmp_path, Path(git_repo.workspace))


@pytest.fixture
def diverged(tmp_path: Path, git_repo: GitRepo, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """`tiny` with the app `web`, one line of which we and upstream have changed; not merged yet."""
    made = made_once("diverged", tmp_path_factory, make_diverged)
    return copy_of(made, tmp_path, Path(git_repo.workspace))


OURS = "            # ours\n            - name: MODE\n              value: fast\n"
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
