"""Which apps of an environment are not what git says: what `deploy --changed` deploys, and why.

The cluster's record of an app names the commit that was deployed; HEAD is what should be there. An app that
git has and the cluster has not is a change, too: what is in git is meant to run. What the cluster has and git
has not is only told: deleting an app deletes data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wildgit.core.cluster.deploy_record import DeployRecord

_ELSEWHERE = "is deployed from a commit that is not in this branch's history; another branch may have it"


@dataclass(frozen=True)
class Change:
    """One app that is to be deployed, and why.

    Attributes:
        app: its name.
        reason: in words.
        is_foreign: what is deployed was never on this branch here, so it may be newer than HEAD.
    """

    app: str
    reason: str
    is_foreign: bool = False


@dataclass(frozen=True)
class Changes:
    """What to do with the apps of one environment.

    Attributes:
        changed: the apps to deploy, in the order of their names.
        excluded: those among them that the environment leaves out.
        gone: apps that the cluster has, and git had and has no more.
        notes: app → what a deploy by commits does not look at.
        held: app → why it is left as it is, though git has it otherwise.
    """

    changed: tuple[Change, ...] = ()
    excluded: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)

    @property
    def apps(self) -> list[str]:
        """The apps to deploy."""
        return [change.app for change in self.changed]


@dataclass(frozen=True)
class Comparison:
    """What git says of one deployed commit and HEAD.

    Attributes:
        is_known: the commit is in this repository.
        is_ours: this branch has it, or had it.
        folders: the apps whose folder differs.
        configured: the apps that config.yaml says something else of.
    """

    is_known: bool
    is_ours: bool = False
    folders: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()


def find_changes(
    apps: Iterable[str],
    records: Mapping[str, DeployRecord],
    comparisons: Mapping[str, Comparison],
    exclude: Iterable[str] = (),
    notes: Mapping[str, str] | None = None,
) -> Changes:
    """Return what of an environment is not as git has it.

    Args:
        apps: the installed ones.
        records: app → what the cluster says was deployed, for those that were.
        comparisons: commit → what git says of it; for the commit of each record.
        exclude: apps that the environment leaves out.
        notes: app → what else is to be told of it.
    """
    installed, excluded = list(apps), set(exclude)
    found = [
        change
        for app in installed
        if (change := _find_change(app, records.get(app), comparisons)) is not None
    ]
    changed = tuple(change for change in found if change.app not in excluded)
    left_out = tuple(change.app for change in found if change.app in excluded)
    absent = sorted(records.keys() - set(installed))
    gone = tuple(app for app in absent if comparisons[records[app].base_commit].is_ours)
    deployed = {change.app for change in changed}
    told = {app: note for app, note in (notes or {}).items() if app not in deployed}
    return Changes(changed, left_out, gone, told | {app: _ELSEWHERE for app in absent if app not in gone})


def latest_records(records: Iterable[DeployRecord]) -> dict[str, DeployRecord]:
    """Return app → its record, of deploys that came to an end; the newest where it has several namespaces."""
    finished = [record for record in records if record.app and record.is_finished]
    return {record.app: record for record in sorted(finished, key=lambda record: record.deployed_at)}


def _find_change(
    app: str, record: DeployRecord | None, comparisons: Mapping[str, Comparison]
) -> Change | None:
    if record is None:
        return Change(app, "not deployed here")
    commit = record.base_commit
    comparison = comparisons[commit]
    if not comparison.is_known:
        by = f" (by {record.deployed_by})" if record.deployed_by else ""
        return Change(app, f"deployed from {commit[:7]}{by}, which is not in this repository", True)
    what = (
        "manifests changed"
        if app in comparison.folders
        else "configuration changed"
        if app in comparison.configured
        else ""
    )
    if not what:
        return Change(app, "deployed with changes that were not committed") if record.is_dirty else None
    if comparison.is_ours:
        return Change(app, f"{what} since {commit[:7]}")
    by = f" by {record.deployed_by}" if record.deployed_by else ""
    return Change(app, f"{what} since {commit[:7]}, deployed{by} from outside of this branch", True)
