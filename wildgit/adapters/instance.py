"""The files of an instance: where they lie, how they are read, and how they are written.

An instance is the root of a git repository that has a `config.yaml`. `wild`, the service behind
Wild Cloud's web interface, works in the same directory, so config.yaml and secrets.yaml change only
under their locks, and keys that are not ours are left alone.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters.files import locked, read_bytes, write_atomically
from wildgit.core.app.package import (
    MANIFEST,
    Manifest,
    PackageFile,
    check_app_name,
    is_app_name,
    parse_manifest,
)
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.app.package_lock import PackageLock, parse_lock
from wildgit.core.yaml_values import load_mapping
from wildgit.errors import InputError

CONFIG = "config.yaml"
SECRETS = "secrets.yaml"
KUBECONFIG = "kubeconfig"
APPS = "apps"
SECRET_MODE = 0o600


@dataclass(frozen=True)
class Instance:
    """One instance on disk. `root` is the top of its work tree."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Instance:
        """Return the instance that `start` (the current folder) lies in.

        Raises:
            InputError: no folder above is a git repository with a config.yaml.
        """
        try:
            place = (start or Path.cwd()).resolve()
        except FileNotFoundError as error:
            raise InputError("the current folder does not exist any more", hint="cd elsewhere") from error
        for folder in (place, *place.parents):
            if (folder / ".git").exists():
                if (folder / CONFIG).is_file():
                    return cls(folder)
                raise InputError(f"{folder} has no {CONFIG}, so it is no instance", hint="git wild init")
            refuse_bare(folder)
        raise InputError(f"{place} is not in a git repository", hint="git wild init DIR")

    @property
    def config_path(self) -> Path:
        """config.yaml."""
        return self.root / CONFIG

    @property
    def secrets_path(self) -> Path:
        """secrets.yaml, which is never tracked and may be missing."""
        return self.root / SECRETS

    @property
    def git_dir(self) -> Path:
        """The git directory of this work tree (a linked work tree has its own), found without asking git."""
        link = self.root / ".git"
        if link.is_dir():
            return link
        return self.root / link.read_text().removeprefix("gitdir:").strip()

    def app_folder(self, name: str) -> Path:
        """Return the folder of an app, installed or not.

        Raises:
            InputError: the name could lead elsewhere.
        """
        return self.root / APPS / check_app_name(name)

    def app_names(self) -> list[str]:
        """Return the installed apps, sorted: the folders of apps/ that hold a manifest.yaml."""
        apps = self.root / APPS
        if not apps.is_dir():
            return []
        names = (entry.name for entry in os.scandir(apps) if entry.is_dir(follow_symlinks=False))
        return sorted(name for name in names if is_app_name(name) and (apps / name / MANIFEST).is_file())

    def require_apps(self, names: tuple[str, ...]) -> list[str]:
        """Return `names`, or every installed app where there are none.

        Raises:
            InputError: a name is not installed; the hint lists what is.
        """
        installed = self.app_names()
        for name in names:
            if name not in installed:
                listed = ", ".join(installed) or "none"
                raise InputError(f"app {name!r} is not installed", hint=f"installed apps: {listed}")
        return list(dict.fromkeys(names)) or installed

    def config_text(self) -> bytes:
        """Return the bytes of config.yaml."""
        return read_bytes(self.config_path, shown_as=CONFIG)

    def config(self) -> dict[str, object]:
        """Return the values of config.yaml."""
        return load_mapping(self.config_text(), CONFIG)

    def secrets_text(self) -> bytes:
        """Return the bytes of secrets.yaml; nothing where the file is missing."""
        return read_bytes(self.secrets_path, shown_as=SECRETS) if self.secrets_path.exists() else b""

    def secrets(self) -> dict[str, object]:
        """Return the values of secrets.yaml; empty where the file is missing."""
        return load_mapping(self.secrets_text(), SECRETS)

    def mask(self) -> Callable[[str], str]:
        """Return what hides the values that secrets.yaml has now in a text."""
        from wildgit.core.cluster.masking import masker, secret_values

        return masker(secret_values(self.secrets()))

    @contextmanager
    def config_locked(self) -> Iterator[None]:
        """Hold config.yaml.lock."""
        with locked(self.root / f"{CONFIG}.lock"):
            yield

    @contextmanager
    def secrets_locked(self) -> Iterator[None]:
        """Hold secrets.yaml.lock."""
        with locked(self.root / f"{SECRETS}.lock"):
            yield

    def write_config(self, text: bytes) -> None:
        """Replace config.yaml; the caller holds its lock."""
        write_atomically(self.config_path, text)

    def write_secrets(self, text: bytes) -> None:
        """Replace secrets.yaml with mode 0600, whatever it had; the caller holds its lock.

        The values that were there stay known, as keyed hashes: they must not be committed later either.
        """
        from wildgit.adapters.secret_guard import remember_secrets

        if self.secrets_path.exists():
            remember_secrets(self.root)
        write_atomically(self.secrets_path, text, mode=SECRET_MODE)

    def manifest(self, app: str) -> Manifest:
        """Return the manifest of an installed app, with its `installedAs`."""
        shown = f"{APPS}/{app}/{MANIFEST}"
        return parse_manifest(read_bytes(self.app_folder(app) / MANIFEST, shown_as=shown), shown)

    def lock(self, app: str) -> PackageLock:
        """Return the package lock of an installed app.

        Raises:
            InputError: it is missing (an app that `wild` installed, or a damaged one) or broken.
        """
        shown = f"{APPS}/{app}/{LOCK_FILE}"
        path = self.app_folder(app) / LOCK_FILE
        if not path.exists():
            raise InputError(
                f"{app} has no {LOCK_FILE}, so its base is not known",
                source=shown,
                hint=f"git wild add {app} finds it in upstream's history and writes the lock",
            )
        return parse_lock(read_bytes(path, shown_as=shown), shown)

    def package_files(self, app: str) -> dict[str, PackageFile]:
        """Return what lies in the app's `.package/`; nothing where it has none."""
        folder = self.app_folder(app) / PACKAGE_FOLDER
        return _read_files(folder, f"{APPS}/{app}/{PACKAGE_FOLDER}") if folder.is_dir() else {}

    def files(self, app: str) -> dict[str, PackageFile]:
        """Return the app's own files in the work tree (not `.package/` and its lock); `blob` is empty.

        Raises:
            InputError: one of them is a symbolic link or too large.
        """
        return _read_files(self.app_folder(app), f"{APPS}/{app}")


def refuse_bare(folder: Path) -> None:
    """Refuse a bare repository.

    Raises:
        InputError: the folder is one.
    """
    if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
        raise InputError(
            f"{folder} is a bare repository; an instance has its files beside it",
            hint=f"git clone {shlex.quote(str(folder))} DIR",
        )


def section(values: Mapping[str, object], *path: str) -> dict[str, object]:
    """Return the mapping at `path`; empty where it is absent or no mapping."""
    value: object = values
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def _read_files(folder: Path, shown_as: str) -> dict[str, PackageFile]:
    found = {}
    for path in _walk(folder, ""):
        data = read_bytes(folder / path, shown_as=f"{shown_as}/{path}")
        found[path] = PackageFile(data, "", os.access(folder / path, os.X_OK))
    return found


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    for entry in sorted(os.scandir(folder / prefix), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if path in (PACKAGE_FOLDER, LOCK_FILE) or entry.name.endswith(".tmp"):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, f"{path}/")
        else:
            yield path
