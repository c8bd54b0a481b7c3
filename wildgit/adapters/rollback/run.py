"""One call of `git wild rollback`: where to, what changes, the commit and the deploy in either order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from wildgit.adapters import terminal
from wildgit.adapters.cluster.app_source import AppSource, read_source
from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.committed_apps import CommittedApps
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, Instance
from wildgit.adapters.revision import Revision, instance_at
from wildgit.adapters.rollback.plan import RollbackPlan, plan_rollback, refuse_uncommitted, write_rollback
from wildgit.adapters.rollback.target import RollbackTarget
from wildgit.adapters.settings import read_settings
from wildgit.adapters.upstream.compile_run import plan_compile
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.package_lock import parse_lock
from wildgit.core.app.rollback import (
    ALL,
    Choice,
    rollback_message,
)
from wildgit.core.cluster.kube_objects import claim_names
from wildgit.errors import NO, OK, GitError, InputError, UsageError, WildgitError


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
        head = self.repo.head()
        if head is None:
            raise GitError("there is no commit yet, so none to go back to")
        self.head = head
        target = RollbackTarget(instance, self.repo, app, None)
        self._asked = None if options.to is None else target.asked_for(options.to)
        if self._asked is None:
            target.require_known(head)
        settings = read_settings(instance.root)
        self._place = open_cluster(instance, settings, options.environment) if options.deploy else None
        self._settings = settings

    def run(self) -> int:
        """Roll back as asked, and return the exit code."""
        target = RollbackTarget(self.instance, self.repo, self.app, self._place)
        choice = self._asked or target.before(self.head)
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
        if self.options.dry_run or not self.options.emergency:
            self._deploy(plan.apps, old, dry_run=True)  # what the server refuses is not committed either
        if self.options.dry_run:
            return OK
        self._ask(choice)
        version = "" if self.app == ALL else old.manifest(self.app).version
        message = rollback_message(
            self.app, self.head, choice, emergency=self.options.emergency, version=version
        )
        if self.options.emergency:
            try:
                self._deploy(plan.apps, old)
            except WildgitError:
                terminal.warn("nothing was committed; what was deployed by now stays", hint=self._again(plan))
                raise
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

    def _deploy(self, apps: Sequence[str], revision: Revision, *, dry_run: bool = False) -> None:
        if self._place is None:
            return
        options = RunOptions(
            action="rollback", emergency=self.options.emergency, dry_run=dry_run, wait=self.options.wait
        )
        DeployRun(self.instance, self._settings, self._place, options).deploy(apps, revision=revision)

    def _commit_after(self, plan: RollbackPlan, state: MergeState, message: str) -> int:
        """Write down what is deployed already; where work is in the way, that is for later."""
        try:
            with state.exclusive():
                commit = write_rollback(plan, self.instance, state, message)
        except WildgitError as error:
            first = f"{error.hint}; then " if error.hint else ""
            terminal.warn(
                f"it is deployed, but not committed: {error.message}\n"
                "The next deploy would bring back what was just taken out.",
                hint=f"{first}{self._again(plan)}",
            )
            return NO
        _say_commit(commit, plan)
        self._say_after(plan)
        return OK

    def _again(self, plan: RollbackPlan) -> str:
        return f"git wild rollback {'--all' if self.app == ALL else self.app} --to {plan.target[:12]}"

    def _apps(self, target: str) -> tuple[str, ...]:
        if self.app != ALL:
            return (self.app,)
        then, now = (set(self.repo.packages(commit, APPS)) for commit in (target, self.head))
        for app in sorted(now - then):
            terminal.remark(
                f"{app} was added since and stays as it is; to take it away: git wild delete {app}"
            )
        committed = CommittedApps(self.repo)
        changed = [app for app in sorted(then) if not committed.is_same(app, target, self.head)]
        if not changed:
            raise InputError(f"every app is as {target[:7]} has it already")
        return tuple(changed)

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
        if self._place is None:
            terminal.remark(f"hint: git wild deploy {' '.join(plan.apps)}")


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
        if _is_older_package(repo, plan, source.name):
            yield f"{source.name}: the next git wild update offers again what is now rolled back"


def _is_older_package(repo: Repo, plan: RollbackPlan, app: str) -> bool:
    """Whether the app goes back to an earlier commit of upstream."""
    path = f"{APPS}/{app}/{LOCK_FILE}"
    texts = [repo.file_at(commit, path) for commit in (plan.target, plan.head)]
    then, now = (parse_lock(text, path).commit if text else "" for text in texts)
    return then != now and all(map(repo.has_commit, (then, now))) and repo.is_ancestor(then, now)


def _say_commit(commit: str, plan: RollbackPlan) -> None:
    if commit != plan.head:
        terminal.say(f"Committed as {commit[:7]}.")
