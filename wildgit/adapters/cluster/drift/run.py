"""Drift of one app or many: read git, the deployed commits and the cluster, and have core compare them.

Nothing is written. Whatever the number of apps, the cluster is asked in a handful of lists, and dry runs are
sent only for objects of which managedFields do not already prove that an apply would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.app_source import AppSource
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.drift.cluster_side import ClusterSide
from wildgit.adapters.cluster.drift.git_side import GitSide
from wildgit.adapters.cluster.drift.look import Look
from wildgit.adapters.cluster.target import open_cluster
from wildgit.adapters.git.work_tree import uncommitted_by_app
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.deploy_plan import Refusal
from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.drift.classify import AppStates, classify_drift
from wildgit.core.cluster.drift.difference import Difference, DriftClass
from wildgit.core.cluster.drift.ignore_rules import IgnoreRule, read_rules, split_expired
from wildgit.core.cluster.environment import Environment
from wildgit.core.cluster.kube_objects import Object, ResourceId

_ROLLED_BACK = "rolled back to {0}, which is not committed: a deploy would bring back what was taken out"


@dataclass(frozen=True)
class AppDrift:
    """What was found out about one app.

    Attributes:
        app: its name.
        differences: all of them; empty where it could not be looked at.
        record: of the last deploy; None where it is not known.
        notes: what else a reader should know.
        problem: why it could not be looked at; "" where it was.
        rolled_back: the commit that it was rolled back to, where that still has to be committed; "" for none.
    """

    app: str
    differences: tuple[Difference, ...] = ()
    record: DeployRecord | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    rolled_back: str = ""

    @property
    def has_drift(self) -> bool:
        """Whether some difference counts as drift."""
        return any(difference.counts for difference in self.differences)


class DriftRun:
    """One look at apps in one cluster."""

    def __init__(self, instance: Instance, target: tuple[Cluster, Environment]) -> None:
        self.instance = instance
        self.cluster, self.environment = target
        self._git = GitSide(instance, self.environment, self.cluster.is_namespaced)
        self._live = ClusterSide(self.cluster, has_secrets=self._git.has_secrets)
        rules = read_rules(read_settings(instance.root).values)
        self.rules, self.expired = split_expired(rules, datetime.now(UTC).date().isoformat())

    @classmethod
    def open(cls, instance: Instance, environment: str | None = None) -> DriftRun:
        """Return a run against the cluster of an environment, or of the current branch's."""
        settings = read_settings(instance.root)
        return cls(instance, open_cluster(instance, settings, environment, reads_only=True))

    @property
    def other_branch(self) -> str | None:
        """The branch that is deployed to this environment, if it is not what is checked out."""
        return self._git.other_branch

    def look(self, apps: Sequence[str]) -> list[AppDrift]:
        """Return what there is to say of each app. One that can't be looked at does not hide the others.

        Raises:
            ClusterError: the cluster can't be asked.
            GitError: there is no commit yet.
        """
        try:
            return self._look(apps)
        except ApiError as error:
            if not error.is_forbidden or len(apps) < 2:
                raise
        return [found for app in apps for found in self._look_alone(app)]

    def _look_alone(self, app: str) -> list[AppDrift]:
        """Look at one app of which we may not be allowed to read everything."""
        try:
            return self._look([app])
        except ApiError as error:
            if not error.is_forbidden:
                raise
            return [AppDrift(app, problem=error.message)]

    def _look(self, apps: Sequence[str]) -> list[AppDrift]:
        head = self._git.commit()
        changed = uncommitted_by_app(self.instance.root) if self.other_branch is None else {}
        sources = self._git.sources(head, apps)
        looks = {app: Look(source) for app, source in sources.items() if isinstance(source, AppSource)}
        broken = self._live.read_desired(looks)
        for app in broken:
            del looks[app]
        self._live.read_namespaces(looks)
        self._git.read_deployed(head, looks)
        self._live.read_live(looks)
        self._live.read_strangers(looks)
        answers = self._live.try_all(looks)
        found = []
        for app in apps:
            source = sources.get(app)
            if app in looks:
                found.append(self._classified(looks[app], answers[app], changed.get(app, [])))
            elif source is None:
                files = AppStates(app, (), changed_files=changed.get(app, []))
                found.append(AppDrift(app, classify_drift(files), notes=("not committed yet",)))
            else:
                problem = broken.get(app) or str(source)
                found.append(AppDrift(app, problem=problem))
        return found

    def _classified(
        self, look: Look, answers: Mapping[ResourceId, Object | Refusal | None], changed: Sequence[str]
    ) -> AppDrift:
        record = look.record
        states = AppStates(
            look.source.name,
            list(look.states(answers)),
            look.inventory,
            is_deployed_known=look.deployed is not None,
            is_deployed_dirty=bool(record and record.is_dirty),
            changed_files=changed,
        )
        states = self._live.with_scalers(states, look.source.namespace)
        rules = [rule for rule in self.rules if rule.app == look.source.name]
        differences = classify_drift(states, rules)
        is_pending = any(each.kind is DriftClass.PENDING for each in differences)
        rolled_back = self._git.open_rollback(look) if is_pending else ""
        if rolled_back:
            look.notes.append(_ROLLED_BACK.format(rolled_back[:7]))
        return AppDrift(look.source.name, differences, record, tuple(look.notes), rolled_back=rolled_back)


def look_for_drift(
    instance: Instance, apps: Sequence[str], environment: str | None = None
) -> tuple[list[AppDrift], list[IgnoreRule]]:
    """Return the drift of apps, and the rules of `.wildconfig` whose time is over."""
    run = DriftRun.open(instance, environment)
    return run.look(apps), [rule for rule in run.expired if rule.app in apps]
