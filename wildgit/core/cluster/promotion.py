"""What is on one environment and not on another, app by app: what a promotion would bring, and would miss."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from wildgit.core.cluster.environment import Environment
from wildgit.errors import UsageError

_NAME_ONE = "git config --file .wildconfig wild-environment.NAME.branch BRANCH"
_RELEASED = ("main", "master")  # what these branches deploy to is promoted to


class Standing(StrEnum):
    """How an app on the one environment stands to what the other has of it."""

    NEW = "new"  # the other has it not
    NEWER = "newer"
    OLDER = "older"  # the other is ahead, by a fix that was made there
    DIVERGED = "diverged"  # each has commits that the other lacks
    ONLY_THERE = "only there"
    UNKNOWN = "unknown"  # a commit is not in this repository


@dataclass(frozen=True)
class Running:
    """What an environment has of an app: the commit that was deployed, and the version it says."""

    commit: str
    version: str = ""


@dataclass(frozen=True)
class Step:
    """One app that differs.

    Attributes:
        app: its name.
        source: what the first environment has; None for nothing.
        target: what the second has.
        standing: the first to the second.
        commits: id and subject of what the first has more, the newest first.
        missing: the same of what the second has more.
    """

    app: str
    source: Running | None
    target: Running | None
    standing: Standing
    commits: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()


def judge(
    source: Running | None,
    target: Running | None,
    known: Collection[str],
    ahead: Collection[object],
    behind: Collection[object],
) -> Standing:
    """Return how an app stands that is not the same on both.

    Args:
        source: what the first environment has.
        target: what the second has.
        known: the commits that this repository has.
        ahead: the commits that only the first has.
        behind: those that only the second has.
    """
    if source is None:
        return Standing.ONLY_THERE
    if target is None:
        return Standing.NEW
    if source.commit not in known or target.commit not in known:
        return Standing.UNKNOWN
    if ahead and behind:
        return Standing.DIVERGED
    return Standing.OLDER if behind else Standing.NEWER


def choose_environments(
    environments: Mapping[str, Environment], source: str | None, target: str | None
) -> tuple[Environment, Environment]:
    """Return which environment is promoted to which, by the names of environments or of their branches.

    Without names, it is the one that main deploys to that is promoted to, from the only other one.

    Raises:
        UsageError: no environment has that name, or it is not clear which is meant.
    """
    mapped = [environment for environment in environments.values() if environment.branch]
    end = _named(mapped, target) if target else _only(mapped, "to", lambda e: e.branch in _RELEASED)
    start = _named(mapped, source) if source else _only(mapped, "from", lambda e: e != end)
    if start.branch == end.branch:
        raise UsageError(
            f"{start.name} and {end.name} are deployed from one branch: there is nothing to merge"
        )
    return start, end


def _named(environments: list[Environment], name: str) -> Environment:
    found = [each for each in environments if each.name == name] or [
        each for each in environments if each.branch == name
    ]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        f"{name!r} is no environment with a branch, and no branch of one; there are: {_listed(environments)}",
        hint=_NAME_ONE,
    )


def _only(environments: list[Environment], way: str, is_meant: Callable[[Environment], bool]) -> Environment:
    found = [each for each in environments if is_meant(each)]
    if len(found) == 1:
        return found[0]
    if not environments:
        raise UsageError("no environment has a branch, so there is nothing to promote to", hint=_NAME_ONE)
    raise UsageError(
        f"it is not clear what to promote {way}; the environments with a branch: {_listed(environments)}",
        hint="git wild promote FROM TO",
    )


def _listed(environments: list[Environment]) -> str:
    return ", ".join(f"{each.name} ({each.branch})" for each in environments) or "none"
