"""What differs between git, what was deployed, and the cluster, field by field, and whose difference it is.

Three states of each object: what HEAD says, what the deployed commit said, what the cluster has. What a
deploy of HEAD would make of the cluster's object comes from a server dry run, so what the server fills in and
what admission adds are no differences. Records in, records out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from wildgit.core.cluster.deploy_plan import KEPT_WITHOUT_PRUNE_DATA, Refusal
from wildgit.core.cluster.desired_state import APP_LABEL, REVISION, SECRETS_READ
from wildgit.core.cluster.field_diff import (
    ABSENT,
    HIDDEN,
    Change,
    changed_fields,
    differing_fields,
    path_text,
    removed_fields,
    value_at,
)
from wildgit.core.cluster.field_ownership import (
    LAST_APPLIED,
    Writer,
    applied_fields,
    client_side_fields,
    field_writers,
    last_applied,
    lost_fields,
)
from wildgit.core.cluster.ignore_rules import IgnoreRule, matching_rule
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify, labels_of

REPLICAS = ("spec", "replicas")
# The cluster's own hands. What they write is never somebody's edit.
_CONTROL_PLANE = frozenset(
    {
        "kube-controller-manager",
        "kube-scheduler",
        "kube-apiserver",
        "kubelet",
        "cloud-controller-manager",
    }
)
# Filled in by whoever keeps the certificates, wherever it is declared.
_CONTROLLED_FIELDS = ("caBundle",)
# kubectl commands that change what is there already; every other one can make an object.
_EDITING = ("label", "annotate", "edit", "patch", "set", "rollout", "scale", "taint")
# Kinds that controllers make beside the objects of people, without saying whose they are.
DERIVED_KINDS = frozenset(
    {"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision", "PodMetrics", "ReplicaSet"}
)


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


@dataclass(frozen=True)
class ObjectStates:
    """One object in its three states.

    Attributes:
        resource: which.
        head: as HEAD has it; None where it has not.
        deployed: as the deployed commit has it; None where it has not, or is not known.
        live: as the cluster has it; None where it has not.
        answer: what an apply of HEAD would make of it, or why the server refuses; None where no dry run was
            needed or possible.
        secrets_of: where its data comes from if not from git, in words; "" for what is in git.
    """

    resource: ResourceId
    head: Object | None = None
    deployed: Object | None = None
    live: Object | None = None
    answer: Object | Refusal | None = None
    secrets_of: str = ""


@dataclass(frozen=True)
class AppStates:
    """One app in its three states.

    Attributes:
        app: its name.
        objects: all that HEAD, the deployed commit or the inventory names, and what else is in its namespace.
        inventory: what the last deploy recorded as belonging to the app.
        is_deployed_known: this repository has the deployed commit.
        is_deployed_dirty: what was deployed had changes that no commit has.
        autoscalers: the HorizontalPodAutoscalers of its namespace.
        scaled_at: when a workload was last scaled, as events say it.
        changed_files: files of the app that differ from HEAD in the work tree.
    """

    app: str
    objects: Sequence[ObjectStates]
    inventory: frozenset[ResourceId] = frozenset()
    is_deployed_known: bool = True
    is_deployed_dirty: bool = False
    autoscalers: Sequence[Object] = ()
    scaled_at: Mapping[ResourceId, str] = field(default_factory=dict)
    changed_files: Sequence[str] = ()


def classify_drift(states: AppStates, rules: Sequence[IgnoreRule] = ()) -> tuple[Difference, ...]:
    """Return every difference of an app, in the order of its objects; files of the work tree come last.

    Args:
        states: the app.
        rules: what is to be ignored; expired ones left out.
    """
    found = [difference for each in states.objects for difference in _classify(each, states)]
    found += [Difference(DriftClass.UNCOMMITTED, None, note=path) for path in states.changed_files]
    return tuple(replace(each, ignored=matching_rule(rules, states.app, each)) for each in found)


def glance(
    app: str,
    deployed: Iterable[Object],
    live: Mapping[ResourceId, Object],
    autoscalers: Iterable[Object],
    rules: Sequence[IgnoreRule],
) -> list[Difference]:
    """Return what was changed or deleted behind git's back, as far as it shows without a dry run.

    It is told by what the last deploy owns no more. What is missing in it: objects that were added, and texts
    that somebody changed through a server too old to record it.

    Args:
        app: whose objects these are.
        deployed: what was deployed, its Secrets left out.
        live: what the cluster has; kinds that could not be read left out of `deployed`, too.
        autoscalers: the HorizontalPodAutoscalers of its namespace.
        rules: what is to be ignored.
    """
    scalers = list(autoscalers)
    found: list[Difference] = []
    for obj in deployed:
        resource = identify(obj)
        if resource not in live:
            each = ObjectStates(resource, head=obj, deployed=obj)
            found += _absent(each, AppStates(app, [each]))
            continue
        for path in lost_fields(obj, live[resource]):
            writers = field_writers(live[resource], path)
            writer = next((writer for writer in writers if not writer.is_us), None)
            is_scaled = path == REPLICAS and _autoscaler_of(resource, scalers)
            if not is_scaled and not (writer and _is_controllers(writer, path)):
                found.append(Difference(DriftClass.DRIFTED, resource, path, writer=writer))
    return [each for each in found if each.kind.is_drift and not matching_rule(rules, app, each)]


def is_stranger(obj: Object, app: str) -> bool:
    """Whether an object of an app's namespace was put there by hand, or bears the app's label.

    Controllers fill a namespace, too: what is owned by another object is theirs, and so is what no kubectl
    made. An object that somebody made with another tool and that has no label of ours is not recognised.
    """
    metadata = obj["metadata"]
    if metadata.get("ownerReferences") or metadata.get("deletionTimestamp") or obj["kind"] in DERIVED_KINDS:
        return False
    if labels_of(obj).get(APP_LABEL) == app:
        return True
    managers = [str(entry.get("manager")) for entry in metadata.get("managedFields") or []]
    made_by = [m for m in managers if m == "kubectl" or m.startswith("kubectl-")]
    return any(m.removeprefix("kubectl-") not in _EDITING for m in made_by)


def _classify(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    if each.head is None:
        yield from _unwanted(each, states)
    elif each.live is None:
        yield from _absent(each, states)
    else:
        for change in _changes(each):
            yield _classify_change(change, each, states)
        yield from _intentional(each, states)


def _unwanted(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    """What HEAD has not."""
    resource, live = each.resource, each.live
    if live is None:
        if each.deployed is not None:
            yield Difference(DriftClass.INTENTIONAL, resource, note="deleted in the cluster, then in git")
        return
    if labels_of(live).get(APP_LABEL, states.app) != states.app or live["metadata"].get("deletionTimestamp"):
        return
    is_ours = resource in states.inventory
    if is_ours and (resource.kind in KEPT_WITHOUT_PRUNE_DATA or resource.kind == "Namespace"):
        said = "not in git any more; deploy keeps it"
        yield Difference(DriftClass.PENDING, resource, live={}, note=f"{said}, --prune-data deletes it")
    elif is_ours and (each.deployed is not None or not states.is_deployed_known):
        yield Difference(DriftClass.PENDING, resource, live={}, note="not in git any more; deploy deletes it")
    else:
        note = "deploy deletes it" if is_ours else "deploy leaves it alone"
        yield Difference(DriftClass.EXTRA, resource, live={}, writer=_maker(live), note=note)


def _absent(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    """What HEAD has and the cluster has not."""
    resource, head = each.resource, each.head or {}
    was_there = each.deployed is not None or resource in states.inventory
    if not was_there:
        yield Difference(DriftClass.PENDING, resource, wanted={}, note="deploy creates it")
    elif head.get("kind") == "Job" and (head.get("spec") or {}).get("ttlSecondsAfterFinished") is not None:
        note = "finished, and deleted as its ttlSecondsAfterFinished says"
        yield Difference(DriftClass.CONTROLLER, resource, wanted={}, note=note)
    else:
        yield Difference(DriftClass.MISSING, resource, wanted={}, note="deploy creates it anew")


def _changes(each: ObjectStates) -> list[Change]:
    """Return what a deploy of HEAD would change."""
    live, head, answer = each.live, each.head, each.answer
    if live is None or head is None or answer is None:
        return []
    if isinstance(answer, Refusal):
        paths = differing_fields(head, live)
        return [Change(path, value_at(live, path), value_at(head, path)) for path in paths if _is_shown(path)]
    noted = last_applied(live) if client_side_fields(live) is not None else None
    gone = [] if noted is None else removed_fields(noted, head)
    known = {change.path for change in gone}
    changes = [change for change in changed_fields(live, answer) if change.path not in known]
    is_ours = applied_fields(live) is not None
    return [
        change
        for change in (*changes, *gone)
        if _is_shown(change.path) and (is_ours or change.path[-1] != APP_LABEL)
    ]


def _is_shown(path: tuple[str, ...]) -> bool:
    return path[-1] not in (REVISION, SECRETS_READ, LAST_APPLIED)


def _classify_change(change: Change, each: ObjectStates, states: AppStates) -> Difference:
    path, resource = change.path, each.resource
    writers = field_writers(each.live or {}, path)
    writer = next((writer for writer in writers if not writer.is_us), None)
    is_ours = any(writer.is_us for writer in writers)
    if is_ours and path == REPLICAS and _is_unmoved(each, states, path):
        # Ours, and still not what we said: only a subresource can do that, on a server that records none.
        writer = Writer("", states.scaled_at.get(resource, ""), "scale")
    found = Difference(DriftClass.DRIFTED, resource, path, change.old, change.new, writer)
    if isinstance(each.answer, Refusal):
        found = replace(found, note=f"deploy is refused: {each.answer.message}")
    if resource.kind == "Secret" and path[0] in ("data", "stringData"):
        found = _without_values(found)
        if each.secrets_of:
            note = "" if writer else f"{each.secrets_of} changed since the deploy"
            return replace(found, kind=DriftClass.SECRETS, note=note)
    autoscaler = _autoscaler_of(resource, states.autoscalers) if path == REPLICAS else None
    if autoscaler:
        return replace(found, kind=DriftClass.CONTROLLER, note=f"scaled by {autoscaler}")
    if not _is_declared(each, path):
        return replace(found, kind=DriftClass.CONTROLLER, note="git does not say it; the server would")
    if _is_pending(change, each, states, is_ours=is_ours, writer=writer):
        return replace(found, kind=DriftClass.PENDING, writer=None)
    if writer and _is_controllers(writer, path):
        return replace(found, kind=DriftClass.CONTROLLER)
    return found


def _is_declared(each: ObjectStates, path: tuple[str, ...]) -> bool:
    """Whether git, now or when it was deployed, says anything of a field; or kubectl, before us."""
    if path[-1] in ("[order]", APP_LABEL):
        return True
    if any(value_at(obj, path) is not ABSENT for obj in (each.head, each.deployed) if obj is not None):
        return True
    if each.deployed is None and applied_fields(each.live or {}) is None:
        return True
    return client_side_fields(each.live or {}) is not None or any(
        writer.is_us for writer in field_writers(each.live or {}, path)
    )


def _is_unmoved(each: ObjectStates, states: AppStates, path: tuple[str, ...]) -> bool:
    """Whether HEAD says of a field what the deployed commit said."""
    if not states.is_deployed_known or each.deployed is None or each.head is None:
        return False
    return bool(value_at(each.head, path) == value_at(each.deployed, path))


def _is_pending(
    change: Change, each: ObjectStates, states: AppStates, *, is_ours: bool, writer: Writer | None
) -> bool:
    """Whether it is git that moved, and not the cluster."""
    path = change.path
    if not states.is_deployed_known:
        return is_ours or writer is None
    if _is_unmoved(each, states, path):
        return states.is_deployed_dirty and is_ours and path != REPLICAS
    if is_ours:
        return True
    deployed = ABSENT if each.deployed is None else value_at(each.deployed, path)
    if writer is None:
        return deployed is ABSENT or change.old is not ABSENT
    return bool(deployed == change.old)


def _is_controllers(writer: Writer, path: tuple[str, ...]) -> bool:
    if writer.manager in _CONTROL_PLANE:
        return True
    is_person = not writer.manager or writer.manager == "kubectl" or writer.manager.startswith("kubectl-")
    return not is_person and (bool(writer.subresource) or path[-1] in _CONTROLLED_FIELDS)


def _autoscaler_of(resource: ResourceId, autoscalers: Iterable[Object]) -> str:
    for obj in autoscalers:
        target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
        group = str(target.get("apiVersion") or "").rpartition("/")[0]
        wanted = (group, target.get("kind"), obj["metadata"].get("namespace"), target.get("name"))
        if wanted == (resource.group, resource.kind, resource.namespace, resource.name):
            return f"the HorizontalPodAutoscaler {obj['metadata']['name']}"
    return ""


def _intentional(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    """What HEAD says otherwise than the deployed commit, and the cluster already has by another's hand."""
    live, head, answer = each.live, each.head, each.answer
    if live is None or head is None or not isinstance(answer, dict) or not states.is_deployed_known:
        return
    if each.deployed is None:
        if applied_fields(live) is None and not _changes(each):
            note = "made in the cluster, then committed"
            yield Difference(
                DriftClass.INTENTIONAL, each.resource, live={}, wanted={}, writer=_maker(live), note=note
            )
        return
    for change in changed_fields(each.deployed, head):
        found = value_at(live, change.path)
        writers = field_writers(live, change.path)
        if found != value_at(answer, change.path) or any(writer.is_us for writer in writers):
            continue
        if (found is ABSENT and change.new is not ABSENT) or (found is not ABSENT and not writers):
            continue
        writer = writers[0] if writers else None
        yield _masked(Difference(DriftClass.INTENTIONAL, each.resource, change.path, found, found, writer))


def _maker(live: Object) -> Writer | None:
    """Return who made an object: the first who wrote to it."""
    entries = [e for e in live["metadata"].get("managedFields") or [] if not e.get("subresource")]
    first = min(entries, key=lambda entry: str(entry.get("time")), default=None)
    made_at = str(live["metadata"].get("creationTimestamp") or "")
    return Writer(str(first.get("manager") or ""), made_at) if first else None


def _masked(found: Difference) -> Difference:
    is_secret = found.resource is not None and found.resource.kind == "Secret"
    return _without_values(found) if is_secret and found.path[0] in ("data", "stringData") else found


def _without_values(found: Difference) -> Difference:
    live, wanted = (value if value is ABSENT else HIDDEN for value in (found.live, found.wanted))
    return replace(found, live=live, wanted=wanted)
