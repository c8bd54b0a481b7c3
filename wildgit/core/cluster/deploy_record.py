"""What the cluster itself knows of a deploy: annotations of the app's namespace, and what they mean.

The cluster is the record, so that any clone of the repository on any machine sees what was deployed and
what belongs to the app. A claim says that somebody deploys right now; it ends by itself, in case they died.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.kube_objects import Object, ResourceId, annotations_of, labels_of

COMMIT = "wild.cloud/commit"
DEPLOYED_AT = "wild.cloud/deployed-at"
DEPLOYED_BY = "wild.cloud/deployed-by"
INVENTORY = "wild.cloud/inventory"
CLAIM = "wild.cloud/deploying"
RECORD_ANNOTATIONS = (COMMIT, DEPLOYED_AT, DEPLOYED_BY, INVENTORY, CLAIM)
RECORD_MANAGER = "git-wild-record"
UNCOMMITTED = "-dirty"  # behind a commit, as `git describe --dirty` has it: the work tree had changes


@dataclass(frozen=True)
class Claim:
    """Who deploys an app right now: machine and folder, since and until when (RFC 3339, UTC)."""

    holder: str
    who: str
    since: str
    until: str

    def encoded(self) -> str:
        """Return it as the annotation holds it."""
        return json.dumps(self.__dict__, separators=(",", ":"))


@dataclass(frozen=True)
class DeployRecord:
    """What was deployed to one namespace; empty strings where it was not by us."""

    app: str
    namespace: str
    commit: str = ""
    deployed_at: str = ""
    deployed_by: str = ""
    inventory: tuple[ResourceId, ...] = ()
    claim: Claim | None = None

    @property
    def is_finished(self) -> bool:
        """Whether some deploy came to its end."""
        return bool(self.commit)

    @property
    def is_dirty(self) -> bool:
        """Whether what was deployed had changes that no commit has."""
        return self.commit.endswith(UNCOMMITTED)

    @property
    def base_commit(self) -> str:
        """The commit, without what says that the work tree had changes."""
        return self.commit.removesuffix(UNCOMMITTED)

    def annotations(self) -> dict[str, str]:
        """Return the annotations of the namespace that say all this."""
        said = {
            COMMIT: self.commit,
            DEPLOYED_AT: self.deployed_at,
            DEPLOYED_BY: self.deployed_by,
            INVENTORY: encode_inventory(self.inventory, self.namespace),
            CLAIM: self.claim.encoded() if self.claim else "",
        }
        return {key: value for key, value in said.items() if value}


def read_record(namespace: Object) -> DeployRecord:
    """Return what a namespace's annotations say."""
    said, name = annotations_of(namespace), str(namespace["metadata"]["name"])
    return DeployRecord(
        app=labels_of(namespace).get(APP_LABEL, ""),
        namespace=name,
        commit=said.get(COMMIT, ""),
        deployed_at=said.get(DEPLOYED_AT, ""),
        deployed_by=said.get(DEPLOYED_BY, ""),
        inventory=tuple(decode_inventory(said.get(INVENTORY, ""), name)),
        claim=_read_claim(said.get(CLAIM, "")),
    )


def encode_inventory(resources: Iterable[ResourceId], namespace: str) -> str:
    """Return resources as short text: apiVersion and kind, then names, `*` for the app's own namespace."""
    grouped: dict[str, list[str]] = {}
    for resource in sorted(resources):
        place = "*" if resource.namespace == namespace else resource.namespace
        grouped.setdefault(f"{resource.api_version} {resource.kind}", []).append(f"{place}/{resource.name}")
    return json.dumps(grouped, separators=(",", ":"))


def decode_inventory(text: str, namespace: str) -> list[ResourceId]:
    """Return the resources of an inventory; what somebody broke by hand is no inventory."""
    try:
        grouped = json.loads(text) if text else {}
    except ValueError:
        return []
    return list(_decoded(grouped, namespace)) if isinstance(grouped, Mapping) else []


def _decoded(grouped: Mapping[str, object], namespace: str) -> Iterable[ResourceId]:
    for key, names in grouped.items():
        api_version, _, kind = key.partition(" ")
        for entry in names if isinstance(names, list) else []:
            place, _, name = str(entry).partition("/")
            group = api_version.rpartition("/")[0]
            yield ResourceId(group, kind, namespace if place == "*" else place, name, api_version)


def _read_claim(text: str) -> Claim | None:
    try:
        said = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    return Claim(*(str(said.get(key, "")) for key in ("holder", "who", "since", "until")))
