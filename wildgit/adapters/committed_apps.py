"""What commits have of an app, its folder and its section of config.yaml; and the commits that changed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache

from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, section
from wildgit.core.app.rollback import ALL, TRAILER, AppRevision, restored_by
from wildgit.core.yaml_values import load_mapping
from wildgit.errors import InputError

_FORMAT = f"%H%x00%ct%x00%(trailers:key={TRAILER},valueonly,unfold,separator=%x1e)%x00%s"
_KEPT = 4  # versions of config.yaml; whoever compares has two


class CommittedApps:
    """What commits have of apps, under names: equal names, equal content.

    An app is its folder and its section of config.yaml; `ALL` is all of them together.
    """

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self._config = lru_cache(_KEPT)(self._read_config)
        self._parsed = lru_cache(_KEPT)(load_mapping)
        self._section = cache(self._read_section)

    def state(self, commit: str, app: str) -> str:
        """Name what a commit has of an app; "" where it has no such app."""
        tree = self.folder(commit, app)
        return f"{tree} {self.section(commit, app)}" if tree else ""

    def is_same(self, app: str, one: str, other: str) -> bool:
        """Whether two commits have the same of an app; not where one is not in this repository."""
        if one == other:
            return True
        is_known = self.repo.has_commit(one) and self.repo.has_commit(other)
        return is_known and self.state(one, app) == self.state(other, app)

    def folder(self, commit: str, app: str) -> str:
        """Name an app's folder; "" where the commit has none."""
        return self.repo.tree_at(commit, folder_of(app)) or ""

    def has_same_config(self, one: str, other: str) -> bool:
        """Whether two commits have the same config.yaml, to the byte."""
        return self._config(one) == self._config(other)

    def section(self, commit: str, app: str) -> str:
        """Name an app's section of config.yaml: its values, as comments don't reach the cluster."""
        return self._section(self._config(commit), app)

    def _read_config(self, commit: str) -> bytes:
        return self.repo.file_at(commit, CONFIG) or b""

    def _read_section(self, config: bytes, app: str) -> str:
        path = (APPS,) if app == ALL else (APPS, app)
        try:
            values = section(self._parsed(config, CONFIG), *path)
        except InputError:
            return config.decode("utf-8", "replace")  # broken, and so like no other
        return json.dumps(values, sort_keys=True, default=str)


class AppHistory:
    """The commits that changed an app, or all apps together (`ALL`)."""

    def __init__(self, repo: Repo, app: str) -> None:
        self.repo, self.app = repo, app
        self._apps = CommittedApps(repo)

    def read(self, start: str) -> Iterator[AppRevision]:
        """Yield the revisions from a commit backwards along first parents, the newest first."""
        changes = self._changes(start)
        revision = next(changes, None)
        while revision is not None:
            older = next(changes, None)
            if older is None or older.state != revision.state or revision.restored:
                yield revision
            revision = older

    def state(self, commit: str) -> str:
        """Name what a commit has of the app; equal names, equal content. "" where it has no such app."""
        return self._apps.state(commit, self.app)

    def _changes(self, start: str) -> Iterator[AppRevision]:
        arguments = ["log", "--first-parent", f"--format={_FORMAT}", start, "--", folder_of(self.app), CONFIG]
        output = run_git(["--literal-pathspecs", *arguments], cwd=self.repo.root)
        for line in output.decode("utf-8", "replace").split("\n"):
            if line:
                commit, seconds, trailers, subject = line.split("\0")
                restored = restored_by(trailers.split("\x1e"), self.app)
                if not self.repo.has_commit(restored):
                    restored = ""  # in a shallow clone, say
                is_rollback = bool(trailers)
                time = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M UTC")
                yield AppRevision(commit, time, subject, self.state(commit), restored, is_rollback)


def folder_of(app: str) -> str:
    """Return where an app lies in an instance; with `ALL`, where all of them do."""
    return APPS if app == ALL else f"{APPS}/{app}"
