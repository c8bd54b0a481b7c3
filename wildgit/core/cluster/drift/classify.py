"""What differs between git, what was deployed, and the cluster, field by field, and whose difference it is.

Three states of each object: what HEAD says, what the deployed commit said, what the cluster has. What a
deploy of HEAD would make of the cluster's object comes from a server dry run, so what the server fills in and
what admission adds are no differences. Records in, records out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wildgit.core.cluster.deploy_plan import KEPT_WITHOUT_PRUNE_DATA, Refusal
from wildgit.core.cluster.desired_state import APP_LABEL, REVISION, SECRETS_READ
from wildgit.core.cluster.drift.authorship import REPLICAS, autoscaler_of, is_controllers, maker_of
from wildgit.core.cluster.drift.difference import Difference, DriftClass, matching_rule
from wildgit.core.cluster.drift.ignore_rules import IgnoreRule
from wildgit.core.cluster.field_diff import (
    ABSENT,
    Change,
    changed_fields,
    differing_fields,
    value_at,
)
from wildgit.core.cluster.field_ownership import (
    LAST_APPLIED,
    Writer,
    applied_fields,
    client_side_fields,
    field_writers,
    gone_fields,
)
from wildgit.core.cluster.kube_objects import Object, ResourceId, labels_of


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


def gone(resource: ResourceId, manifest: Object) -> Difference:
    """Return the difference of an object that was deployed and that the cluster has not."""
    is_job = manifest.get("kind") == "Job"
    if is_job and (manifest.get("spec") or {}).get("ttlSecondsAfterFinished") is not None:
        note = "finished, and deleted as its ttlSecondsAfterFinished says"
        return Difference(DriftClass.CONTROLLER, resource, wanted={}, note=note)
    return Difference(DriftClass.MISSING, resource, wanted={}, note="deploy creates it anew")


def _classify(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    if each.head is None:
        yield from _unwanted(each, states)
    elif each.live is None:
        yield _absent(each, states)
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
        yield Difference(DriftClass.EXTRA, resource, live={}, writer=maker_of(live), note=note)


def _absent(each: ObjectStates, states: AppStates) -> Difference:
    """What HEAD has and the cluster has not."""
    was_there = each.deployed is not None or each.resource in states.inventory
    if was_there:
        return gone(each.resource, each.head or {})
    return Difference(DriftClass.PENDING, each.resource, wanted={}, note="deploy creates it")


def _changes(each: ObjectStates) -> list[Change]:
    """Return what a deploy of HEAD would change."""
    live, head, answer = each.live, each.head, each.answer
    if live is None or head is None or answer is None:
        return []
    if isinstance(answer, Refusal):
        paths = [path for path in differing_fields(head, live) if not _is_only_spelled(path, each)]
        return [Change(path, value_at(live, path), value_at(head, path)) for path in paths if _is_shown(path)]
    gone = gone_fields(head, live)
    known = {change.path for change in gone}
    changes = [change for change in changed_fields(live, answer) if change.path not in known]
    is_ours = applied_fields(live) is not None
    return [
        change
        for change in (*changes, *gone)
        if _is_shown(change.path) and (is_ours or change.path[-1] != APP_LABEL)
    ]


def _is_only_spelled(path: tuple[str, ...], each: ObjectStates) -> bool:
    """Whether a field is as we applied it, though the server keeps another spelling (`1000m` is `1`)."""
    if each.deployed is None or path == REPLICAS:
        return False
    is_unmoved = value_at(each.deployed, path) == value_at(each.head, path)
    return is_unmoved and any(writer.is_us for writer in field_writers(each.live or {}, path))


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
        found = replace(found, note=_refusal_note(resource, each.answer))
    found = found.masked()
    if found.is_secret_value and each.secrets_of:
        if is_ours or not writer:  # who set the same value as we did is not who changed it
            note = f"{each.secrets_of} changed since the deploy"
            return replace(found, kind=DriftClass.SECRETS, note=note, writer=None)
        return replace(found, kind=DriftClass.SECRETS)
    autoscaler = autoscaler_of(resource, states.autoscalers) if path == REPLICAS else None
    if autoscaler:
        return replace(found, kind=DriftClass.CONTROLLER, note=f"scaled by {autoscaler}")
    # What an apply takes away from another writer stands inside something that git states as a whole.
    is_taken_away = change.new is ABSENT and writer is not None
    if not is_taken_away and not _is_declared(each, path):
        return replace(found, kind=DriftClass.CONTROLLER, note="git does not say it; the server would")
    if _is_pending(change, each, states, is_ours=is_ours, writer=writer):
        return replace(found, kind=DriftClass.PENDING, writer=None)
    if writer and is_controllers(writer, path):
        return replace(found, kind=DriftClass.CONTROLLER)
    return found


def _refusal_note(resource: ResourceId, refusal: Refusal) -> str:
    if not refusal.is_immutable:
        return f"deploy is refused: {refusal.message}"
    if resource.kind == "Job":
        return "deploy runs it again"
    return "deploy is refused: not all of this can change once the object exists"  # it names no more itself


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
    if is_ours or (writer and is_controllers(writer, path)):
        return True
    deployed = ABSENT if each.deployed is None else value_at(each.deployed, path)
    if writer is None:
        return deployed is ABSENT or change.old is not ABSENT
    return bool(deployed == change.old)


def _intentional(each: ObjectStates, states: AppStates) -> Iterator[Difference]:
    """What HEAD says otherwise than the deployed commit, and the cluster already has by another's hand."""
    live, head, answer = each.live, each.head, each.answer
    if live is None or head is None or not isinstance(answer, dict) or not states.is_deployed_known:
        return
    if each.deployed is None:
        if applied_fields(live) is None and not _changes(each):
            note = "made in the cluster, then committed"
            yield Difference(
                DriftClass.INTENTIONAL, each.resource, live={}, wanted={}, writer=maker_of(live), note=note
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
        yield Difference(DriftClass.INTENTIONAL, each.resource, change.path, found, found, writer).masked()
