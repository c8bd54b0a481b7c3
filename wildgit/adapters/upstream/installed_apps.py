"""Installed apps, read from disk or from a commit, as the update engine wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from wildgit.adapters.git.repo import EXECUTABLE, Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import REMOTE
from wildgit.core.app.package import MANIFEST, Manifest, Package, PackageFile, parse_manifest
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.app.package_lock import PackageLock, parse_lock
from wildgit.core.app.requirements import map_requirements
from wildgit.core.app.update import InstalledApp
from wildgit.errors import InputError


class InstalledApps:
    """The apps of an instance; `revision` None reads the work tree, else that commit."""

    def __init__(self, instance: Instance, repo: Repo, revision: str | None = None) -> None:
        self.instance = instance
        self.repo = repo
        self.revision = revision

    @cached_property
    def names(self) -> list[str]:
        """The installed apps, sorted."""
        if self.revision is None:
            return self.instance.app_names()
        return sorted(self.repo.packages(self.revision, APPS))

    @cached_property
    def types(self) -> dict[str, str]:
        """App → the type it provides."""
        return {name: self.manifest(name).provides for name in self.names}

    def package_tree(self, name: str) -> str | None:
        """Return the tree id of the app's committed `.package/`; None for an app that has none."""
        revision = self.revision or self.repo.head()
        return None if revision is None else self.repo.tree_at(revision, f"{APPS}/{name}/{PACKAGE_FOLDER}")

    def manifest(self, name: str) -> Manifest:
        """Return the app's manifest, with its `installedAs`."""
        if self.revision is None:
            return self.instance.manifest(name)
        path = f"{APPS}/{name}/{MANIFEST}"
        return parse_manifest(self.repo.file_at(self.revision, path) or b"", path)

    def has_lock(self, name: str) -> bool:
        """Whether the app has a package lock; one that `wild` installed has none."""
        return (self.instance.app_folder(name) / LOCK_FILE).is_file()

    def lock(self, name: str) -> PackageLock:
        """Return the app's package lock."""
        path = f"{APPS}/{name}/{LOCK_FILE}"
        if self.revision is None:
            return self.instance.lock(name)
        data = self.repo.file_at(self.revision, path)
        if data is None:
            return self.instance.lock(name)
        return parse_lock(data, path)

    def files(self, name: str) -> dict[str, PackageFile]:
        """Return the app's own files: path inside its folder → content."""
        if self.revision is None:
            return {
                path: replace(file, data=self.repo.normalised(f"{APPS}/{name}/{path}", file.data))
                for path, file in self.instance.files(name).items()
            }
        tree = self.repo.tree_at(self.revision, f"{APPS}/{name}") or ""
        found = {}
        for entry_name, entry in self.repo.entries(tree):
            if entry_name in (PACKAGE_FOLDER, LOCK_FILE):
                continue
            inner = (
                self.repo.files(entry.blob, f"{entry_name}/")
                if entry.mode == 0o040000
                else [(entry_name, entry)]
            )
            for path, leaf in inner:
                if leaf.mode in (EXECUTABLE, 0o100644):
                    data = self.repo.smudged(f"{APPS}/{name}/{path}", leaf.blob)
                    found[path] = PackageFile(data, leaf.blob, leaf.mode == EXECUTABLE)
        return found

    def base_package(self, name: str, lock: PackageLock) -> Package:
        """Return the package that the app was last compiled from.

        Raises:
            InputError: `.package/` is not what its lock says, and upstream's own copy is not here either.
        """
        source = f"{APPS}/{name}/{PACKAGE_FOLDER}"
        if not self.repo.has_object(lock.tree):
            raise InputError(
                "is not the package that its lock names",
                source=source,
                hint=f"git wild fetch, or git checkout HEAD -- {APPS}/{name}",
            )
        return self.repo.read_package(lock.commit, lock.path, lock.tree, source=source)

    def read(self, name: str, requiring: Manifest | None = None) -> InstalledApp:
        """Return the app with everything a merge needs.

        Args:
            name: the installed app.
            requiring: the manifest whose requirements are mapped; that of `.package/` when None.
        """
        lock = self.lock(name)
        package = self.base_package(name, lock)
        wanted = self.mapping(name, requiring or package.manifest)
        return InstalledApp(name, package, lock, self.files(name), wanted, self._known(name))

    def mapping(
        self, name: str, requiring: Manifest, chosen: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return ref → installed app for the requirements of `requiring`, keeping what was mapped before."""
        if not requiring.requires:
            return {}
        known = self._known(name) if name in self.names else {}
        return map_requirements(requiring, self.types, chosen=chosen, known=known)

    def _known(self, name: str) -> dict[str, str]:
        requires = self.manifest(name).requires
        return {each.ref: each.installed_as for each in requires if each.installed_as}


def lock_of(package: Package, branch: str, values: Mapping[str, object]) -> PackageLock:
    """Return the lock of an app that was compiled from `package` with `values`."""
    return PackageLock(REMOTE, branch, package.commit, package.path, package.tree, values)
