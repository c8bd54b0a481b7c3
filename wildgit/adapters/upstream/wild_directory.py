"""The Wild Directory as git sees it: a remote, a branch, a commit, and the folder with its packages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wildgit.adapters.git.process import pass_through, run_git, try_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.settings import REMOTE, Settings
from wildgit.core.app.package import Manifest, Package
from wildgit.errors import GitError, InputError

_NO_REMOTE_HINT = "git wild remote URL"


@dataclass(frozen=True, eq=False)
class Upstream:
    """One upstream commit and its packages. Nothing is checked out; everything is read from objects.

    Attributes:
        branch: the branch it was found on; for another revision, that revision's name.
        folder: what holds the packages, "" for the root.
    """

    repo: Repo
    branch: str
    commit: str
    folder: str
    _manifests: dict[str, Manifest] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def packages(self) -> dict[str, str]:
        """Every package: name → tree id. One that is known by name is found faster by `tree_of`."""
        return self.repo.packages(self.commit, self.folder)

    @cached_property
    def _folder_tree(self) -> str | None:
        return self.repo.tree_at(self.commit, self.folder)

    def tree_of(self, name: str) -> str | None:
        """Return the tree id of a package; None where upstream has none of that name."""
        if self._folder_tree is None:
            return None
        tree = self.repo.tree_at(self._folder_tree, name)
        return tree if tree and self.repo.has_manifest(tree) else None

    def path_of(self, name: str) -> str:
        """Return where the package lies in upstream."""
        return f"{self.folder}/{name}" if self.folder else name

    def package(self, name: str) -> Package:
        """Return a package, read and checked.

        Raises:
            InputError: there is none of that name, its manifest names another, or it is broken or hostile.
        """
        tree = self.tree_of(name)
        if tree is None:
            raise InputError(
                f"{REMOTE} has no package {name!r} at {self.commit[:7]}",
                hint="git wild apps lists what there is",
            )
        package = self.repo.read_package(self.commit, self.path_of(name), tree)
        if package.manifest.name != name:
            raise InputError(
                f"the manifest's name {package.manifest.name!r} differs from its folder {name!r}",
                source=f"{self.commit[:7]}:{self.path_of(name)}/manifest.yaml",
            )
        return package

    def manifest_of_type(self, kind: str) -> Manifest | None:
        """Return the manifest of the package that provides a type; None where upstream has none."""
        if not self._manifests:
            for name in self.packages:
                manifest = self.manifest(name)
                if manifest is not None:
                    self._manifests.setdefault(manifest.provides, manifest)
        return self._manifests.get(kind)

    def manifest(self, name: str) -> Manifest | None:
        """Return one package's manifest; None where it can't be read, so that a list survives a bad one."""
        from wildgit.core.app.package import MANIFEST, MAX_FILE_BYTES, parse_manifest

        source = f"{self.commit[:7]}:{self.path_of(name)}/{MANIFEST}"
        tree = self.tree_of(name)
        try:
            for entry_name, entry in self.repo.entries(tree) if tree else ():
                if entry_name == MANIFEST and self.repo.blob_size_bytes(entry.blob) <= MAX_FILE_BYTES:
                    return parse_manifest(self.repo.blob(entry.blob), source)
        except InputError:
            return None
        return None


def find_upstream(repo: Repo, settings: Settings, revision: str | None = None) -> Upstream:
    """Return the upstream commit to work with.

    Args:
        repo: the instance's repository.
        settings: `wild.branch` and `wild.packagesPath` override what is found.
        revision: a commit, tag or branch of upstream; its branch's tip when None.

    Raises:
        GitError: no remote, nothing fetched, or no such revision; with what to type.
    """
    branch = _branch(repo, settings)
    name = revision or f"refs/remotes/{REMOTE}/{branch}"
    commit = repo.find_commit(f"refs/remotes/{REMOTE}/{revision}") if revision else None
    commit = commit or repo.find_commit(name)
    if commit is None:
        raise GitError(f"{REMOTE} has no commit {revision or branch!r}", hint="git wild fetch")
    folder = settings.get("wild.packagesPath")
    folder = repo.packages_folder(commit) if folder is None else folder.strip("/")
    return Upstream(repo, branch, commit, folder)


def add_remote(root: Path, url: str) -> None:
    """Set the upstream's URL, and that its branches are fetched without its tags.

    Raises:
        InputError: the URL would be read as an option or run a command.
    """
    check_url(url)
    if try_git(["config", f"remote.{REMOTE}.url"], cwd=root).returncode == 0:
        run_git(["remote", "set-url", "--", REMOTE, url], cwd=root)
    else:
        run_git(["remote", "add", "--no-tags", "--", REMOTE, url], cwd=root)


def shown_url(url: str) -> str:
    """Return a URL as it may be printed: what stands before the host may be a password, or a token."""
    hidden = re.sub(r"^(https?://)[^/@]*@", r"\1***@", url)
    return re.sub(r"^([a-z+]+://[^/:@]*):[^/@]*@", r"\1:***@", hidden)


def check_url(url: str) -> None:
    """Raise InputError for a URL that git would take as an option or hand to a helper program."""
    if not url or url.startswith("-") or any(ord(character) < 32 for character in url):
        raise InputError(f"{url!r} is no URL")
    if "::" in url.partition("/")[0]:
        raise InputError(f"{url!r} names a helper program; use https, ssh, file or a path")


def fetch(root: Path, *, quiet: bool = False) -> None:
    """Fetch upstream with git, its progress shown, and note which branch upstream calls its HEAD.

    Raises:
        GitError: no such remote, or git could not fetch.
    """
    if try_git(["config", f"remote.{REMOTE}.url"], cwd=root).returncode != 0:
        raise GitError(f"there is no remote {REMOTE}", hint=_NO_REMOTE_HINT)
    arguments = ["fetch", "--no-tags", "--prune", *(["--quiet"] if quiet else []), REMOTE]
    if pass_through(arguments, cwd=root) != 0:
        raise GitError(f"could not fetch {REMOTE}", hint="if the URL is wrong: git wild remote URL")
    if try_git(["symbolic-ref", "-q", f"refs/remotes/{REMOTE}/HEAD"], cwd=root).returncode != 0:
        try_git(["remote", "set-head", REMOTE, "--auto"], cwd=root)  # fails where upstream has no HEAD


def _branch(repo: Repo, settings: Settings) -> str:
    branches = repo.remote_branches(REMOTE)
    wanted = settings.get("wild.branch")
    if wanted:
        if wanted not in branches:
            raise GitError(
                f"{REMOTE} has no branch {wanted!r}", hint="git wild fetch, or git wild remote --branch NAME"
            )
        return wanted
    if not branches:
        if repo.remote_url(REMOTE) is None:
            raise GitError(f"there is no remote {REMOTE}", hint=_NO_REMOTE_HINT)
        raise GitError(f"{REMOTE} was never fetched", hint="git wild fetch")
    head = repo.remote_head(REMOTE)
    for name in (head, "main", "master"):
        if name in branches:
            return name
    if len(branches) == 1:
        return next(iter(branches))
    raise GitError(f"{REMOTE} has {len(branches)} branches and no HEAD", hint="git wild remote --branch NAME")
