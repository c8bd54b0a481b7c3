"""The revisions of an app in git: the commits that changed its folder or its section of config.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, parse_mapping, section
from wildgit.core.app.rollback import ALL, TRAILER, AppRevision, restored_by
from wildgit.errors import InputError

_FORMAT = f"%H%x00%ct%x00%(trailers:key={TRAILER},valueonly,unfold,separator=%x1e)%x00%s"


class AppHistory:
    """What git knows of an app, or of all apps together (`ALL`)."""

    def __init__(self, repo: Repo, app: str) -> None:
        self.repo, self.app = repo, app
        self._folder = APPS if app == ALL else f"{APPS}/{app}"
        self._path = (APPS,) if app == ALL else (APPS, app)
        self._section = cache(self._read_section)

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
        tree = self.repo.tree_at(commit, self._folder)
        return f"{tree} {self._section(self.repo.file_at(commit, CONFIG) or b'')}" if tree else ""

    def _changes(self, start: str) -> Iterator[AppRevision]:
        arguments = ["log", "--first-parent", f"--format={_FORMAT}", start, "--", self._folder, CONFIG]
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

    def _read_section(self, config: bytes) -> str:
        """The values of the section: comments are none of the cluster's business."""
        try:
            values = section(parse_mapping(config, CONFIG), *self._path)
        except InputError:
            return config.decode("utf-8", "replace")  # broken, and so like no other
        return json.dumps(values, sort_keys=True, default=str)
