"""One call of `git wild rollback`: where to, what changes, the commit and the deploy in either order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from wildgit.adapters import terminal
from wildgit.adapters.app_revisions import AppHistory
from wildgit.adapters.cluster.app_source import AppSource, read_source
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions, short_commit
from wildgit.adapters.cluster.operations import read_operations
from wildgit.adapters.compile_run import plan_compile
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, Instance
from wildgit.adapters.revision import Revision, instance_at
from wildgit.adapters.rollback_plan import RollbackPlan, plan_rollback, refuse_uncommitted, write_rollback
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.app.rollback import (
    ALL,
    AppRevision,
    Choice,
    Deploy,
    choose_revision,
    effective_history,
    rollback_message,
)
from wildgit.core.cluster.deploy_record import UNCOMMITTED, DeployRecord, read_record
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.kube_objects import claim_names
from wildgit.errors import NO, OK, ClusterError, GitError, InputError, UsageError, WildgitError

_RECORDS = 30  # the newest are looked at
_DEPLOYS = ("deploy", "rollback", "restore")


@dataclass(frozen=True)
class RollbackOptions:
    """What the command line asks for; see the command's help."""

    to: str | None = None
    emergency: bool = False
    dry_run: bool = False
    yes: bool = False
    deploy: bool = True
    wait: bool = False
    environment: str | None = None


class RollbackRun:
    """A rollback of one app, or of all (`ALL`)."""

    def __init__(self, instance: Instance, app: str, options: RollbackOptions) -> None:
        self.instance, self.app, self.options = instance, app, options
        self.repo = Repo(instance.root)
        self.history = AppHistory(self.repo, app)
        head = self.repo.head()
        if head is None:
            raise GitError("there is no commit yet, so none to go back to")
        self.head = head
        run_options = RunOptions(
            action="rollback",
            dry_run=options.dry_run,
            wait=options.wait,
            environment=options.environment,
        )
        self._run = DeployRun.open(instance, run_options) if options.deploy else None

    def run(self) -> int:
        """Roll back as asked, and return the exit code."""
        choice = self._choice()
        apps = self._apps(choice.target.commit)
        plan = plan_rollback(self.repo, self.head, choice.target.commit, apps)
        _say_choice(self.app, choice, plan)
        with ExitStack() as stack:
            old = stack.enter_context(instance_at(self.instance, self.repo, plan.target, apps))
            # All of it is read before anything is written: what does not build is not rolled back to.
            sources = [read_source(old, app, commit=plan.target) for app in apps]
            for line in _what_stays(self.repo, plan, sources):
                terminal.remark(line)
            return self._carry_out(plan, choice, old)

    def _carry_out(self, plan: RollbackPlan, choice: Choice, old: Revision) -> int:
        state = MergeState(self.repo)
        if not self.options.emergency:
            with state.exclusive():
                refuse_uncommitted(plan, self.instance, state)
        if self.options.dry_run:
            self._deploy(plan.apps, old)
            return OK
        self._ask(choice)
        version = "" if self.app == ALL else old.manifest(self.app).version
        message = rollback_message(
            self.app, self.head, choice, emergency=self.options.emergency, version=version
        )
        if self.options.emergency:
            self._deploy(plan.apps, old)
            return self._commit_after(plan, state, message)
        with state.exclusive():
            commit = write_rollback(plan, self.instance, state, message)
        _say_commit(commit, plan)
        with instance_at(self.instance, self.repo, commit, plan.apps) as new:
            try:
                self._deploy(plan.apps, new)
            except WildgitError:
                terminal.warn(
                    "it is committed, but not deployed", hint=f"git wild deploy {' '.join(plan.apps)}"
                )
                raise
        self._say_after(plan)
        return OK

    def _deploy(self, apps: Sequence[str], revision: Revision) -> None:
        if self._run is not None:
            self._run.deploy(apps, revision=revision)

    def _commit_after(self, plan: RollbackPlan, state: MergeState, message: str) -> int:
        """Write down what is deployed already; where work is in the way, that is for later."""
        try:
            with state.exclusive():
                commit = write_rollback(plan, self.instance, state, message)
        except WildgitError as error:
            name = "--all" if self.app == ALL else self.app
            terminal.warn(
                f"it is deployed, but not committed: {error.message}\n"
                "The next deploy would bring back what was just taken out.",
                hint=f"{error.hint}; then git wild rollback {name} --to {plan.target[:12]}",
            )
            return NO
        _say_commit(commit, plan)
        self._say_after(plan)
        return OK

    # Where to

    def _choice(self) -> Choice:
        if self.options.to is not None:
            return self._asked_for(self.options.to)
        history = effective_history(self.history.read, self.head)
        if self.history.state(self.head):
            deploys = self._deploys()
            choice = choose_revision(history, deploys, self._running(deploys))
        else:
            choice = choose_revision(history, ())  # it was deleted, and comes back as it was
        if choice is None:
            raise InputError(
                f"{'there' if self.app == ALL else self.app} has no earlier revision to go back to",
                hint=f"git wild log {'' if self.app == ALL else self.app}".rstrip(),
            )
        return choice

    def _asked_for(self, name: str) -> Choice:
        commit = self.repo.find_commit(name)
        if commit is None:
            raise InputError(f"{name!r} is no commit of this repository", hint="git wild log")
        target = next(iter(self.history.read(commit)), None)
        if target is None or not target.state:
            raise InputError(
                f"{commit[:7]} has no app {self.app}" if self.app != ALL else f"{commit[:7]} has no apps",
                hint=f"git wild log {self.app}" if self.app != ALL else "git wild log",
            )
        return Choice(AppRevision(commit, target.time, target.subject, target.state), "", ())

    def _deploys(self) -> list[Deploy]:
        """Return what this machine's records know of deploys of the app that wrote, oldest first."""
        found: list[Deploy] = []
        environment = self._run.environment.name if self._run else None
        records = read_operations(self.instance.root, self.app) if self.app != ALL else []
        for record in records[-_RECORDS:]:
            if environment is not None and record.get("environment") not in (None, environment):
                continue
            if record.get("action") == "delete":
                found.clear()
            elif record.get("action") in _DEPLOYS:
                found += self._deploy_of(record)
        return found

    def _deploy_of(self, record: Mapping[str, Any]) -> Iterator[Deploy]:
        commit, succeeded = str(record.get("commit")), record.get("outcome") == "succeeded"
        wrote = succeeded or any(step.get("step") == "namespace" for step in record.get("steps", ()))
        if wrote and self._is_known(commit):
            state = self.history.state(commit)
            yield Deploy(str(record.get("started")), str(record.get("who")), state, succeeded)

    def _is_known(self, commit: str) -> bool:
        return bool(commit) and not commit.endswith(UNCOMMITTED) and self.repo.has_object(commit)

    def _running(self, deploys: Sequence[Deploy]) -> str:
        """The state that the cluster's own record names; "" where it can't be known."""
        record = _record_of(self._run.cluster, self.app) if self._run and self.app != ALL else None
        if record is None or (deploys and deploys[-1].time > record.deployed_at):
            return ""  # a deploy of ours that came later did not come to its end
        if not self._is_known(record.commit):
            shown = f"{short_commit(record.commit)}, by {record.deployed_by}"
            terminal.warn(f"{self.app} runs what no commit here has: {shown}")
            return ""
        return self.history.state(record.commit)

    def _apps(self, target: str) -> tuple[str, ...]:
        if self.app != ALL:
            return (self.app,)
        then, now = (set(self.repo.packages(commit, APPS)) for commit in (target, self.head))
        for app in sorted(now - then):
            terminal.remark(
                f"{app} was added since and stays as it is; to take it away: git wild delete {app}"
            )
        changed = [app for app in sorted(then) if self._has_changed(app, target)]
        if not changed:
            raise InputError(f"every app is as {target[:7]} has it already")
        return tuple(changed)

    def _has_changed(self, app: str, target: str) -> bool:
        history = AppHistory(self.repo, app)
        return history.state(target) != history.state(self.head)

    # What is said

    def _ask(self, choice: Choice) -> None:
        """Whoever named the revision has decided; what we chose is asked about."""
        if self.options.yes or self.options.to is not None:
            return
        commit, name = choice.target.commit[:7], "all apps" if self.app == ALL else self.app
        then = " and deploy it" if self.options.deploy else ""
        if not terminal.confirm(f"Roll {name} back to {commit}{then}?"):
            shown = "--all" if self.app == ALL else self.app
            raise UsageError("nothing was rolled back", hint=f"git wild rollback {shown} --to {commit}")

    def _say_after(self, plan: RollbackPlan) -> None:
        for app in plan.apps:
            if not (self.instance.app_folder(app) / LOCK_FILE).is_file():
                continue
            try:
                is_stale = bool(plan_compile(self.instance, self.repo, [app]))
            except WildgitError:
                is_stale = True
            if is_stale:
                terminal.remark(
                    f"{CONFIG} has changed since {app} was compiled like this; "
                    f"its next deploy compiles it: git wild compile --dry-run {app}"
                )
        if self._run is None:
            terminal.remark(f"hint: git wild deploy {' '.join(plan.apps)}")


def _record_of(cluster: Cluster, app: str) -> DeployRecord | None:
    try:
        found = cluster.list_objects("v1", "Namespace", selector=f"{APP_LABEL}={app}")
    except ClusterError as error:
        terminal.warn(f"the cluster does not say what runs: {error.message}")
        return None
    return next((record for record in map(read_record, found) if record.is_finished), None)


def _say_choice(app: str, choice: Choice, plan: RollbackPlan) -> None:
    target = choice.target
    name = "all apps" if app == ALL else app
    commit = terminal.style(target.commit[:7], "name")
    terminal.say(f"{name}: back to {commit} of {target.time}, {target.subject!r}")
    if choice.reason:
        terminal.say(f"  because {choice.reason}")
    for revision in choice.undone:
        terminal.say(f"  undoes for {name}: {revision.commit[:7]} {revision.subject}")
    for each in plan.apps if app == ALL else ():
        terminal.say(f"  {each}")
    count = len(plan.changes)
    terminal.say(f"  {count} file{'s' * (count != 1)} change" if count else "  git has it like this already")


def _what_stays(repo: Repo, plan: RollbackPlan, sources: Sequence[AppSource]) -> Iterator[str]:
    """Yield what a rollback can't bring back, and what comes again by itself."""
    for source in sources:
        claims = claim_names(source.built)
        if claims:
            yield (
                f"{source.name}: data is not rolled back: {', '.join(claims)}; "
                "what the newer version migrated, the older one may not read"
            )
        if source.secrets:
            yield f"{source.name}: secrets are not rolled back: it gets today's"
        path = f"{APPS}/{source.name}/{PACKAGE_FOLDER}"
        if repo.tree_at(plan.head, path) not in (None, repo.tree_at(plan.target, path)):
            yield f"{source.name}: the next git wild update offers again what is now rolled back"


def _say_commit(commit: str, plan: RollbackPlan) -> None:
    if commit != plan.head:
        terminal.say(f"Committed as {commit[:7]}.")
