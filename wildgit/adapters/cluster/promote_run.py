"""A promotion: what one environment's cluster runs and another's does not, and the merge that brings it.

The clusters' records say what is deployed; where one can't be asked, the refs below `refs/wild/deployed/` say
what was last seen. Nothing here deploys: the merge does, by the trigger or by CI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters.cluster.deployed_commits import read_mirror, read_records
from wildgit.adapters.cluster.target import connect
from wildgit.adapters.committed_apps import CommittedApps
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import Settings
from wildgit.core.app.package import MANIFEST, parse_manifest
from wildgit.core.cluster.environment import Environment
from wildgit.core.cluster.promotion import Running, Step, judge
from wildgit.errors import ClusterError, GitError, InputError

_MAX_COMMITS = 200


@dataclass(frozen=True)
class Side:
    """One environment of a promotion.

    Attributes:
        environment: which, with its branch.
        running: app → what is deployed.
        problem: why the cluster could not be asked; "" where it was.
        ref: the branch as git finds it: local, or of origin where there is no local one.
        tip: the commit of that.
    """

    environment: Environment
    running: Mapping[str, Running]
    problem: str
    ref: str
    tip: str


@dataclass(frozen=True)
class Promotion:
    """What is to be promoted.

    Attributes:
        source: where it runs.
        target: where it does not.
        steps: the apps that differ, by name.
        untried: apps that the source's branch has otherwise than its cluster: they would come along untried.
        is_merged: the target's branch has all of the source's.
    """

    source: Side
    target: Side
    steps: tuple[Step, ...]
    untried: tuple[str, ...]
    is_merged: bool

    @property
    def merge(self) -> list[str]:
        """What to give git, on the target's branch."""
        return ["merge", "--no-ff", self.source.ref]


def plan_promotion(
    instance: Instance, settings: Settings, source: Environment, target: Environment
) -> Promotion:
    """Return what is on one environment and not on the other.

    Raises:
        GitError: one of their branches is not here.
    """
    repo = Repo(instance.root)
    sides = [_side(instance, settings, repo, environment) for environment in (source, target)]
    steps = _steps(repo, *sides)
    untried = _untried(repo, sides[0])
    is_merged = repo.is_ancestor(sides[0].tip, sides[1].tip)
    return Promotion(sides[0], sides[1], tuple(steps), tuple(untried), is_merged)


def _side(instance: Instance, settings: Settings, repo: Repo, environment: Environment) -> Side:
    found = repo.find_branch(environment.branch or "")
    if found is None:
        raise GitError(
            f"there is no branch {environment.branch}, which deploys to {environment.name}",
            hint="git fetch origin",
        )
    ref, tip = found
    problem = ""
    try:
        commits = _ask(instance, settings, environment)
    except (ClusterError, InputError) as error:
        problem, commits = error.message, _last_seen(instance.root, environment)
    running = {app: Running(commit, _version(repo, commit, app)) for app, commit in commits.items()}
    return Side(environment, running, problem, ref, tip)


def _ask(instance: Instance, settings: Settings, environment: Environment) -> dict[str, str]:
    """Return app → deployed commit, by the cluster's own records."""
    records = read_records(connect(instance, settings, environment, is_brief=True))
    return {app: record.base_commit for app, record in records.items()}


def _last_seen(root: Path, environment: Environment) -> dict[str, str]:
    return {app: commit for (where, app), commit in read_mirror(root).items() if where == environment.name}


def _steps(repo: Repo, source: Side, target: Side) -> list[Step]:
    """Whatever else the clusters have: an app that neither branch has is not to be promoted."""
    found, apps = [], CommittedApps(repo)
    for app in sorted(repo.packages(source.tip, APPS).keys() | repo.packages(target.tip, APPS).keys()):
        here, there = source.running.get(app), target.running.get(app)
        if here is None and there is None:
            continue
        if here is not None and there is not None and apps.is_same(app, here.commit, there.commit):
            continue
        known = [each.commit for each in (here, there) if each is not None and repo.has_commit(each.commit)]
        ahead: tuple[tuple[str, str], ...] = ()
        behind: tuple[tuple[str, str], ...] = ()
        if here is not None and here.commit in known and (there is None or there.commit in known):
            ahead = _commits(repo, app, here.commit, there.commit if there else None)
            behind = _commits(repo, app, there.commit, here.commit) if there else ()
        found.append(Step(app, here, there, judge(here, there, known, ahead, behind), ahead, behind))
    return found


def _untried(repo: Repo, side: Side) -> list[str]:
    """The apps that the branch would bring and that do not run like that on its environment."""
    committed, running = CommittedApps(repo), side.running
    return sorted(
        app
        for app in set(repo.packages(side.tip, APPS)) - set(side.environment.exclude)
        if app not in running or not committed.is_same(app, running[app].commit, side.tip)
    )


def _version(repo: Repo, commit: str, app: str) -> str:
    if not repo.has_commit(commit):
        return ""
    try:
        path = f"{APPS}/{app}/{MANIFEST}"
        return parse_manifest(repo.file_at(commit, path) or b"", path).version
    except InputError:
        return ""


def _commits(repo: Repo, app: str, new: str, old: str | None) -> tuple[tuple[str, str], ...]:
    """The commits that changed the app. A merge is one of them; what came with it (upstream's) is not."""
    beyond = [f"^{old}"] if old else []
    arguments = ["log", "--first-parent", f"--max-count={_MAX_COMMITS}", "--format=%H %s", new, *beyond, "--"]
    output = run_git([*arguments, f"{APPS}/{app}"], cwd=repo.root).decode("utf-8", "replace")
    pairs = (line.partition(" ") for line in output.split("\n") if line)
    return tuple((commit, subject) for commit, _, subject in pairs)


def describe_promotion(promotion: Promotion) -> dict[str, object]:
    """Return a promotion for scripts."""
    return {
        "from": _describe_side(promotion.source),
        "to": _describe_side(promotion.target),
        "apps": [
            {
                "name": step.app,
                "standing": step.standing.value,
                "from": _describe_running(step.source),
                "to": _describe_running(step.target),
                "commits": _describe_commits(step.commits),
                "missing": _describe_commits(step.missing),
            }
            for step in promotion.steps
        ],
        "untried": list(promotion.untried),
        "merged": promotion.is_merged,
        "merge": ["git", *promotion.merge],
    }


def _describe_side(side: Side) -> dict[str, object]:
    name, branch = side.environment.name, side.environment.branch
    return {"environment": name, "branch": branch, "tip": side.tip, "problem": side.problem or None}


def _describe_running(running: Running | None) -> dict[str, str] | None:
    return None if running is None else {"commit": running.commit, "version": running.version}


def _describe_commits(commits: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"commit": commit, "subject": subject} for commit, subject in commits]
