"""Drift as far as `status` can tell it in passing: from lists of objects, without builds and dry runs.

What was deployed is taken from the remembered build of the app's folder. An app whose folder is no longer
what was deployed, or whose build is not remembered (a fresh clone), is not looked at; `git wild drift` looks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.builds import remembered_build
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import Settings
from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.drift.authorship import REPLICAS
from wildgit.core.cluster.drift.difference import Difference
from wildgit.core.cluster.drift.glance import glance
from wildgit.core.cluster.drift.ignore_rules import read_rules, split_expired
from wildgit.core.cluster.field_ownership import lost_fields
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.errors import WildgitError

_SHOWN = 2  # of an app's differences; of more, all but the first are counted


class DriftGlance:
    """Looks at apps whose objects were read already."""

    def __init__(
        self, instance: Instance, repo: Repo, settings: Settings, cluster: Cluster, changed: Collection[str]
    ) -> None:
        """Take what there is to compare with.

        Args:
            instance: where the apps are.
            repo: its repository.
            settings: in force there.
            cluster: where the objects are from.
            changed: apps whose folder is not what HEAD has.
        """
        self._instance, self._repo, self._cluster = instance, repo, cluster
        self._changed = changed
        today = datetime.now(UTC).date().isoformat()
        self._rules, _ = split_expired(read_rules(settings.values), today)

    def words(
        self, record: DeployRecord, objects: Sequence[Object], unread: Collection[str]
    ) -> tuple[str, ...]:
        """Return what drifted, in a few words.

        Args:
            record: of the app's last deploy.
            objects: all of its objects, Secrets left out.
            unread: kinds that could not be listed.
        """
        deployed = self._deployed(record)
        if deployed is None:
            return ()
        wanted = [obj for obj in deployed if obj["kind"] not in ("Secret", *unread)]
        live = {identify(obj): obj for obj in objects}
        scalers = self._autoscalers(record.namespace) if _has_other_replicas(wanted, live) else []
        found = [_words(each) for each in glance(record.app, wanted, live, scalers, self._rules)]
        if len(found) <= _SHOWN:
            return tuple(found)
        return (f"{found[0]} and {len(found) - 1} more",)

    def _deployed(self, record: DeployRecord) -> list[Object] | None:
        """Return what was deployed, its Secrets left out; None where that takes a build to tell."""
        app, head = record.app, self._repo.head()
        if head is None or app in self._changed or not record.is_finished or record.claim:
            return None
        if record.is_dirty or not self._repo.has_commit(record.commit):
            return None
        trees = [self._repo.tree_at(commit, f"{APPS}/{app}") for commit in (head, record.commit)]
        built = remembered_build(self._instance, app) if trees[0] and trees[0] == trees[1] else None
        if built is None:
            return None
        try:
            return desired_objects(app, record.namespace, built, (), self._cluster.is_namespaced)
        except WildgitError:
            return None

    def _autoscalers(self, namespace: str) -> list[Object]:
        try:
            return self._cluster.list_objects("autoscaling/v1", "HorizontalPodAutoscaler", namespace)
        except ApiError:
            return []


def _has_other_replicas(deployed: Sequence[Object], live: Mapping[ResourceId, Object]) -> bool:
    found = ((obj, live.get(identify(obj))) for obj in deployed)
    return any(there is not None and REPLICAS in lost_fields(obj, there) for obj, there in found)


def _words(each: Difference) -> str:
    name = each.resource.short if each.resource else ""
    who = f" by {each.writer.manager}" if each.writer and each.writer.manager else ""
    return f"{name} {each.field}{who}" if each.path else f"{name} is gone"
