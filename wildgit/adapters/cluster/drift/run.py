"""Drift of one app or many: read git, the deployed commits and the cluster, and have core compare them.

Nothing is written. Whatever the number of apps, the cluster is asked in a handful of lists, and dry runs are
sent only for objects of which managedFields do not already prove that an apply would change nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.app_source import AppSource, read_source, stand_in_secrets, start_builds
from wildgit.adapters.cluster.client import Cluster, Kind, UnknownKind
from wildgit.adapters.cluster.deployed_commits import deployed_ref
from wildgit.adapters.cluster.namespaces import namespace_id
from wildgit.adapters.cluster.survey import read_certificates, read_each, read_resources, try_all
from wildgit.adapters.cluster.target import checked_out, open_cluster
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.git.work_tree import uncommitted_by_app
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.revision import instance_at
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.deploy_plan import Draft, Refusal, draft
from wildgit.core.cluster.deploy_record import UNCOMMITTED, DeployRecord, read_record
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.drift.authorship import DERIVED_KINDS, REPLICAS, is_stranger
from wildgit.core.cluster.drift.classify import AppStates, ObjectStates, classify_drift
from wildgit.core.cluster.drift.difference import Difference
from wildgit.core.cluster.drift.ignore_rules import IgnoreRule, read_rules, split_expired
from wildgit.core.cluster.environment import Environment
from wildgit.core.cluster.field_diff import value_at
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.errors import GitError, InputError, WildgitError

_HEAD_MARK = "now"  # instead of a revision's name: marks of secrets are no part of what is compared
_NAMESPACES_AT_MOST = 3  # of more, every kind is listed in the whole cluster at once
_FORBIDDEN = 403
_NOT_THERE = "the cluster has no namespace {0}"
_UNKNOWN_COMMIT = "deployed from {0}, which this repository has not (git fetch); told by who owns the fields"
_NO_SECRETS = "its secrets are not looked at: there is no secrets.yaml here"
_DIRTY = "deployed with changes that were not committed"
_UNDER_WAY = "{0} deploys it since {1}"


@dataclass(frozen=True)
class AppDrift:
    """What was found out about one app.

    Attributes:
        app: its name.
        differences: all of them; empty where it could not be looked at.
        record: of the last deploy; None where it is not known.
        notes: what else a reader should know.
        problem: why it could not be looked at; "" where it was.
    """

    app: str
    differences: tuple[Difference, ...] = ()
    record: DeployRecord | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def has_drift(self) -> bool:
        """Whether some difference counts as drift."""
        return any(difference.counts for difference in self.differences)


@dataclass
class _Look:
    """One app while it is looked at; filled step by step."""

    source: AppSource
    namespace: Object | None = None
    record: DeployRecord | None = None
    desired: list[Object] = field(default_factory=list)
    deployed: dict[ResourceId, Object] | None = None  # None: not known
    certificates: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    live: dict[ResourceId, Object | None] = field(default_factory=dict)
    drafted: Draft | None = None
    strangers: list[Object] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        """Whether some deploy came to its end, and none is under way."""
        return self.record is not None and self.record.is_finished and self.record.claim is None

    @property
    def inventory(self) -> frozenset[ResourceId]:
        """What belongs to the app; nothing after a deploy that did not come to its end."""
        return frozenset(self.record.inventory) if self.record and self.is_settled else frozenset()

    @property
    def absent(self) -> str:
        """The app's namespace where the cluster has it not."""
        return "" if self.namespace else self.source.namespace


class DriftRun:
    """One look at apps in one cluster."""

    def __init__(self, instance: Instance, target: tuple[Cluster, Environment]) -> None:
        self.instance = instance
        self.cluster, self.environment = target
        self.repo = Repo(instance.root)
        rules = read_rules(read_settings(instance.root).values)
        self.has_secrets = instance.secrets_path.exists()
        self.rules, self.expired = split_expired(rules, datetime.now(UTC).date().isoformat())

    @classmethod
    def open(cls, instance: Instance, environment: str | None = None) -> DriftRun:
        """Return a run against the cluster of an environment, or of the current branch's."""
        settings = read_settings(instance.root)
        return cls(instance, open_cluster(instance, settings, environment, reads_only=True))

    def look(self, apps: Sequence[str]) -> list[AppDrift]:
        """Return what there is to say of each app. One that can't be looked at does not hide the others.

        Raises:
            ClusterError: the cluster can't be asked.
            GitError: there is no commit yet.
        """
        try:
            return self._look(apps)
        except ApiError as error:
            if error.code != _FORBIDDEN or len(apps) < 2:
                raise
        return [found for app in apps for found in self._look_alone(app)]

    def _look_alone(self, app: str) -> list[AppDrift]:
        """Look at one app of which we may not be allowed to read everything."""
        try:
            return self._look([app])
        except ApiError as error:
            if error.code != _FORBIDDEN:
                raise
            return [AppDrift(app, problem=error.message)]

    def _look(self, apps: Sequence[str]) -> list[AppDrift]:
        head = self._commit()
        changed = uncommitted_by_app(self.instance.root) if self.other_branch is None else {}
        sources = self._sources(head, apps)
        looks = {app: _Look(source) for app, source in sources.items() if isinstance(source, AppSource)}
        broken = self._read_desired(looks)
        for app in broken:
            del looks[app]
        self._read_namespaces(looks)
        self._read_deployed(head, looks)
        self._read_live(looks)
        self._read_strangers(looks)
        answers = self._try(looks)
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

    # git

    @property
    def other_branch(self) -> str | None:
        """The branch that is deployed to this environment, if it is not what is checked out."""
        branch = self.environment.branch
        return None if branch is None or branch in checked_out(self.instance.root) else branch

    def _commit(self) -> str:
        """Return what git says is to be deployed: HEAD, or the tip of the environment's own branch."""
        other = self.other_branch
        if other is None:
            head = self.repo.head()
            if head is None:
                raise GitError("there is no commit yet to compare with", hint="git add -A && git commit")
            return head
        found = self.repo.find_branch(other)
        if found is not None:
            return found[1]
        raise GitError(
            f"{self.environment.name} is deployed from the branch {other}, which is not here",
            hint=f"git fetch origin {other}:{other}",
        )

    def _sources(self, head: str, apps: Sequence[str]) -> dict[str, AppSource | WildgitError]:
        """Return what each app should be as HEAD has it, or why that can't be told; none of new apps."""
        found: dict[str, AppSource | WildgitError] = {}
        committed = [app for app in apps if self.repo.tree_at(head, f"{APPS}/{app}")]
        with instance_at(self.instance, self.repo, head, committed) as revision:
            secrets = None if self.has_secrets else stand_in_secrets(revision)
            for app, build in start_builds(revision, committed):
                try:
                    if isinstance(build, InputError):
                        raise build
                    source = read_source(revision, app, build, commit=head, secrets=secrets)
                    found[app] = source if self.has_secrets else replace(source, secrets=())
                except WildgitError as error:
                    found[app] = error
        return found

    def _read_deployed(self, head: str, looks: Mapping[str, _Look]) -> None:
        """Build what was deployed, where it is not what HEAD has."""
        by_commit: dict[str, list[str]] = defaultdict(list)
        for app, look in looks.items():
            if look.record is None or not look.is_settled:
                look.deployed = self._placed(look, look.source.built) if self._was_deployed(look) else {}
                continue
            commit = look.record.commit.removesuffix(UNCOMMITTED)
            if look.record.commit.endswith(UNCOMMITTED):
                look.notes.append(_DIRTY)
            if not self.repo.has_commit(commit):
                look.notes.append(_UNKNOWN_COMMIT.format(commit[:7]))
            elif self.repo.tree_at(commit, f"{APPS}/{app}") != self.repo.tree_at(head, f"{APPS}/{app}"):
                by_commit[commit].append(app)
            else:
                look.deployed = self._placed(look, look.source.built)
        for commit, apps in by_commit.items():
            self._build_deployed(commit, {app: looks[app] for app in apps})

    def _build_deployed(self, commit: str, looks: Mapping[str, _Look]) -> None:
        there = [app for app in looks if self.repo.tree_at(commit, f"{APPS}/{app}")]
        for app in looks.keys() - set(there):
            looks[app].deployed = {}
        with instance_at(self.instance, self.repo, commit, there) as revision:
            for app, build in start_builds(revision, there):
                try:
                    if isinstance(build, InputError):
                        raise build
                    looks[app].deployed = self._placed(looks[app], build.resources())
                except InputError as error:
                    looks[app].notes.append(f"what was deployed does not build: {error.message}")

    def _was_deployed(self, look: _Look) -> bool:
        """Whether this clone deployed an app whose namespace is gone: the record went with it."""
        ref = deployed_ref(self.environment.name, look.source.name)
        return look.namespace is None and self.repo.find_commit(ref) is not None

    def _placed(self, look: _Look, built: Iterable[Object]) -> dict[ResourceId, Object]:
        source = look.source
        objects = desired_objects(
            source.name, source.namespace, list(built), source.secrets, self.cluster.is_namespaced
        )
        return {identify(obj): obj for obj in objects}

    # The cluster

    def _read_namespaces(self, looks: Mapping[str, _Look]) -> None:
        wanted = {app: namespace_id(look.source.namespace) for app, look in looks.items()}
        found = read_each(self.cluster, wanted.values())
        for app, look in looks.items():
            look.namespace = found[wanted[app]]
            if look.namespace is None:
                look.notes.append(_NOT_THERE.format(look.source.namespace))
                continue
            if look.namespace["metadata"].get("deletionTimestamp"):
                look.notes.append(f"its namespace {look.source.namespace} is Terminating")
            look.record = read_record(look.namespace)
            if not self.has_secrets:
                inventory = tuple(each for each in look.record.inventory if not _is_secret(each))
                look.record = replace(look.record, inventory=inventory)
                look.notes.append(_NO_SECRETS)
            if look.record.claim:
                look.notes.append(_UNDER_WAY.format(look.record.claim.who, look.record.claim.since))

    def _read_desired(self, looks: Mapping[str, _Look]) -> dict[str, str]:
        """Work out what each app should be; return the problems of those of which that can't be said."""
        broken = {}
        for app, look in looks.items():
            source = look.source
            copied: list[Object] = []
            if self.has_secrets:
                copied, _ = read_certificates(self.cluster, source.built, source.namespace)
            look.certificates = frozenset(str(obj["metadata"]["name"]) for obj in copied)
            try:
                look.desired = desired_objects(
                    app,
                    source.namespace,
                    source.built,
                    [*source.secrets, *copied],
                    self.cluster.is_namespaced,
                )
            except InputError as error:
                broken[app] = str(error)
        return broken

    def _read_live(self, looks: Mapping[str, _Look]) -> None:
        wanted = {
            app: list(dict.fromkeys([*map(identify, look.desired), *look.inventory, *(look.deployed or {})]))
            for app, look in looks.items()
        }
        there = [
            resource
            for app, look in looks.items()
            for resource in wanted[app]
            if not look.absent or resource.namespace != look.absent
        ]
        found = read_resources(self.cluster, dict.fromkeys(there))
        for app, look in looks.items():
            look.live = {resource: found.get(resource) for resource in wanted[app]}
            look.drafted = draft(
                app, look.source.namespace, look.desired, look.live, _HEAD_MARK, restart=True
            )

    def _read_strangers(self, looks: Mapping[str, _Look]) -> None:
        """Look for what somebody put into the apps' namespaces by hand."""
        by_namespace = {look.source.namespace: look for look in looks.values() if look.is_settled}
        if not by_namespace:
            return
        known = {
            str(obj["metadata"].get("uid"))
            for look in looks.values()
            for obj in look.live.values()
            if obj is not None
        }
        for obj in list_namespaces(self.cluster, list(by_namespace)):
            look = by_namespace.get(obj["metadata"].get("namespace"))
            uid = str(obj["metadata"].get("uid"))
            if not self.has_secrets and _is_secret(identify(obj)):
                continue
            if look is not None and uid not in known and is_stranger(obj, look.source.name):
                known.add(uid)  # some kinds are served by several groups
                look.strangers.append(obj)

    def _try(self, looks: Mapping[str, _Look]) -> dict[str, dict[ResourceId, Object | Refusal | None]]:
        drafts = [(look.drafted, look.absent) for look in looks.values() if look.drafted and not look.absent]
        answers = iter(try_all(self.cluster, drafts))
        return {app: {} if look.absent or not look.drafted else next(answers) for app, look in looks.items()}

    def _classified(
        self, look: _Look, answers: Mapping[ResourceId, Object | Refusal | None], changed: Sequence[str]
    ) -> AppDrift:
        record = look.record
        states = AppStates(
            look.source.name,
            list(_object_states(look, answers)),
            look.inventory,
            is_deployed_known=look.deployed is not None,
            is_deployed_dirty=bool(record and record.commit.endswith(UNCOMMITTED)),
            changed_files=changed,
        )
        scaled = [each.resource for each in states.objects if _is_scaled(each)]
        if scaled:
            states = self._with_scalers(states, look.source.namespace, scaled)
        rules = [rule for rule in self.rules if rule.app == look.source.name]
        return AppDrift(look.source.name, classify_drift(states, rules), record, tuple(look.notes))

    def _with_scalers(self, states: AppStates, namespace: str, scaled: Sequence[ResourceId]) -> AppStates:
        """Add what tells a controller's scaling from a person's, and when it was."""

        def read(kind: tuple[str, str]) -> list[Object]:
            try:
                return self.cluster.list_objects(*kind, namespace)
            except (UnknownKind, ApiError):
                return []  # without it, the answer is only less precise

        autoscalers, events = self.cluster.all(
            read, [("autoscaling/v1", "HorizontalPodAutoscaler"), ("v1", "Event")]
        )
        times: dict[ResourceId, str] = {}
        for event in events:
            about = event.get("involvedObject") or {}
            for resource in scaled:
                is_it = (about.get("kind"), about.get("name")) == (resource.kind, resource.name)
                if is_it and event.get("reason") == "ScalingReplicaSet":
                    at = str(event.get("lastTimestamp") or event.get("eventTime") or "")
                    times[resource] = max(times.get(resource, ""), at)
        return replace(states, autoscalers=autoscalers, scaled_at=times)


def list_namespaces(cluster: Cluster, namespaces: Sequence[str]) -> list[Object]:
    """Return the metadata of all objects in some namespaces; kinds that we may not list are left out."""
    kinds = [kind for kind in cluster.namespaced_kinds() if kind.name not in DERIVED_KINDS]
    places = [""] if len(namespaces) > _NAMESPACES_AT_MOST else namespaces

    def list_one(wanted: tuple[Kind, str]) -> list[Object]:
        kind, namespace = wanted
        try:
            return cluster.list_objects(kind.api_version, kind.name, namespace, metadata_only=True)
        except ApiError as error:
            if error.code not in (403, 404, 405, 503):
                raise
        if namespace:
            return []
        return [obj for name in namespaces for obj in list_one((kind, name))]

    wanted = [(kind, namespace) for kind in kinds for namespace in places]
    return [obj for listed in cluster.all(list_one, wanted) for obj in listed]


def look_for_drift(
    instance: Instance, apps: Sequence[str], environment: str | None = None
) -> tuple[list[AppDrift], list[IgnoreRule]]:
    """Return the drift of apps, and the rules of `.wildconfig` whose time is over."""
    run = DriftRun.open(instance, environment)
    return run.look(apps), [rule for rule in run.expired if rule.app in apps]


def _object_states(
    look: _Look, answers: Mapping[ResourceId, Object | Refusal | None]
) -> Iterable[ObjectStates]:
    deployed, source = look.deployed or {}, look.source
    sources = {
        ResourceId("", "Secret", source.namespace, secret.name): "secrets.yaml" for secret in source.secrets
    }
    sources |= {
        ResourceId("", "Secret", source.namespace, name): "the original in cert-manager"
        for name in look.certificates
    }
    desired = {identify(obj): obj for obj in look.desired}
    ordered = sorted(look.live, key=lambda resource: (resource.rank, resource))
    for resource in ordered:
        yield ObjectStates(
            resource,
            desired.get(resource),
            deployed.get(resource),
            look.live[resource],
            answers.get(resource),
            sources.get(resource, ""),
        )
    for obj in look.strangers:
        yield ObjectStates(identify(obj), live=obj)


def _is_secret(resource: ResourceId) -> bool:
    return (resource.group, resource.kind) == ("", "Secret")


def _is_scaled(each: ObjectStates) -> bool:
    if each.live is None or not isinstance(each.answer, dict):
        return False
    return bool(value_at(each.live, REPLICAS) != value_at(each.answer, REPLICAS))
