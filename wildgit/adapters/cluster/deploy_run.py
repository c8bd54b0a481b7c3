"""Deploys of one app or several: from the instance to the cluster, recorded, with news on the way."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wildgit.adapters import terminal
from wildgit.adapters.cluster.api_server import is_about_the_server
from wildgit.adapters.cluster.app_source import AppSource, deployed_commit, read_source, requirements_of_all
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.compile_check import ensure_compiled
from wildgit.adapters.cluster.deploy_news import News, counts_text, say_changes
from wildgit.adapters.cluster.deployed_commits import deployed_ref, read_records
from wildgit.adapters.cluster.deployment import Actor, Deployment, DeployOptions
from wildgit.adapters.cluster.kustomize import Build
from wildgit.adapters.cluster.namespaces import Ladder
from wildgit.adapters.cluster.operations import operation
from wildgit.adapters.cluster.rollout import follow, read_health
from wildgit.adapters.cluster.target import open_cluster, seconds
from wildgit.adapters.git.process import run_git
from wildgit.adapters.instance import Instance
from wildgit.adapters.secret_rotation import refresh_copies
from wildgit.adapters.settings import Settings, read_settings
from wildgit.core.cluster.deploy_order import deploy_order
from wildgit.core.cluster.deploy_plan import Plan
from wildgit.core.cluster.deploy_record import UNCOMMITTED
from wildgit.core.cluster.environment import DEFAULT_NAME, Environment
from wildgit.core.cluster.events import FAILED, NOTE, Event, Report
from wildgit.core.cluster.health import State
from wildgit.core.markdown import code
from wildgit.errors import ClusterError, InputError, UsageError, WildgitError

if TYPE_CHECKING:
    from wildgit.adapters.revision import Revision

_UNCOMMITTED_NOTE = "has changes that are not committed; they are deployed, too"


@dataclass(frozen=True)
class RunOptions:
    """What the command line asks for; see the command's help."""

    action: str = "deploy"  # as records of operations call it
    emergency: bool = False  # what is deployed is committed later, and the record says so
    with_dependencies: bool = False
    dry_run: bool = False
    frozen: bool = False
    wait: bool = False
    timeout_s: float = 300.0
    restart: bool = True
    prune_data: bool = False
    environment: str | None = None
    as_json: bool = False
    summary: str | None = None


class DeployRun:
    """One call of `git wild deploy`, or of a command that deploys in the end."""

    def __init__(
        self,
        instance: Instance,
        settings: Settings,
        target: tuple[Cluster, Environment],
        options: RunOptions,
    ) -> None:
        self.instance, self.settings, self.options = instance, settings, options
        self.cluster, self.environment = target
        self._add_mask()
        self._news = News(as_json=options.as_json)
        self._deployed: set[str] = set()
        self._builds: dict[str, Build] = {}
        self._revision: Revision | None = None

    def _add_mask(self) -> None:
        """Hide the secrets as they are now; those that they replaced stay hidden on the terminal."""
        self._mask = self.instance.mask()
        terminal.add_mask(self._mask)

    @classmethod
    def open(cls, instance: Instance, options: RunOptions) -> DeployRun:
        """Return a run against the cluster of the instance's environment."""
        settings = read_settings(instance.root)
        reads_only = options.dry_run
        cluster, environment = open_cluster(instance, settings, options.environment, reads_only=reads_only)
        if environment.name != DEFAULT_NAME:
            terminal.remark(f"environment {environment.name}: {cluster.server.connection.server}")
        return cls(instance, settings, (cluster, environment), options)

    def use_build(self, app: str, build: Build) -> None:
        """Take a build of an app that was started already."""
        self._builds[app] = build
        if build.is_running:
            self.cluster.get_ready()

    def deploy(self, apps: Sequence[str], *, revision: Revision | None = None) -> None:
        """Deploy the apps, each behind those of them that it requires.

        Args:
            apps: which.
            revision: deploy what a commit has, as it has it: nothing is compiled. None for the work tree.

        Raises:
            UsageError: there are none.
            WildgitError: one could not be deployed. The others are, but for those that require it.
        """
        self._revision = revision
        named = named_apps(revision or self.instance, apps, every=False)
        self._deploy_in_order(named)

    def _deploy_in_order(self, named: Sequence[str], gone: Sequence[str] = ()) -> None:
        where = self._revision or self.instance
        requires = requirements_of_all(where, broken_ok=where.app_names())
        order = deploy_order(named, requires)
        if not self.options.with_dependencies:
            order = [app for app in order if app in named]
        with masked_errors(self._mask):
            if self.options.dry_run:
                self._show_plans(order, gone)
                return
            self._deploy_each(order, requires)

    def _deploy_each(self, order: Sequence[str], requires: Mapping[str, Sequence[str]]) -> None:
        """Deploy one app after the other; one that fails holds up only those that require it.

        Where the server itself fails, no app would fare better, and it ends there.
        """
        failed: list[str] = []
        for app in order:
            held_by = next((required for required in requires[app] if required in failed), None)
            try:
                if held_by is not None:
                    raise ClusterError(f"{app} was not deployed: it requires {held_by}, which failed")
                self._deploy_one(app, requires[app])
            except WildgitError as error:
                if len(order) == 1 or is_about_the_server(error):
                    raise
                self._news.close()
                self._news(Event(app, "deploy", FAILED, message=error.message))
                if error.hint:
                    terminal.remark(f"hint: {error.hint}")
                failed.append(app)
        if failed:
            again = f"git wild deploy {' '.join(failed)}" if self._revision is None else None
            raise ClusterError(f"{len(failed)} of {len(order)} apps failed: {', '.join(failed)}", hint=again)

    def show_plans(self, apps: Sequence[str]) -> Sequence[Plan]:
        """Show, and return, what a deploy of each app would do.

        Raises:
            WildgitError: one can't be deployed; the others are shown.
        """
        with masked_errors(self._mask):
            return self._show_plans(apps, ())

    def deploy_changed(self) -> None:
        """Deploy the apps that git has otherwise than the cluster; say which, why, and what is left alone.

        Raises:
            WildgitError: one could not be deployed. The others are, but for those that require it; the next
                run goes on.
        """
        from wildgit.adapters.cluster.changed_apps import read_changes

        changes = read_changes(self.instance, self.cluster, self.environment)
        say_changes(changes, self.environment, self._news)
        self._deploy_in_order(changes.apps, changes.gone)

    def _deploy_one(self, app: str, requires: Sequence[str]) -> None:
        self._await_required(app, requires)
        revision = self._revision
        commit = revision.commit if revision else deployed_commit(self.instance, app)
        with operation(self.instance.root, self.options.action, app, commit, self._mask) as running:
            running.record["environment"] = self.environment.name
            running.record |= {"emergency": True} if self.options.emergency else {}

            def report(event: Event) -> None:
                running.note(event)
                self._news(event)

            self._compile(app, report)
            self._refresh_copies(app, report)
            source = self._read(app)
            running.record["commit"] = source.commit
            self._warn_if_uncommitted(source)
            deployment = self._deployment(source, report)
            plan = deployment.plan(free=True)
            self._say_problems(plan)
            _refuse_problems(plan)
            if deployment.execute(plan):
                self._mirror(source)
            self._deployed.add(app)
            if self.options.wait:
                follow(self.cluster, (app, source.namespace), self.options.timeout_s, report)
                self._news.close()
        self._say_done(plan, source)

    def _show_plans(self, order: Sequence[str], gone: Sequence[str]) -> Sequence[Plan]:
        """Show what each would do; all of them, before the first that can't be done is an error."""
        from wildgit.adapters.cluster.plan_output import PlanOutput

        output = PlanOutput(self.options.summary, self.options.as_json)
        try:
            for app in order:
                with output.planning(app):
                    self._compile(app, self._news)
                    output.show(self._deployment(self._read(app), self._news).plan(free=False))
        finally:
            output.write_summary(f"What a deploy would change in {code(self.environment.name)}", gone)
        output.raise_refusal()
        for plan in output.plans:
            _refuse_problems(plan)
        return output.plans

    def _compile(self, app: str, report: Report) -> None:
        def say(message: str) -> None:
            report(Event(app, "compile", NOTE, message=message))

        if self._revision is not None:
            return
        frozen, dry_run = self.options.frozen, self.options.dry_run
        if ensure_compiled(self.instance, app, say, frozen=frozen, dry_run=dry_run):
            self._builds.pop(app, None)  # of files that are no more

    def _refresh_copies(self, app: str, report: Report) -> None:
        """A required secret is a reference: what it copies may have been rotated since."""
        try:
            changed = refresh_copies(self.instance, app)
        except WildgitError:
            if self._revision is None:
                raise
            changed = []  # the work tree may be in any state; what the revision lacks, reading it says
        if changed:
            self._add_mask()
            said = f"copied anew from what it requires: {', '.join(changed)}"
            report(Event(app, "secrets", NOTE, message=said))

    def _read(self, app: str) -> AppSource:
        if self._revision is not None:
            return read_source(self._revision, app, commit=self._revision.commit)
        return read_source(self.instance, app, self._builds.pop(app, None))

    def _deployment(self, source: AppSource, report: Report) -> Deployment:
        options = DeployOptions(
            restart=self.options.restart,
            prune_data=self.options.prune_data,
            ladder=read_ladder(self.settings),
        )
        return Deployment(self.cluster, source, self._actor, options, report)

    def _await_required(self, app: str, requires: Sequence[str]) -> None:
        """Refuse to deploy on top of what is not there; wait for what we deployed ourselves just before."""
        for required in requires:
            namespace = self._namespace_of_deployed(required)
            if namespace is None:
                raise ClusterError(
                    f"{app} requires {required}, which is not deployed",
                    hint=f"git wild deploy --with-dependencies {app}",
                )
            if required in self._deployed:
                follow(self.cluster, (required, namespace), self.options.timeout_s, self._news)
                self._news.close()
                continue
            unready = [h for h in read_health(self.cluster, namespace) if h.state is not State.READY]
            # What is rolled back ran here before; an incident is no time to wait for others.
            if unready and self.options.action != "rollback":
                raise ClusterError(
                    f"{app} requires {required}, which is not ready: {unready[0]}",
                    hint=f"git wild deploy --wait {required}",
                )

    def _namespace_of_deployed(self, app: str) -> str | None:
        record = read_records(self.cluster, app).get(app)
        return record.namespace if record else None

    def _warn_if_uncommitted(self, source: AppSource) -> None:
        if source.commit.endswith(UNCOMMITTED):
            self._news(
                Event(
                    source.name,
                    "read",
                    NOTE,
                    message=_UNCOMMITTED_NOTE,
                )
            )

    def _say_problems(self, plan: Plan) -> None:
        for problem in plan.problems if len(plan.problems) > 1 else ():
            self._news(Event(plan.app, "preflight", NOTE, message=problem))

    def _say_done(self, plan: Plan, source: AppSource) -> None:
        message = f"deployed {short_commit(source.commit)} to {source.namespace}: {counts_text(plan)}"
        self._news(Event(plan.app, "deploy", NOTE, message=message))

    def _mirror(self, source: AppSource) -> None:
        """Keep in a ref what the cluster's record says, so that git can be asked what was deployed."""
        ref = deployed_ref(self.environment.name, source.name)
        run_git(["update-ref", ref, source.commit.removesuffix(UNCOMMITTED)], cwd=self.instance.root)

    @cached_property
    def _actor(self) -> Actor:
        host = socket.gethostname()

        def who() -> str:
            return self.settings.get("user.email") or f"{getpass.getuser()}@{host}"

        return Actor(who, f"{host}:{self.instance.root}")


def named_apps(instance: Instance, apps: Sequence[str], *, every: bool) -> list[str]:
    """Return which apps are to be deployed.

    Raises:
        UsageError: neither apps nor all of them are asked for, or both.
        InputError: one is not installed.
    """
    if not apps and not every:
        raise UsageError("say which apps to deploy", hint="git wild deploy APP…, --changed, or --all")
    if apps and every:
        raise UsageError("--all already means every app")
    named = instance.require_apps(tuple(apps))
    if not named:
        terminal.remark("no apps are installed, so there is nothing to deploy")
    return named


def read_ladder(settings: Settings) -> Ladder:
    """Return how patient to be with namespaces that terminate."""
    tries = settings.get("wild.terminatingTries") or str(Ladder.tries)
    if not tries.isdigit():
        raise InputError(f"wild.terminatingTries is {tries!r}, not a number", source="git config")
    return Ladder(seconds(settings, "wild.terminatingWait", Ladder.wait_s), int(tries))


@contextmanager
def masked_errors(mask: Callable[[str], str]) -> Iterator[None]:
    """Hide secrets in errors on their way out: a server may echo what it refused."""
    try:
        yield
    except WildgitError as error:
        error.message = mask(error.message)
        error.hint = mask(error.hint) if error.hint else error.hint
        error.args = (error.message,)
        raise


def short_commit(commit: str) -> str:
    """Return a recorded commit as people read it, still saying whether the work tree had changes."""
    dirty = UNCOMMITTED if commit.endswith(UNCOMMITTED) else ""
    return commit.removesuffix(UNCOMMITTED)[:7] + dirty


def _refuse_problems(plan: Plan) -> None:
    if plan.problems:
        more = f" (and {len(plan.problems) - 1} more)" if len(plan.problems) > 1 else ""
        raise ClusterError(
            f"{plan.app} can't be deployed: {plan.problems[0]}{more}",
            hint="nothing was changed in the cluster",
        )
