"""Which state of its life an app is in, from the three systems that know parts of it.

Upstream, the instance's files and the cluster each change on their own. A state is what they say together;
where they disagree, the reasons say how, and `next_step` what to type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.health import Health
from wildgit.core.cluster.health import State as HealthState

# A namespace that is Terminating for longer than a delete waits is stuck.
STUCK_AFTER_S = 60.0
# Workloads that are not ready so long after a deploy are no longer on their way, but unwell.
SETTLED_AFTER_S = 600.0


class AppState(StrEnum):
    """The states of the lifecycle."""

    NOT_ADDED = "not added"
    ADDED = "added"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    UPDATING = "updating"
    DRIFTED = "drifted"
    DELETING = "deleting"
    DELETED = "deleted"
    STUCK = "stuck terminating"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ClusterFacts:
    """What the cluster says of one app.

    Attributes:
        record: of its namespace; None where there is none.
        terminating_s: for how long the namespace terminates; None where it does not.
        blocked_by: what the cluster says holds a namespace that terminates.
        age_s: seconds since the last deploy; None where there was none.
        secrets_differ: the cluster's Secret is not what secrets.yaml says.
        healths: of its workloads, jobs and claims.
        drifted: what was changed behind git's back, in words.
    """

    record: DeployRecord | None = None
    terminating_s: float | None = None
    blocked_by: str = ""
    age_s: float | None = None
    secrets_differ: bool = False
    healths: tuple[Health, ...] = ()
    drifted: tuple[str, ...] = ()


@dataclass(frozen=True)
class InstanceFacts:
    """What the instance's files and its repository say of one app.

    Attributes:
        app: its name.
        is_installed: there is a folder for it.
        is_stale: config.yaml moved since the app was compiled.
        changed: what HEAD has that the deployed commit has not: `manifests`, `upstream`; or `unknown commit`.
        last_operation: its newest record; None where there is none.
        was_deployed: from this clone, and not deleted since.
        rolled_back: the commit that it was rolled back to, where that still has to be committed; "" for none.
        is_of_history: HEAD's history has the commit that is deployed.
    """

    app: str
    is_installed: bool
    is_stale: bool = False
    changed: tuple[str, ...] = ()
    last_operation: Mapping[str, Any] | None = None
    was_deployed: bool = False
    rolled_back: str = ""
    is_of_history: bool = False


@dataclass(frozen=True)
class Standing:
    """Where an app stands."""

    app: str
    state: AppState
    reasons: tuple[str, ...] = ()
    next_step: str = ""


def standing(instance: InstanceFacts, cluster: ClusterFacts | None) -> Standing:
    """Return the state of an app.

    Args:
        instance: what files and git say.
        cluster: what the cluster says; None where it can't be asked.
    """
    app = instance.app
    unfinished = _unfinished(instance.last_operation)
    if cluster is None:
        state = AppState.UNKNOWN if instance.is_installed else AppState.NOT_ADDED
        return Standing(app, state, (*unfinished, "the cluster can't be asked"), "git wild doctor")
    if cluster.terminating_s is not None:
        return _terminating(instance, cluster, cluster.terminating_s)
    if not instance.is_installed:
        return _not_installed(instance, cluster)
    if cluster.record is None and instance.was_deployed:
        gone = "it was deployed, and its namespace is gone from the cluster"
        return Standing(app, AppState.DRIFTED, (gone, *unfinished), f"git wild deploy {app}")
    if cluster.record is None:
        return Standing(app, AppState.ADDED, unfinished, f"git wild deploy {app}")
    return _installed(instance, cluster, cluster.record, unfinished)


def _installed(
    instance: InstanceFacts, cluster: ClusterFacts, record: DeployRecord, unfinished: tuple[str, ...]
) -> Standing:
    app, deploy = instance.app, f"git wild deploy {instance.app}"
    go_on = _again(instance) or deploy
    if record.claim:
        said = f"{record.claim.who} deploys it since {record.claim.since}"
        return Standing(app, AppState.DEPLOYING, (said, *unfinished), go_on if unfinished else "")
    if _is_outdone(instance.last_operation, record):
        unfinished = ()
    if not record.is_finished:
        reason = unfinished or ("its namespace was not made by git wild",)
        return Standing(app, AppState.DEPLOYING if unfinished else AppState.ADDED, reason, deploy)
    pending = _pending(instance, cluster)
    unwell = tuple(str(health) for health in cluster.healths if health.state is not HealthState.READY)
    if unfinished:
        return Standing(app, AppState.DEPLOYING, (*unfinished, *pending, *unwell), go_on)
    if instance.rolled_back:
        said = f"rolled back to {instance.rolled_back[:7]}, which is not committed"
        step = f"git wild rollback {app} --to {instance.rolled_back[:12]}"
        return Standing(app, AppState.UPDATING, (said, *unwell), step)
    if pending:
        return Standing(app, AppState.UPDATING, (*pending, *unwell), deploy)
    if cluster.drifted:
        return Standing(app, AppState.DRIFTED, (*cluster.drifted, *unwell), f"git wild drift {app}")
    if unwell and (cluster.age_s or 0) < SETTLED_AFTER_S:
        return Standing(app, AppState.DEPLOYING, unwell, f"git wild deploy --wait {app}")
    return Standing(app, AppState.DEPLOYED, unwell, f"git wild status -v {app}" if unwell else "")


def _again(instance: InstanceFacts) -> str:
    """Return the emergency rollback that did not come to its end; git still has what it takes out."""
    last = instance.last_operation or {}
    if not last.get("emergency"):
        return ""
    return f"git wild rollback {instance.app} --emergency --to {str(last.get('commit'))[:12]}"


def _pending(instance: InstanceFacts, cluster: ClusterFacts) -> tuple[str, ...]:
    """Return what is not yet in the cluster."""
    words = {
        "manifests": "manifests changed since the deploy",
        "upstream": "an upstream update is merged and not deployed",
        "unknown commit": "deployed from a commit that is not in this repository",
        "uncommitted": "deployed with changes that were not committed",
    }
    found = ["config.yaml changed since the compile"] if instance.is_stale else []
    found += [words[change] for change in instance.changed]
    return (*found, *(("secrets.yaml is not what the cluster has",) if cluster.secrets_differ else ()))


def _terminating(instance: InstanceFacts, cluster: ClusterFacts, seconds: float) -> Standing:
    app = instance.app
    held = (f"held by: {cluster.blocked_by}",) if cluster.blocked_by else ()
    if seconds < STUCK_AFTER_S:
        return Standing(app, AppState.DELETING, held, "")
    step = f"git wild deploy {app}" if instance.is_installed else f"git wild delete --yes {app}"
    return Standing(app, AppState.STUCK, (f"Terminating for {seconds:.0f} s", *held), f"{step} frees it")


def _not_installed(instance: InstanceFacts, cluster: ClusterFacts) -> Standing:
    app, last = instance.app, instance.last_operation or {}
    record, is_deleted = cluster.record, last.get("action") == "delete"
    if record is not None and record.app == app:
        delete = f"git wild delete {app}"
        if is_deleted or instance.is_of_history:
            return Standing(app, AppState.DELETING, ("still in the cluster",), f"{delete} goes on with it")
        # It may live on a branch that is not here: nothing that is typed without a thought.
        by = f", deployed by {record.deployed_by} from {record.commit[:7]}" if record.is_finished else ""
        step = f"git fetch, where another branch has it; {delete} takes it and its data away"
        return Standing(app, AppState.DEPLOYED, (f"not in git here{by}",), step)
    if is_deleted:
        return Standing(app, AppState.DELETED)
    return Standing(app, AppState.NOT_ADDED, (), f"git wild add {app}")


def _is_outdone(operation: Mapping[str, Any] | None, record: DeployRecord) -> bool:
    """Whether somebody deployed after the last operation of this clone had ended."""
    said = operation or {}
    steps = [step.get("ended") or step.get("started") for step in said.get("steps") or []]
    ended = said.get("ended") or next(reversed(steps), None) or said.get("started")
    return str(ended or "")[:19] < record.deployed_at[:19]


def _unfinished(operation: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what is to be said of the last operation, if it did not come to its end."""
    if operation is None or operation.get("outcome") in ("succeeded", "running"):
        return ()
    action, outcome = operation.get("action", "operation"), operation.get("outcome")
    if outcome == "failed":
        return (f"the last {action} failed: {operation.get('error', '')}",)
    steps = operation.get("steps") or []
    at = f" at {steps[-1].get('step')}" if steps else ""
    return (f"the last {action} was interrupted{at}",)
