"""Which of two branches carries the newer package of an app, asked of upstream's history in this repository.

git calls a merge driver for one file, and tells it neither the commits nor the other files. The lock
says its upstream commit itself. For a file of `.package/` the blob says it: upstream's history has
each version of the file once, in order.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.merge.package_lock import read_upstream

if TYPE_CHECKING:
    from wildgit.core.merge.package_lock import Side

LOCK = ".package.lock.yaml"
PACKAGE = ".package"


class PackagePath(NamedTuple):
    """A path inside apps/<app>: the lock itself (`file` is empty) or a file of `.package/`."""

    app: str
    file: str

    @property
    def lock(self) -> str:
        """The path of the app's lock in the repository."""
        return f"apps/{self.app}/{LOCK}"


def parse_package_path(path: str) -> PackagePath | None:
    """Return what a repository path names of an app's package; None where it is no part of one."""
    match path.split("/"):
        case ["apps", app, name] if name == LOCK:
            return PackagePath(app, "")
        case ["apps", app, name, *rest] if name == PACKAGE and rest:
            return PackagePath(app, "/".join(rest))
    return None


def newer_lock(ours: bytes, theirs: bytes, *, cwd: Path) -> Side | None:
    """Return the side whose upstream commit descends from the other's; ours where it is the same commit.

    None where neither does, or where a commit is not in this repository.
    """
    commits = [read_upstream(lock).get("commit", "") for lock in (ours, theirs)]
    return "ours" if commits[0] == commits[1] else _newer_commit(commits[0], commits[1], cwd)


def newer_file(path: PackagePath, ours: bytes, theirs: bytes, *, cwd: Path) -> Side | None:
    """Return the side that has the later of upstream's versions of a file in `.package/`.

    None where that is not certain: a version upstream never had or had more than once, or two
    versions of which neither came after the other.
    """
    upstream = read_upstream(try_git(["show", f"HEAD:{path.lock}"], cwd=cwd).stdout)
    if not {"remote", "branch", "path", "commit"} <= upstream.keys():
        return None
    history = _versions(upstream, path.file, cwd)
    made_by = [history.get(_blob_id(content, cwd), []) for content in (ours, theirs)]
    if any(len(commits) != 1 for commits in made_by):
        return None
    return _newer_commit(made_by[0][0], made_by[1][0], cwd)


def packages_unlike_locks(root: Path) -> list[PackagePath]:
    """Return the apps of HEAD whose `.package/` is not the tree that their lock names.

    git merges a file that only one side changed without asking any driver. Two branches that took
    different packages can so end up with a mixture, which is neither.
    """
    listing = try_git(["ls-tree", "-z", "-t", "-r", "HEAD", "apps/"], cwd=root).stdout
    trees: dict[str, str] = {}
    locks: dict[str, str] = {}
    for record in listing.decode("utf-8", "surrogateescape").split("\0"):
        facts, _, path = record.partition("\t")
        parts = path.split("/")
        if len(parts) == 3 and parts[2] in (PACKAGE, LOCK):
            (trees if parts[2] == PACKAGE else locks)[parts[1]] = facts.split()[2]
    return [
        PackagePath(app, "")
        for app, blob in locks.items()
        if read_upstream(run_git(["cat-file", "blob", blob], cwd=root)).get("tree") != trees.get(app)
    ]


def _versions(upstream: dict[str, str], file: str, cwd: Path) -> dict[str, list[str]]:
    """Return blob id → the upstream commits that introduced it at this path."""
    branch = f"refs/remotes/{upstream['remote']}/{upstream['branch']}"
    is_fetched = try_git(["rev-parse", "--verify", "--quiet", branch], cwd=cwd).returncode == 0
    tips = [branch] if is_fetched else [upstream["commit"]]
    place = "/".join(part for part in (upstream["path"], file) if part not in ("", "."))
    arguments = ["log", "--full-history", "--no-renames", "--raw", "--no-abbrev", "--format=commit %H", *tips]
    done = try_git([*arguments, "--", f":(top,literal){place}"], cwd=cwd)
    versions: dict[str, list[str]] = {}
    commit = ""
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith(":"):
            versions.setdefault(line.split()[3], []).append(commit)
    return versions


def _blob_id(content: bytes, cwd: Path) -> str:
    return run_git(["hash-object", "--stdin"], cwd=cwd, stdin=content).decode().strip()


def _newer_commit(ours: str, theirs: str, cwd: Path) -> Side | None:
    if _is_ancestor(ours, theirs, cwd):
        return "theirs"
    return "ours" if _is_ancestor(theirs, ours, cwd) else None


def _is_ancestor(older: str, newer: str, cwd: Path) -> bool:
    if not (older and newer):
        return False
    return try_git(["merge-base", "--is-ancestor", f"{older}^{{commit}}", newer], cwd=cwd).returncode == 0
