"""One app while it is looked at for drift: what is known of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wildgit.adapters.cluster.app_source import AppSource
from wildgit.core.cluster.deploy_plan import Draft, Refusal
from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.drift.classify import ObjectStates
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify


@dataclass
class Look:
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

    def states(self, answers: Mapping[ResourceId, Object | Refusal | None]) -> Iterable[ObjectStates]:
        """Yield each object of the app in its three states, strangers last.

        Args:
            answers: what the server made of each object that it was asked to try.
        """
        deployed, source = self.deployed or {}, self.source
        sources = {
            ResourceId("", "Secret", source.namespace, secret.name): "secrets.yaml"
            for secret in source.secrets
        }
        sources |= {
            ResourceId("", "Secret", source.namespace, name): "the original in cert-manager"
            for name in self.certificates
        }
        desired = {identify(obj): obj for obj in self.desired}
        ordered = sorted(self.live, key=lambda resource: (resource.rank, resource))
        for resource in ordered:
            yield ObjectStates(
                resource,
                desired.get(resource),
                deployed.get(resource),
                self.live[resource],
                answers.get(resource),
                sources.get(resource, ""),
            )
        for obj in self.strangers:
            yield ObjectStates(identify(obj), live=obj)
