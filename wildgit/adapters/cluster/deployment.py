"""One app made so in the cluster: read what is there, have the server try it, plan, carry the plan out.

Nothing is written before the whole plan stands. What is written carries on where a killed deploy stopped:
the inventory is widened before the first apply, and every step can be done twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from wildgit.adapters.cluster.api_server import ApiError
from wildgit.adapters.cluster.app_source import AppSource
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.namespaces import Ladder, free_namespace, is_terminating, namespace_id
from wildgit.adapters.cluster.survey import (
    read_certificates,
    read_each,
    read_live,
    read_resources,
    try_objects,
)
from wildgit.core.cluster.deploy_plan import Action, Plan, Verb, draft, finish, split_former
from wildgit.core.cluster.deploy_record import CLAIM, RECORD_MANAGER, Claim, DeployRecord, read_record
from wildgit.core.cluster.desired_state import (
    CERTIFICATE_NAMESPACE,
    AppSecret,
    desired_objects,
)
from wildgit.core.cluster.events import DONE, NOTE, STARTED, Event, Report
from wildgit.core.cluster.kube_objects import RANK_NAMES, Object, ResourceId
from wildgit.errors import ClusterError, LockedError

RESTART_MANAGER = "git-wild-restart"
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"  # what `kubectl rollout restart` sets
_CLAIM_MINUTES = 15
_DEFINITION_TIMEOUT_S = 30.0
_POLL_S = 0.1
_RELEASE_S = 3.0
_SWEEP_POLL_S = 0.5


@dataclass(frozen=True)
class Actor:
    """Who deploys: for the record, and to tell our own claims from others'."""

    who: Callable[[], str]  # a person; asked only where something is recorded
    holder: str  # a machine and a folder on it


@dataclass(frozen=True)
class DeployOptions:
    """What the command line says about how to deploy."""

    restart: bool = True
    prune_data: bool = False
    ladder: Ladder = field(default_factory=Ladder)


class Deployment:
    """One app on its way into one cluster."""

    def __init__(
        self, cluster: Cluster, source: AppSource, actor: Actor, options: DeployOptions, report: Report
    ) -> None:
        self.cluster, self.source, self.actor, self.options = cluster, source, actor, options
        self._report = report
        self.namespace = source.namespace
        self._record = DeployRecord(source.name, self.namespace)
        self._may_be_swept = False

    # Planning: reads, and dry runs.

    def plan(self, *, free: bool) -> Plan:
        """Return what would be done.

        Args:
            free: a namespace that is Terminating may be freed; False (a dry run) only says that it is.

        Raises:
            ClusterError: the server can't be asked.
            LockedError: somebody else deploys this app right now.
        """
        live_namespace = self._usable_namespace(free=free)
        self._record = (
            read_record(live_namespace) if live_namespace else DeployRecord(self.source.name, self.namespace)
        )
        self._refuse_others_claim()
        desired = desired_objects(
            self.source.name, self.namespace, self.source.built, self._secrets(), self.cluster.is_namespaced
        )
        absent = "" if live_namespace else self.namespace
        live = read_live(self.cluster, desired, absent)
        drafted = draft(
            self.source.name, self.namespace, desired, live, _revision_name(), restart=self.options.restart
        )
        answers = try_objects(self.cluster, drafted, absent)
        former = read_each(self.cluster, split_former(self._record.inventory, desired))
        return finish(drafted, answers, former, prune_data=self.options.prune_data)

    def _usable_namespace(self, *, free: bool) -> Object | None:
        namespace = self.cluster.get(namespace_id(self.namespace))
        if not is_terminating(namespace):
            return namespace
        if not free:
            self._note(f"namespace {self.namespace} is Terminating; a deploy frees it first")
            return None
        self._may_be_swept = free_namespace(self.cluster, self.namespace, self._note, self.options.ladder)
        return self.cluster.get(namespace_id(self.namespace))

    def _refuse_others_claim(self) -> None:
        claim = self._record.claim
        if claim and claim.holder != self.actor.holder and claim.until > _timestamp():
            raise LockedError(
                f"{self.source.name} is locked by {claim.who} ({claim.holder}), since {claim.since}",
                hint=f"wait for it to end; if it died, the lock ends at {claim.until}, or at once by "
                f"kubectl annotate namespace {self.namespace} {CLAIM}-",
            )

    def _secrets(self) -> Iterable[AppSecret | Object]:
        yield from self.source.secrets
        copied, missing = read_certificates(self.cluster, self.source.built, self.namespace)
        for name in missing:
            self._note(
                f"there is no {name} in {CERTIFICATE_NAMESPACE} to copy: no TLS until cert-manager made it"
            )
        yield from copied

    # Carrying out.

    def execute(self, plan: Plan) -> bool:
        """Make the cluster what the plan says, and record it; False where there was nothing to write.

        Raises:
            ClusterError: an object could not be applied; what was applied stays, and running again goes on.
        """
        if plan.has_writes:
            self._claim(plan)
            try:
                self._apply_ranks(plan)
                if self._may_be_swept:
                    self._outlast_sweep(plan)
                self._prune(plan)
            except ClusterError:
                self._release(plan)
                raise
            except KeyboardInterrupt:
                # It may be a server that hangs which was too much; nobody waits for that one again.
                releasing = threading.Thread(target=self._release, args=(plan,), daemon=True)
                releasing.start()
                releasing.join(_RELEASE_S)
                raise
        finished = replace(
            self._record,
            app=self.source.name,
            commit=self.source.commit,
            inventory=tuple(plan.inventory()),
            claim=None,
        )
        is_written = plan.has_writes or self._is_news(finished)
        if is_written:
            self._write_record(replace(finished, deployed_at=_timestamp(), deployed_by=self.actor.who()))
            self._step("record", DONE)
        self._record = finished
        return is_written

    def _is_news(self, finished: DeployRecord) -> bool:
        was = self._record
        return (was.commit, sorted(was.inventory), was.claim) != (
            finished.commit,
            sorted(finished.inventory),
            None,
        )

    def _claim(self, plan: Plan) -> None:
        """Make the namespace, and say in it that we deploy and what will be ours, should we not come back."""
        self._step("namespace", STARTED)
        action = next(action for action in plan.actions if action.resource == namespace_id(self.namespace))
        if action.is_write:
            self._apply(action)
        namespace = self.cluster.get(namespace_id(self.namespace))
        if namespace is None:
            raise ClusterError(
                f"namespace {self.namespace} was deleted while {self.source.name} was deployed"
            )
        now = datetime.now(UTC)
        self._record = read_record(namespace)
        self._refuse_others_claim()
        widened = {*self._record.inventory, *plan.inventory()}
        claim = Claim(
            self.actor.holder,
            self.actor.who(),
            _timestamp(now),
            _timestamp(now + timedelta(minutes=_CLAIM_MINUTES)),
        )
        self._record = replace(
            self._record, app=self.source.name, inventory=tuple(sorted(widened)), claim=claim
        )
        try:
            self._write_record(self._record, version=namespace["metadata"]["resourceVersion"])
        except ApiError as error:
            if error.code == 409:
                raise LockedError(
                    f"{self.source.name} is locked by somebody who began to deploy it at the same moment",
                    hint="wait for it to end",
                ) from error
            raise
        self._step("namespace", DONE)

    def _write_record(self, record: DeployRecord, *, version: str = "") -> None:
        metadata: dict[str, object] = {"name": self.namespace, "annotations": record.annotations()}
        if version:
            metadata["resourceVersion"] = version
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, manager=RECORD_MANAGER
        )

    def _release(self, plan: Plan) -> None:
        """Take our claim back after a failure; where that fails, too, it ends by itself."""
        try:
            self._write_record(replace(self._record, claim=None))
        except ClusterError:
            self._note(f"the claim on {plan.namespace} could not be taken back; it ends by itself")

    def _apply_ranks(self, plan: Plan) -> None:
        for rank in plan.ranks():
            actions = [action for action in rank if action.resource != namespace_id(self.namespace)]
            if not actions:
                continue
            name = RANK_NAMES[actions[0].resource.rank]
            self._step(name, STARTED)
            self.cluster.all(self._apply, actions)
            definitions = [a.resource for a in actions if a.resource.kind == "CustomResourceDefinition"]
            if definitions:
                self._wait_until_established(definitions)
            self._step(name, DONE)

    def _outlast_sweep(self, plan: Plan) -> None:
        """Apply again what goes away, until nothing has for as long as a namespace gets to go by itself.

        The controller that we finalized the namespace under empties it by name: the new one with it.
        """
        ours = {
            action.resource: action
            for action in plan.actions
            if action.desired is not None and action.resource.namespace == self.namespace
        }
        patience = self.options.ladder
        now = time.monotonic()
        quiet_at, deadline = now + patience.wait_s, now + patience.whole_s
        while time.monotonic() < min(quiet_at, deadline):
            time.sleep(_SWEEP_POLL_S)
            live = read_resources(self.cluster, ours)
            going = [r for r, obj in live.items() if obj is None or obj["metadata"].get("deletionTimestamp")]
            gone = [ours[resource] for resource in going if live[resource] is None]
            if gone:
                taken = f"{len(gone)} of {len(ours)} new objects went with the namespace that was finalized"
                self._note(f"{taken}; applying them again")
                self.cluster.all(self._apply, gone)
            if going:
                quiet_at = time.monotonic() + patience.wait_s

    def _apply(self, action: Action) -> None:
        desired = action.desired
        if desired is None:
            raise AssertionError(f"{action.verb} {action.resource} has nothing to apply")
        if action.verb is Verb.RECREATE and action.live is not None:
            self._remove(action.resource, action.live)
        if action.take_over:
            self.cluster.take_over(action.resource)
        if action.restart:
            # Before the apply that notes it: killed in between, the next deploy restarts again, not never.
            annotation = {_RESTARTED_AT: _timestamp()}
            patch = {"spec": {"template": {"metadata": {"annotations": annotation}}}}
            self.cluster.merge(action.resource, patch, manager=RESTART_MANAGER)
        try:
            self.cluster.apply(desired)
        except ApiError as error:
            raise ClusterError(f"{action.resource}: {error.message}", hint=error.hint) from error
        self._report(Event(self.source.name, "apply", DONE, action.resource.short, _done_text(action)))

    def _remove(self, resource: ResourceId, live: Object) -> None:
        uid = live["metadata"]["uid"]
        self.cluster.delete(resource, uid=uid)
        deadline = time.monotonic() + self.options.ladder.whole_s
        while (found := self.cluster.get(resource)) is not None and found["metadata"]["uid"] == uid:
            if time.monotonic() > deadline:
                held = ", ".join(found["metadata"].get("finalizers") or []) or "its pods"
                raise ClusterError(f"{resource} does not go away: it is held by {held}")
            time.sleep(_POLL_S)

    def _wait_until_established(self, definitions: list[ResourceId]) -> None:
        deadline = time.monotonic() + _DEFINITION_TIMEOUT_S
        waiting = list(definitions)
        while waiting:
            if time.monotonic() > deadline:
                raise ClusterError(f"{waiting[0]} is not established after {_DEFINITION_TIMEOUT_S:g} s")
            waiting = [resource for resource in waiting if not _is_established(self.cluster.get(resource))]
            time.sleep(_POLL_S if waiting else 0)
        self.cluster.forget_kinds()

    def _prune(self, plan: Plan) -> None:
        for rank in plan.pruned():
            self._step("prune", STARTED)
            self.cluster.all(self._prune_one, rank)
            self._step("prune", DONE)

    def _prune_one(self, action: Action) -> None:
        uid = action.live["metadata"]["uid"] if action.live else None
        self.cluster.delete(action.resource, uid=uid)
        self._report(Event(self.source.name, "prune", DONE, action.resource.short, "deleted"))

    def _step(self, name: str, state: str) -> None:
        self._report(Event(self.source.name, name, state))

    def _note(self, message: str) -> None:
        self._report(Event(self.source.name, "cluster", NOTE, message=message))


def _done_text(action: Action) -> str:
    words = {Verb.CREATE: "created", Verb.UPDATE: "updated", Verb.RECREATE: "made anew"}
    return f"{words[action.verb]}, {action.note}" if action.note else words[action.verb]


def _is_established(definition: Object | None) -> bool:
    conditions = ((definition or {}).get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)


def _revision_name() -> str:
    """Name changed secret data by when it changed: says nothing of the data, and no two are the same."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def _timestamp(moment: datetime | None = None) -> str:
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
