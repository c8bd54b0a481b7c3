"""The apps of a repository as files: an instance's apps, or the packages of a Wild Directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from wildgit.adapters.files import read_bytes, write_atomically
from wildgit.adapters.git.process import run_git
from wildgit.core.guard.findings import Insertion
from wildgit.core.guard.lint import KUSTOMIZATIONS, apply_insertion

_PACKAGE = ".package"


def find_top(cwd: Path) -> Path:
    """Return the top of the work tree that `cwd` lies in."""
    return Path(os.fsdecode(run_git(["rev-parse", "--show-toplevel"], cwd=cwd)).rstrip("\n"))


def read_apps(top: Path, chosen: Iterable[Path] = ()) -> dict[str, dict[str, bytes]]:
    """Return the apps' folders, from `top`, with their files; `.package/` and ignored files are left out.

    An app is a folder with a kustomization and either a manifest.yaml or a parent called `apps`.

    Args:
        top: the top of the work tree.
        chosen: absolute paths; only the apps that lie in one, or that one lies in, are returned. All if none.
    """
    listing = run_git(["ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=top)
    paths = sorted(set(os.fsdecode(listing).split("\0")[:-1]))
    folders = [folder for folder in _app_folders(set(paths)) if _is_chosen(top / folder, list(chosen))]
    return {folder: _read_files(top, folder, paths) for folder in folders}


def _app_folders(paths: set[str]) -> list[str]:
    folders: list[str] = []
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        parts = folder.split("/")
        is_app = f"{folder}/manifest.yaml" in paths or parts[-2:-1] == ["apps"]
        inside = any(folder.startswith(f"{outer}/") for outer in folders)
        if folder and name in KUSTOMIZATIONS and is_app and not inside and _PACKAGE not in parts:
            folders.append(folder)
    return folders


def _is_chosen(folder: Path, chosen: list[Path]) -> bool:
    return not chosen or any(path.is_relative_to(folder) or folder.is_relative_to(path) for path in chosen)


def _read_files(top: Path, folder: str, paths: list[str]) -> dict[str, bytes]:
    files = {}
    for path in paths:
        below = path.removeprefix(f"{folder}/")
        file = top / path
        if (
            below != path
            and not below.startswith(f"{_PACKAGE}/")
            and file.is_file()
            and not file.is_symlink()
        ):
            files[below] = read_bytes(file, shown_as=path)
    return files


def apply_fix(top: Path, path: str, fix: Insertion) -> None:
    """Put the lines of a fix into a file of the work tree."""
    file = top / path
    write_atomically(file, apply_insertion(read_bytes(file, shown_as=path), fix), durable=False)
