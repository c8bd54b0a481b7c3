"""A deploy as data: what happens to each object, in which order, and what is kept though git has it no more.

`draft` says which objects the server must be asked about; its answers (a dry run of each) make the plan.
Printing a plan is a dry run; carrying it out is another module's work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from wildgit.core.cluster.desired_state import (
    APP_LABEL,
    REVISION,
    SECRETS_READ,
    SecretRevisions,
    with_postponed_restart,
)
from wildgit.core.cluster.field_diff import (
    Change,
    diff_objects,
    differing_fields,
    meaningful,
    path_text,
)
from wildgit.core.cluster.field_ownership import LAST_APPLIED, client_side_fields, gone_fields, is_applied
from wildgit.core.cluster.kube_objects import (
    RESTARTABLE,
    Object,
    ResourceId,
    identify,
    labels_of,
    pod_template,
)

_OWN_MARKS = (APP_LABEL, REVISION, SECRETS_READ, LAST_APPLIED)  # of no interest to who reads a plan
# Data lives in these, or (a definition) they take other people's objects along.
KEPT_WITHOUT_PRUNE_DATA = ("PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition")


class Verb(StrEnum):
    """What happens to an object."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    UNCHANGED = "unchanged"
    PRUNE = "prune"
    KEEP = "keep"


@dataclass(frozen=True)
class Refusal:
    """The server's answer to a dry run that it refused."""

    message: str
    fields: tuple[str, ...] = ()
    is_immutable: bool = False


@dataclass(frozen=True)
class Action:
    """What happens to one object, and why where it is not plain."""

    verb: Verb
    resource: ResourceId
    desired: Object | None = None
    live: Object | None = None
    changes: tuple[Change, ...] = ()
    restart: bool = False  # its pods are started anew because a secret changed
    take_over: bool = False  # kubectl set, too, what we have to answer for
    note: str = ""

    @property
    def is_write(self) -> bool:
        """Whether something is sent to the cluster for it."""
        return self.verb not in (Verb.UNCHANGED, Verb.KEEP)


@dataclass(frozen=True)
class Plan:
    """Everything a deploy of one app does, in the order of doing."""

    app: str
    namespace: str
    actions: tuple[Action, ...]
    problems: tuple[str, ...] = ()  # why it can't be done; nothing is written then

    @property
    def has_writes(self) -> bool:
        """Whether the cluster changes at all."""
        return any(action.is_write for action in self.actions)

    def ranks(self) -> list[list[Action]]:
        """Return what is applied, grouped by rank in order; one rank's actions can happen at once."""
        applied = [a for a in self.actions if a.verb in (Verb.CREATE, Verb.UPDATE, Verb.RECREATE)]
        return [
            [a for a in applied if a.resource.rank == rank]
            for rank in sorted({a.resource.rank for a in applied})
        ]

    def pruned(self) -> list[list[Action]]:
        """Return what is deleted, grouped by rank, last rank first."""
        gone = [a for a in self.actions if a.verb is Verb.PRUNE]
        ranks = sorted({a.resource.rank for a in gone}, reverse=True)
        return [[a for a in gone if a.resource.rank == rank] for rank in ranks]

    def inventory(self) -> list[ResourceId]:
        """Return what belongs to the app once the plan is done."""
        return sorted(action.resource for action in self.actions if action.verb is not Verb.PRUNE)

    def counts(self) -> dict[str, int]:
        """Return how many objects each verb has, verbs without any left out."""
        return {
            verb.value: count
            for verb in Verb
            if (count := sum(action.verb is verb for action in self.actions))
        }


@dataclass(frozen=True)
class Draft:
    """A plan before the server was asked: `unclear` are objects that need a dry run."""

    app: str
    namespace: str
    desired: tuple[Object, ...]
    live: Mapping[ResourceId, Object | None]
    revisions: SecretRevisions
    restart: bool

    @property
    def unclear(self) -> list[Object]:
        """Desired objects of which it can't be said from here that an apply would change nothing."""
        return [obj for obj in self.desired if not self._is_settled(obj)]

    def _is_settled(self, obj: Object) -> bool:
        live = self.live.get(identify(obj))
        return live is not None and is_applied(obj, live)


def draft(
    app: str,
    namespace: str,
    desired: Sequence[Object],
    live: Mapping[ResourceId, Object | None],
    new_revision: str,
    *,
    restart: bool,
) -> Draft:
    """Return what can be said without asking the server.

    Args:
        app: whose objects these are.
        namespace: of the app.
        desired: all its objects.
        live: what the cluster has of them; None for what is not there.
        new_revision: the name that changed secret data gets.
        restart: whether workloads that read changed secrets restart.
    """
    revisions = SecretRevisions.of(desired, live, new_revision)
    marked = [revisions.mark(obj) for obj in desired]
    if not restart:
        marked = [_postponed(obj, live.get(identify(obj)), revisions) for obj in marked]
    ordered = sorted(marked, key=lambda obj: identify(obj).rank)  # stable: git's order within a rank
    return Draft(app, namespace, tuple(ordered), live, revisions, restart)


def finish(
    drafted: Draft,
    answers: Mapping[ResourceId, Object | Refusal | None],
    former: Mapping[ResourceId, Object | None],
    *,
    prune_data: bool,
) -> Plan:
    """Return the plan.

    Args:
        drafted: what was known before.
        answers: for each unclear object what it would be after the apply, or why the server refuses; None
            where it can't be asked yet (its definition comes with this deploy).
        former: what the inventory names and git has no more, as the cluster has it.
        prune_data: claims, volumes and definitions may go, too.
    """
    actions = [_action(obj, drafted, answers) for obj in drafted.desired]
    problems = [_problem(action, answers.get(action.resource)) for action in actions]
    problems += [_ownership_problem(drafted.app, action.live, action.resource) for action in actions]
    pruned = [_former(resource, live, drafted.app, prune_data) for resource, live in former.items()]
    return Plan(
        drafted.app,
        drafted.namespace,
        (*actions, *(action for action in pruned if action is not None)),
        tuple(problem for problem in problems if problem),
    )


def _action(desired: Object, drafted: Draft, answers: Mapping[ResourceId, Object | Refusal | None]) -> Action:
    resource = identify(desired)
    live, answer = drafted.live.get(resource), answers.get(resource)
    if live is None:
        return Action(Verb.CREATE, resource, desired)
    stale = drafted.revisions.is_stale(desired, live)
    if desired["kind"] == "Job" and stale:
        return Action(Verb.RECREATE, resource, desired, live, note="runs again: a secret it uses changed")
    if desired["kind"] == "Job" and isinstance(answer, Refusal) and answer.is_immutable:
        return Action(Verb.RECREATE, resource, desired, live, note="runs again: its template changed")
    if answer is None or isinstance(answer, Refusal):
        verb = Verb.UNCHANGED if answer is None and is_applied(desired, live) else Verb.UPDATE
        return Action(verb, resource, desired, live)
    gone = gone_fields(desired, live)
    take_over = client_side_fields(live) is not None or bool(gone)
    if _is_same(live, answer) and not take_over:
        return Action(Verb.UNCHANGED, resource, desired, live)
    action = Action(Verb.UPDATE, resource, desired, live, _changes(live, answer, gone), take_over=take_over)
    if stale and desired["kind"] in RESTARTABLE and drafted.restart and not _rolls(live, answer):
        return replace(action, restart=True, note="restarts: a secret it uses changed")
    if meaningful(live) == meaningful(answer) and not take_over:
        return replace(action, note="stays as it is: only the record of who wrote it changes")
    return action


def _changes(live: Object, answer: Object, gone: Sequence[Change]) -> tuple[Change, ...]:
    known = {change.path for change in gone}
    changes = [change for change in diff_objects(live, answer) if change.path not in known]
    return tuple(change for change in (*changes, *gone) if change.path[-1] not in _OWN_MARKS)


def _is_same(live: Object, answer: Object) -> bool:
    return meaningful(live) == meaningful(answer) and _owners(live) == _owners(answer)


def _owners(obj: Object) -> list[dict[str, Any]]:
    entries = obj["metadata"].get("managedFields") or []
    return sorted(
        ({key: value for key, value in entry.items() if key != "time"} for entry in entries),
        key=lambda entry: json.dumps(entry, sort_keys=True),
    )


def _rolls(live: Object, answer: Object) -> bool:
    """Whether the apply alone makes new pods."""
    return pod_template(live) != pod_template(answer)


def _postponed(desired: Object, live: Object | None, revisions: SecretRevisions) -> Object:
    if live is None or desired["kind"] not in RESTARTABLE or not revisions.is_stale(desired, live):
        return desired
    return with_postponed_restart(desired, live)


def _problem(action: Action, answer: Object | Refusal | None) -> str:
    if not isinstance(answer, Refusal) or action.verb is Verb.RECREATE:
        return ""
    if answer.is_immutable:
        fields = ", ".join(_differing(action, answer)) or "a field"
        return (
            f"{action.resource}: {fields} can't be changed once it exists; put the old value back, "
            f"or delete it ({_delete_command(action.resource)}) and deploy again"
        )
    return f"{action.resource}: {answer.message}"


def _differing(action: Action, refusal: Refusal) -> list[str]:
    """Return the fields that differ among those that the server refused.

    It may name no more than `spec`, or another spelling (`clusterIPs[0]` for a `clusterIP`), and then quote
    which parts of it may change: 'replicas', 'template', ….
    """
    refused = refusal.fields
    if action.desired is None or action.live is None:
        return list(refused)
    paths = differing_fields(action.desired, action.live)
    found = [
        path_text(path) for path in paths if not any(f"'{part}'" in refusal.message for part in path[1:2])
    ]
    named = [name for name in found if any(f.startswith(name) or name.startswith(f) for f in refused)]
    return named or list(refused)


def _delete_command(resource: ResourceId) -> str:
    place = f" -n {resource.namespace}" if resource.namespace else ""
    caution = ", which loses its data" if resource.kind == "PersistentVolumeClaim" else ""
    # The next StatefulSet of its name takes the pods over: nothing stops meanwhile.
    keep = " --cascade=orphan" if resource.kind == "StatefulSet" else ""
    return f"kubectl delete{place} {resource.short}{keep}{caution}"


def _ownership_problem(app: str, live: Object | None, resource: ResourceId) -> str:
    owner = labels_of(live).get(APP_LABEL)
    if owner is None or owner == app:
        return ""
    if resource.kind == "Namespace":
        return (
            f"namespace {resource.name} belongs to the app {owner}; give {app} its own: "
            f"git wild config set apps.{app}.namespace {app}"
        )
    return (
        f"{resource} belongs to the app {owner}; remove it from apps/{owner} and deploy {owner} first, "
        f"or give it another name here"
    )


def _former(resource: ResourceId, live: Object | None, app: str, prune_data: bool) -> Action | None:
    """Return what happens to an object that git has no more; None where it is gone or another app's."""
    if live is None or labels_of(live).get(APP_LABEL, app) != app:
        return None
    if resource.kind == "Namespace":
        return Action(Verb.KEEP, resource, live=live, note="namespaces are never pruned")
    if resource.kind in KEPT_WITHOUT_PRUNE_DATA and not prune_data:
        return Action(Verb.KEEP, resource, live=live, note="not in git any more; --prune-data deletes it")
    return Action(Verb.PRUNE, resource, live=live, note="not in git any more")


def split_former(inventory: Iterable[ResourceId], desired: Iterable[Object]) -> list[ResourceId]:
    """Return what the inventory names and git has no more."""
    wanted = {identify(obj) for obj in desired}
    return [resource for resource in inventory if resource not in wanted]
