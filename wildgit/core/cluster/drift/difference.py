"""One difference between git and a cluster: what it is about, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from wildgit.core.cluster.drift.ignore_rules import IgnoreRule
from wildgit.core.cluster.field_diff import ABSENT, HIDDEN, path_text
from wildgit.core.cluster.field_ownership import Writer
from wildgit.core.cluster.kube_objects import ResourceId


class DriftClass(StrEnum):
    """Whose difference it is, and so what to do about it."""

    DRIFTED = "drifted"  # changed in the cluster behind git's back
    MISSING = "missing"  # gone from the cluster behind git's back
    EXTRA = "extra"  # in the cluster, not in git
    SECRETS = "secrets"  # the cluster's Secret is not what secrets.yaml says
    PENDING = "pending"  # committed, and not yet deployed
    UNCOMMITTED = "uncommitted"  # in the work tree, and not yet committed
    INTENTIONAL = "intentional"  # changed in the cluster, then committed: both agree
    CONTROLLER = "controller"  # a controller's own business

    @property
    def is_drift(self) -> bool:
        """Whether the cluster is not what was deployed, so that `drift` answers with 1."""
        return self in (DriftClass.DRIFTED, DriftClass.MISSING, DriftClass.EXTRA, DriftClass.SECRETS)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do about it."""
        return self in (DriftClass.INTENTIONAL, DriftClass.CONTROLLER)


@dataclass(frozen=True)
class Difference:
    """One difference. Values of Secrets are not in it.

    Attributes:
        kind: whose difference it is.
        resource: where; None for files of the work tree.
        path: the field; () for the whole object.
        live: what the cluster has there; ABSENT for nothing.
        wanted: what a deploy of HEAD would put there; ABSENT for nothing.
        writer: who wrote what the cluster has; None where nobody was recorded.
        note: what else there is to say.
        ignored: the rule of `.wildconfig` by which it does not count.
    """

    kind: DriftClass
    resource: ResourceId | None
    path: tuple[str, ...] = ()
    live: Any = ABSENT
    wanted: Any = ABSENT
    writer: Writer | None = None
    note: str = ""
    ignored: IgnoreRule | None = None

    @property
    def field(self) -> str:
        """The path as people write it; "" for the whole object."""
        return path_text(self.path)

    @property
    def counts(self) -> bool:
        """Whether it is drift, and no rule says otherwise."""
        return self.kind.is_drift and self.ignored is None

    @property
    def is_secret_value(self) -> bool:
        """Whether it is about what a Secret holds."""
        is_secret = self.resource is not None and self.resource.kind == "Secret"
        return is_secret and self.path[:1] in (("data",), ("stringData",))

    def masked(self) -> Difference:
        """Return it without values, if they are a Secret's."""
        if not self.is_secret_value:
            return self
        live, wanted = (value if value is ABSENT else HIDDEN for value in (self.live, self.wanted))
        return replace(self, live=live, wanted=wanted)


def matching_rule(rules: Sequence[IgnoreRule], app: str, found: Difference) -> IgnoreRule | None:
    """Return the rule by which a difference is ignored; None where it counts."""
    if found.resource is None:
        return None
    resource = found.resource.short
    return next((r for r in rules if r.app == app and r.name.covers(resource, found.field)), None)
