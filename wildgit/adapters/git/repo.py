"""What is read from git: refs, commits, trees and blobs, with libgit2, and packages out of them.

Nothing here changes the repository but adding objects; index, work tree and refs are written by git
itself (`merge_state.py`), so that every repository format and every hook it has is respected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wildgit.adapters.git.process import run_git
from wildgit.core.app.package import (
    MANIFEST,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_PACKAGE_BYTES,
    Package,
    PackageFile,
    check_file_name,
    parse_manifest,
)
from wildgit.errors import GitError, InputError

SHA_256 = "this repository names its objects by SHA-256; git wild reads SHA-1 only, as libgit2 does"
SHA_256_HINT = "git init --object-format=sha1 NEW && git fast-export --all | git -C NEW fast-import"

EXECUTABLE = 0o100755
REGULAR = 0o100644
LINK = 0o120000
FOLDER = 0o040000
SUBMODULE = 0o160000
# Who makes trees by hand can write them in; below the folder that we write to, they would lead out of it.
_NO_NAMES = frozenset({"", ".", "..", ".git"})


@dataclass(frozen=True)
class TreeEntry:
    """One file of a tree: its git mode and object id."""

    mode: int
    blob: str


class Repo:
    """A git repository with a work tree, open for reading."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _git(self) -> Any:
        import pygit2

        try:
            return pygit2.Repository(os.environ.get("GIT_DIR") or str(self.root))
        except pygit2.GitError as error:
            if "object format" in str(error):
                raise GitError(SHA_256, hint=SHA_256_HINT) from error
            raise GitError(f"{self.root} is not a git repository we can read: {error}") from error

    @cached_property
    def git_dir(self) -> Path:
        """The git directory of this work tree (a linked work tree has its own)."""
        return Path(self._git.path)

    @cached_property
    def common_dir(self) -> Path:
        """The git directory that all work trees share."""
        common = self.git_dir / "commondir"
        return (self.git_dir / common.read_text().strip()).resolve() if common.exists() else self.git_dir

    def find_commit(self, revision: str) -> str | None:
        """Return the id of the commit that `revision` names, or None where there is none."""
        import pygit2

        try:
            return str(self._git.revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def find_branch(self, name: str) -> tuple[str, str] | None:
        """Return a branch as git is given it, `name` or else `origin/name`, and its commit; None for none."""
        for ref, place in ((name, "refs/heads"), (f"origin/{name}", "refs/remotes")):
            commit = self.find_commit(f"{place}/{ref}")
            if commit is not None:
                return ref, commit
        return None

    def head(self) -> str | None:
        """Return HEAD's commit id; None on a branch without commits."""
        return None if self._git.head_is_unborn else str(self._git.head.target)

    def branch(self) -> str | None:
        """Return the name of the checked-out branch, also an unborn one; None when HEAD is detached."""
        target = self._git.lookup_reference("HEAD").target
        return target.removeprefix("refs/heads/") if isinstance(target, str) else None

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether `ancestor` is `commit` or lies in its history."""
        return ancestor == commit or bool(self._git.descendant_of(commit, ancestor))

    def remote_branches(self, remote: str) -> dict[str, str]:
        """Return the fetched branches of `remote`: name → commit id."""
        prefix = f"refs/remotes/{remote}/"
        found = {}
        for name in self._git.references:
            if name.startswith(prefix) and name != f"{prefix}HEAD":
                commit = self.find_commit(name)
                if commit:
                    found[name.removeprefix(prefix)] = commit
        return found

    def remote_head(self, remote: str) -> str | None:
        """Return the branch that `remote` calls its HEAD, as last asked; None where that is not known."""
        prefix = f"refs/remotes/{remote}/"
        reference = self._git.references.get(f"{prefix}HEAD")
        target = reference.target if reference is not None else None
        return target.removeprefix(prefix) if isinstance(target, str) else None

    def remote_url(self, remote: str) -> str | None:
        """Return the remote's URL; None where there is no such remote."""
        try:
            url = self._git.remotes[remote].url
        except KeyError:
            return None
        return None if url is None else str(url)

    def tree_at(self, revision: str, path: str) -> str | None:
        """Return the id of the tree at `path` of a commit or tree, "" being its root; None for no tree."""
        import pygit2

        tree = self._git[revision].peel(pygit2.Tree)
        if not path:
            return str(tree.id)
        try:
            entry = tree[path]
        except KeyError:
            return None
        return str(entry.id) if isinstance(entry, pygit2.Tree) else None

    def entries(self, tree: str, place: str | None = None) -> Iterator[tuple[str, TreeEntry]]:
        """Yield the direct entries of a tree: name, mode and id.

        Args:
            tree: its id.
            place: how messages call it.

        Raises:
            InputError: a name is not UTF-8, or one that git would never check out.
        """
        for entry in self._git[tree]:
            try:
                name = entry.raw_name.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"file name {entry.raw_name!r} is not UTF-8", source=place or tree[:7]
                ) from error
            if "/" in name or name.lower() in _NO_NAMES:
                reason = f"{name!r} is no name that a file can have in git"
                raise InputError(reason, source=place or tree[:7])
            yield name, TreeEntry(entry.filemode, str(entry.id))

    def entries_at(self, revision: str, paths: Sequence[str]) -> dict[str, TreeEntry]:
        """Return the entries that `paths` have in a commit, as far as they do; each folder is read once."""
        tree = self.tree_at(revision, "") or ""
        folders: dict[str, dict[str, TreeEntry]] = {}
        found = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            if folder not in folders:
                folder_tree = self.tree_at(tree, folder)
                folders[folder] = dict(self.entries(folder_tree)) if folder_tree else {}
            if name in folders[folder]:
                found[path] = folders[folder][name]
        return found

    def files(
        self, tree: str, prefix: str = "", *, place: str | None = None
    ) -> Iterator[tuple[str, TreeEntry]]:
        """Yield every file below a tree, links and submodules too: path and entry; see `entries`."""
        for name, entry in self.entries(tree, place):
            if entry.mode == FOLDER:
                yield from self.files(entry.blob, f"{prefix}{name}/", place=place)
            else:
                yield prefix + name, entry

    def has_object(self, object_id: str) -> bool:
        """Whether the object is in the repository."""
        try:
            return object_id in self._git
        except ValueError:
            return False

    def has_commit(self, commit_id: str) -> bool:
        """Whether this is the full id of a commit that is here; any other text, whoever wrote it, is not."""
        return self.find_commit(commit_id) == commit_id

    def blob_size_bytes(self, blob: str) -> int:
        """Return the size without reading the content."""
        _, size = self._git.odb.read_header(blob)
        return int(size)

    def blob(self, blob: str) -> bytes:
        """Return the content of a blob."""
        data: bytes = self._git[blob].data
        return data

    def smudged(self, path: str, blob: str) -> bytes:
        """Return the content of a blob at `path` as the user knows it: through the filter driver set for it.

        Line ends and encoding stay as they are in git.
        """
        if not self._has_filters or not isinstance(self._git.get_attr(path, "filter"), str):
            return self.blob(blob)
        return run_git(["cat-file", "--filters", f"--path={path}", blob], cwd=self.root)

    @cached_property
    def _has_filters(self) -> bool:
        """Whether any filter driver is configured, git-lfs for example; mostly there is no file for it."""
        return any(entry.name.startswith("filter.") for entry in self._git.config)

    def normalised(self, path: str, data: bytes) -> bytes:
        """Return the content of a file of the work tree with the line ends that git keeps of it."""
        if b"\r\n" not in data or self._git.get_attr(path, "text") is False:
            return data
        config = self._git.config
        is_text = self._git.get_attr(path, "text") or self._git.get_attr(path, "eol")
        if not is_text and ("core.autocrlf" not in config or config["core.autocrlf"] == "false"):
            return data
        return data.replace(b"\r\n", b"\n")

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return the content of a file of a commit, as `smudged`; None where it has none of that name."""
        import pygit2

        try:
            entry = self._git[revision].peel(pygit2.Tree)[path]
        except KeyError:
            return None
        if entry.filemode == LINK:
            raise InputError("is a symbolic link; commit the file itself", source=path)
        return self.smudged(path, str(entry.id)) if isinstance(entry, pygit2.Blob) else None

    def history_of(self, commit: str, path: str) -> list[str]:
        """Return the commits that changed `path`, from `commit` backwards, the newest first."""
        arguments = ["rev-list", "--full-history", commit, "--", path]
        return run_git(["--literal-pathspecs", *arguments], cwd=self.root).decode().split()

    def store_tree(self, files: Mapping[str, PackageFile]) -> str:
        """Write the tree of these files into the object database and return its id."""
        builder = self._git.TreeBuilder()
        folders: dict[str, dict[str, PackageFile]] = {}
        for path, file in files.items():
            folder, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(folder, {})[rest] = file
            else:
                mode = EXECUTABLE if file.executable else REGULAR
                builder.insert(path, self.store_blob(file.data), mode)
        for folder, inner in folders.items():
            builder.insert(folder, self.store_tree(inner), FOLDER)
        return str(builder.write())

    def store_blob(self, data: bytes) -> str:
        """Write a blob into the object database and return its id."""
        return str(self._git.create_blob(data))

    def packages(self, commit: str, folder: str) -> dict[str, str]:
        """Return the packages of an upstream commit: name → tree id. A package has a manifest.yaml.

        Args:
            commit: the upstream commit.
            folder: the folder that holds the packages, "" for the root.
        """
        return dict(self._packages(commit, folder))

    def packages_folder(self, commit: str) -> str:
        """Return where upstream keeps its packages: `apps` if there are any, else the root."""
        return "apps" if any(True for _ in self._packages(commit, "apps")) else ""

    def _packages(self, commit: str, folder: str) -> Iterator[tuple[str, str]]:
        tree = self.tree_at(commit, folder)
        for name, entry in self.entries(tree) if tree else ():
            if entry.mode == FOLDER and not name.startswith(".") and self.has_manifest(entry.blob):
                yield name, entry.blob

    def has_manifest(self, tree: str) -> bool:
        """Whether the folder is a package."""
        return MANIFEST in self._git[tree]

    def read_package(self, commit: str, path: str, tree: str, *, source: str | None = None) -> Package:
        """Return the package that lies at `path` of an upstream commit.

        Args:
            commit: recorded in the package; `tree` is what is read.
            path: the folder there, for messages and the lock.
            tree: id of that folder's tree.
            source: how messages call the folder; `commit:path` when None.

        Raises:
            InputError: a link, a submodule, a file name that leaves the folder, too many or too large files,
                no manifest or a broken one.
        """
        place = source or f"{commit[:7]}:{path}"
        files: dict[str, PackageFile] = {}
        total_bytes = 0
        for name, entry in self.files(tree, place=place):
            _check_entry(name, entry, place)
            size = self.blob_size_bytes(entry.blob)
            total_bytes += size
            _check_sizes(name, size, total_bytes, len(files), place)
            files[name] = PackageFile(self.blob(entry.blob), entry.blob, entry.mode == EXECUTABLE)
        if MANIFEST not in files:
            raise InputError(f"has no {MANIFEST}, so it is no package", source=place)
        manifest = parse_manifest(files[MANIFEST].data, f"{place}/{MANIFEST}")
        return Package(path, commit, tree, files, manifest)


def _check_entry(name: str, entry: TreeEntry, place: str) -> None:
    check_file_name(name, place)
    if entry.mode == LINK:
        raise InputError(f"{name!r} is a symbolic link; packages may not bring links", source=place)
    if entry.mode == SUBMODULE:
        raise InputError(f"{name!r} is a submodule; packages may not bring submodules", source=place)


def _check_sizes(name: str, size: int, total: int, count: int, place: str) -> None:
    if size > MAX_FILE_BYTES:
        raise InputError(f"{name!r} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read", source=place)
    if total > MAX_PACKAGE_BYTES:
        raise InputError(f"is larger than {MAX_PACKAGE_BYTES:,} bytes", source=place)
    if count >= MAX_FILES:
        raise InputError(f"has more than {MAX_FILES:,} files", source=place)
