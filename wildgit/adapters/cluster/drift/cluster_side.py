"""What a cluster has of apps, and what it says to what they are to be. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wildgit.adapters.cluster import survey
from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.client import Cluster, Kind
from wildgit.adapters.cluster.drift.look import Look
from wildgit.adapters.cluster.namespaces import namespace_id
from wildgit.adapters.cluster.survey import read_certificates, read_each, read_resources
from wildgit.core.cluster.deploy_plan import Refusal, draft
from wildgit.core.cluster.deploy_record import read_record
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.drift.authorship import DERIVED_KINDS, REPLICAS, is_stranger
from wildgit.core.cluster.drift.classify import AppStates, ObjectStates
from wildgit.core.cluster.field_diff import value_at
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.errors import InputError

_HEAD_MARK = "now"  # instead of a revision's name: marks of secrets are no part of what is compared
_NAMESPACES_AT_MOST = 3  # of more, every kind is listed in the whole cluster at once
_NOT_THERE = "the cluster has no namespace {0}"
_NO_SECRETS = "its secrets are not looked at: there is no secrets.yaml here"
_UNDER_WAY = "{0} deploys it since {1}"


class ClusterSide:
    """The cluster that apps are looked for in.

    Without `has_secrets`, nothing is said of Secrets: what they should be is not known here.
    """

    def __init__(self, cluster: Cluster, *, has_secrets: bool) -> None:
        self.cluster, self.has_secrets = cluster, has_secrets

    def read_namespaces(self, looks: Mapping[str, Look]) -> None:
        """Read the apps' namespaces, and the records of deploys that they carry."""
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

    def read_desired(self, looks: Mapping[str, Look]) -> dict[str, str]:
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

    def read_live(self, looks: Mapping[str, Look]) -> None:
        """Read all objects that git, the deployed commit or the inventory names; draft an apply of HEAD."""
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

    def read_strangers(self, looks: Mapping[str, Look]) -> None:
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
        for obj in _metadata_in(self.cluster, list(by_namespace)):
            look = by_namespace.get(obj["metadata"].get("namespace"))
            uid = str(obj["metadata"].get("uid"))
            if not self.has_secrets and _is_secret(identify(obj)):
                continue
            if look is not None and uid not in known and is_stranger(obj, look.source.name):
                known.add(uid)  # some kinds are served by several groups
                look.strangers.append(obj)

    def try_all(self, looks: Mapping[str, Look]) -> dict[str, dict[ResourceId, Object | Refusal | None]]:
        """Return app → what the server makes of each drafted object; none without a namespace."""
        drafts = [(look.drafted, look.absent) for look in looks.values() if look.drafted and not look.absent]
        answers = iter(survey.try_all(self.cluster, drafts))
        return {app: {} if look.absent or not look.drafted else next(answers) for app, look in looks.items()}

    def with_scalers(self, states: AppStates, namespace: str) -> AppStates:
        """Add what tells a controller's scaling from a person's, and when it was; nothing if none was."""
        scaled = [each.resource for each in states.objects if _is_scaled(each)]
        if not scaled:
            return states

        def read(kind: tuple[str, str]) -> list[Object]:
            try:
                return self.cluster.list_objects(*kind, namespace)
            except ApiError:
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


def _metadata_in(cluster: Cluster, namespaces: Sequence[str]) -> list[Object]:
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


def _is_secret(resource: ResourceId) -> bool:
    return (resource.group, resource.kind) == ("", "Secret")


def _is_scaled(each: ObjectStates) -> bool:
    if each.live is None or not isinstance(each.answer, dict):
        return False
    return bool(value_at(each.live, REPLICAS) != value_at(each.answer, REPLICAS))
