"""Where a rollback leads: to the revision asked for, or to what was deployed before what runs now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wildgit.adapters import terminal
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.deploy_run import short_commit
from wildgit.adapters.cluster.deployed_commits import read_records
from wildgit.adapters.cluster.operations import FAILED_OUTCOME, SUCCEEDED, read_operations
from wildgit.adapters.committed_apps import AppHistory
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.core.app.rollback import ALL, AppRevision, Choice, Deploy, choose_revision, effective_history
from wildgit.core.cluster.deploy_record import UNCOMMITTED, DeployRecord
from wildgit.core.cluster.environment import Environment
from wildgit.errors import ClusterError, InputError

_RECORDS = 30  # the newest are looked at
_DEPLOYS = ("deploy", "rollback", "restore")


class RollbackTarget:
    """Finds the revision for one app, or for all (`ALL`)."""

    def __init__(
        self, instance: Instance, repo: Repo, app: str, place: tuple[Cluster, Environment] | None
    ) -> None:
        """Take where to look.

        Args:
            instance: its records of operations are read.
            repo: its history is read.
            app: which.
            place: the cluster that is asked what runs; None to ask none.
        """
        self.instance, self.repo, self.app, self.place = instance, repo, app, place
        self.history = AppHistory(repo, app)

    def asked_for(self, name: str) -> Choice:
        """Return the revision that the user names.

        Raises:
            InputError: it is no commit, or has no such app.
        """
        commit = self.repo.find_commit(name)
        if commit is None:
            raise InputError(f"{name!r} is no commit of this repository", hint=self._log_hint)
        target = next(iter(self.history.read(commit)), None)
        if target is None or not target.state:
            what = "no apps" if self.app == ALL else f"no app {self.app}"
            raise InputError(f"{commit[:7]} has {what}", hint=self._log_hint)
        return Choice(AppRevision(commit, target.time, target.subject, target.state), "", ())

    def require_known(self, head: str) -> None:
        """Refuse an app that no commit ever had; no cluster needs to be asked for that.

        Raises:
            InputError: there never was one.
        """
        if not any(revision.state for revision in self.history.read(head)):
            name = "any app" if self.app == ALL else f"an app {self.app!r}"
            raise InputError(f"there never was {name} here", hint="git wild status")

    def before(self, head: str) -> Choice:
        """Return the revision that was deployed before what runs now.

        Raises:
            InputError: there is none, or nobody can say which one is meant.
        """
        newest = next(iter(self.history.read(head)), None)
        if self.app == ALL and newest and newest.is_rollback and not newest.restored:
            raise InputError(
                f"the last change is a rollback of one app ({newest.subject}): before it was what that left",
                hint="say where to: git wild rollback --all --to REV",
            )
        history = effective_history(self.history.read, head)
        running = ""
        if self.history.state(head):
            deploys = self._deploys()
            running = self._running(deploys)
            choice = choose_revision(history, deploys, running)
        else:
            choice = choose_revision(history, ())  # it was deleted, and comes back as it was
        if choice is None:
            name = "there" if self.app == ALL else self.app
            raise InputError(
                f"{name} has no earlier revision to go back to", hint=self._hint_to(running, head)
            )
        return choice

    def _hint_to(self, running: str, head: str) -> str:
        """What to type where nothing came before what runs; after an emergency HEAD may still lack that."""
        if running and running != self.history.state(head):
            for revision in self.history.read(head):
                if revision.state == running:
                    commit = revision.commit[:7]
                    return f"HEAD is not what runs; to have it so: git wild rollback {self.app} --to {commit}"
        return self._log_hint

    @property
    def _log_hint(self) -> str:
        return "git wild log" if self.app == ALL else f"git wild log {self.app}"

    def _deploys(self) -> list[Deploy]:
        """Return what this machine's records know of deploys of the app that wrote, oldest first."""
        found: list[Deploy] = []
        environment = self.place[1].name if self.place else None
        records = read_operations(self.instance.root, self.app) if self.app != ALL else []
        for record in records[-_RECORDS:]:
            if environment is not None and record.get("environment") not in (None, environment):
                continue
            if record.get("action") == "delete":
                found.clear()
            elif record.get("action") in _DEPLOYS and not _is_cut_off(record):
                found += self._deploy_of(record)
        return found

    def _deploy_of(self, record: Mapping[str, Any]) -> Iterator[Deploy]:
        commit, succeeded = str(record.get("commit")), record.get("outcome") == "succeeded"
        wrote = succeeded or any(step.get("step") == "namespace" for step in record["steps"])
        if wrote and self._is_known(commit):
            state = self.history.state(commit)
            yield Deploy(str(record.get("started")), str(record.get("who")), state, succeeded)

    def _is_known(self, commit: str) -> bool:
        return not commit.endswith(UNCOMMITTED) and self.repo.has_commit(commit)

    def _running(self, deploys: Sequence[Deploy]) -> str:
        """The state that the cluster's own record names; "" where it can't be known."""
        record = _record_of(self.place[0], self.app) if self.place and self.app != ALL else None
        if record is None or (deploys and deploys[-1].time > record.deployed_at):
            return ""  # a deploy of ours that came later did not come to its end
        if not self._is_known(record.commit):
            shown = f"{short_commit(record.commit)}, by {record.deployed_by}"
            terminal.warn(f"{self.app} runs what no commit here has: {shown}")
            return ""
        return self.history.state(record.commit)


def _is_cut_off(record: Mapping[str, Any]) -> bool:
    """Whether it is a rollback that was ended half-way: the next one goes on with it, not further back."""
    return record.get("action") == "rollback" and record.get("outcome") not in (SUCCEEDED, FAILED_OUTCOME)


def _record_of(cluster: Cluster, app: str) -> DeployRecord | None:
    try:
        return read_records(cluster, app).get(app)
    except ClusterError as error:
        terminal.warn(f"the cluster does not say what runs: {error.message}")
        return None
