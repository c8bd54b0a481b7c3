"""An instance as a commit has it, in a temporary folder: to build what git says, not what lies around.

Only what a build reads is laid out: config.yaml, every app's manifest, and the folders of the apps in
question. secrets.yaml has no history, so its values are always the present ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wildgit.adapters.git.overwriting import refuse_links
from wildgit.adapters.git.repo import EXECUTABLE, FOLDER, LINK, SUBMODULE, Repo, TreeEntry
from wildgit.adapters.instance import APPS, CONFIG, Instance
from wildgit.core.app.package import MANIFEST, is_app_name
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.errors import InputError


@dataclass(frozen=True)
class Revision(Instance):
    """An instance as one commit has it; to read from. Its `root` is no repository."""

    present: Instance
    commit: str

    @property
    def secrets_path(self) -> Path:
        """The present secrets.yaml."""
        return self.present.secrets_path

    @property
    def git_dir(self) -> Path:
        """The present repository's."""
        return self.present.git_dir


@contextmanager
def instance_at(instance: Instance, repo: Repo, commit: str, apps: Iterable[str]) -> Iterator[Revision]:
    """Yield the instance as a commit has it; it is gone afterwards.

    Args:
        instance: whose secrets.yaml is used.
        repo: its repository.
        commit: full id, or anything else that `repo` finds a commit by.
        apps: whose folders are laid out, `.package/` left out; of the others only the manifests are.

    Raises:
        InputError: there is no such commit, it has no config.yaml, or a path in it leads outside.
    """
    found = repo.find_commit(commit)
    if found is None:
        raise InputError(
            f"{commit} is no commit of this repository", hint="git fetch --unshallow, or fetch it"
        )
    with TemporaryDirectory(prefix="git-wild-") as folder:
        root = Path(folder).resolve()
        _lay_out(repo, root, _files(repo, found, frozenset(apps)))
        if not (root / CONFIG).is_file():
            raise InputError(f"{found[:7]} has no {CONFIG}, so it is no instance")
        yield Revision(root, instance, found)


def _files(repo: Repo, commit: str, apps: frozenset[str]) -> Iterator[tuple[str, TreeEntry]]:
    root, folder = repo.tree_at(commit, ""), repo.tree_at(commit, APPS)
    yield from ((name, entry) for name, entry in repo.entries(root) if name == CONFIG) if root else ()
    for app, entry in repo.entries(folder) if folder else ():
        if entry.mode != FOLDER or not is_app_name(app):
            continue
        for path, file in repo.files(entry.blob) if app in apps else repo.entries(entry.blob):
            if path == MANIFEST or (app in apps and not path.startswith(f"{PACKAGE_FOLDER}/")):
                yield f"{APPS}/{app}/{path}", file


def _lay_out(repo: Repo, root: Path, files: Iterable[tuple[str, TreeEntry]]) -> None:
    for path, entry in files:
        if entry.mode == SUBMODULE:
            continue  # no content of this repository
        refuse_links(root, path)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == LINK:
            target.symlink_to(repo.blob(entry.blob).decode("utf-8", "surrogateescape"))
        else:
            target.write_bytes(repo.smudged(path, entry.blob))
            target.chmod(0o700 if entry.mode == EXECUTABLE else 0o600)
