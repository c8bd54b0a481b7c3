"""What of an environment's cluster is not as git has it: read from the cluster's records and from commits.

Two requests, whatever the number of apps; then git compares trees. The refs below `refs/wild/deployed/` are
made to say what the cluster says.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from wildgit.adapters.cluster.app_source import own_secrets
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.deployed_commits import deployed_ref, read_mirror, read_records
from wildgit.adapters.cluster.status import apps_with_other_secrets
from wildgit.adapters.git.process import run_git, try_git
from wildgit.adapters.git.work_tree import uncommitted_by_app
from wildgit.adapters.instance import APPS, CONFIG, Instance, parse_mapping, section
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.cluster.changes import Changes, Comparison, deployed_commit_of, find_changes
from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.environment import Environment
from wildgit.core.yaml_values import is_same
from wildgit.errors import GitError, WildgitError

_UNCOMMITTED = "has changes that are not committed, so they are left out"
_OTHER_SECRETS = "secrets.yaml is not what the cluster has; only deploying it by name changes that"


def read_changes(instance: Instance, cluster: Cluster, environment: Environment) -> Changes:
    """Return which apps HEAD has otherwise than the cluster.

    Raises:
        ClusterError: the cluster can't be asked.
        GitError: there is no commit yet.
    """
    records = read_records(cluster)
    present, committed = instance.app_names(), _committed(instance.root)
    apps = [app for app in present if app in committed]
    comparisons = _compare_all(instance, apps, records)
    mirror_records(instance.root, environment, records, comparisons, kept=apps)
    judged = {app: record for app, record in records.items() if app in apps or app not in present}
    notes = _notes(instance, cluster, [app for app in apps if app in records])
    return find_changes(apps, judged, comparisons, environment.exclude, notes)


def mirror_records(
    root: Path,
    environment: Environment,
    records: Mapping[str, DeployRecord],
    comparisons: Mapping[str, Comparison],
    kept: Collection[str] = (),
) -> None:
    """Make the refs of the environment say which commit of each app is deployed; git keeps those commits.

    What the cluster has no record of loses its ref, except for the apps that are `kept`: their namespaces
    went behind git's back, and `git wild drift` tells by the ref that it was so.
    """
    mirror = read_mirror(root)
    before = {app: commit for (where, app), commit in mirror.items() if where == environment.name}
    after = {
        app: commit
        for app, record in records.items()
        if comparisons[commit := deployed_commit_of(record)].is_known
    }
    place = environment.name
    changed = (app for app, commit in after.items() if before.get(app) != commit)
    lines = [f"update {deployed_ref(place, app)} {after[app]}" for app in changed]
    lines += [f"delete {deployed_ref(place, app)}" for app in before if app not in {*records, *kept}]
    if lines:
        # Another deploy may write them at the same moment; they are only a mirror.
        try_git(["update-ref", "--stdin"], cwd=root, stdin="".join(f"{line}\n" for line in lines).encode())


def _notes(instance: Instance, cluster: Cluster, deployed: Iterable[str]) -> dict[str, str]:
    notes = {}
    if instance.secrets_path.exists():
        secrets = own_secrets(instance, deployed)
        notes = dict.fromkeys(apps_with_other_secrets(cluster, secrets), _OTHER_SECRETS)
    return notes | dict.fromkeys(sorted(uncommitted_by_app(instance.root)), _UNCOMMITTED)


def _committed(root: Path) -> set[str]:
    """Return the names of the apps that HEAD has."""
    if try_git(["rev-parse", "--verify", "--quiet", "HEAD"], cwd=root).returncode != 0:
        raise GitError("there is no commit yet to compare with", hint="git add -A && git commit")
    listed = os.fsdecode(run_git(["ls-tree", "-z", "--name-only", "HEAD", f"{APPS}/"], cwd=root))
    return {path.removeprefix(f"{APPS}/") for path in listed.split("\0")}


def _compare_all(
    instance: Instance, apps: Iterable[str], records: Mapping[str, DeployRecord]
) -> dict[str, Comparison]:
    by_commit: dict[str, list[str]] = {deployed_commit_of(record): [] for record in records.values()}
    for app in apps:
        if app in records:
            by_commit[deployed_commit_of(records[app])].append(app)
    return {commit: _compare(instance, commit, of_it) for commit, of_it in by_commit.items()}


def _compare(instance: Instance, commit: str, apps: list[str]) -> Comparison:
    root = instance.root
    if not _is_commit(root, commit):
        return Comparison(is_known=False)
    arguments = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", commit, "HEAD", "--", APPS, CONFIG]
    paths = os.fsdecode(run_git(arguments, cwd=root)).split("\0")[:-1]
    folders = {path.split("/")[1] for path in paths if path.startswith(f"{APPS}/")}
    rest = [app for app in apps if app not in folders] if CONFIG in paths else []
    configured = _configured_otherwise(instance, commit, rest)
    return Comparison(True, _is_ours(root, commit), frozenset(folders), frozenset(configured))


def _is_commit(root: Path, commit: str) -> bool:
    # What stands in a cluster is anybody's text; nothing of it is to be read as an option.
    is_id = len(commit) >= 40 and not commit.strip("0123456789abcdef")
    return is_id and try_git(["cat-file", "-e", f"{commit}^{{commit}}"], cwd=root).returncode == 0


def _is_ours(root: Path, commit: str) -> bool:
    """Whether HEAD's history has the commit, or this branch once had (before a rebase, an amend, a reset)."""
    if try_git(["merge-base", "--is-ancestor", commit, "HEAD"], cwd=root).returncode == 0:
        return True
    branch = os.fsdecode(try_git(["symbolic-ref", "--quiet", "HEAD"], cwd=root).stdout).strip() or "HEAD"
    walked = try_git(["rev-list", "--walk-reflogs", branch, "--"], cwd=root).stdout.decode()
    return commit in walked.split()


def _configured_otherwise(instance: Instance, commit: str, apps: Iterable[str]) -> Iterable[str]:
    """Yield the apps whose section of config.yaml changed since, or that read something else that did."""
    before, now = _config_at(instance.root, commit), _config_at(instance.root, "HEAD")
    elsewhere = []
    for app in apps:
        if not is_same(section(before, APPS, app), section(now, APPS, app)):
            yield app
        elif (instance.app_folder(app) / LOCK_FILE).is_file():
            elsewhere.append(app)
    yield from _stale(instance, elsewhere)


def _stale(instance: Instance, apps: Iterable[str]) -> Iterable[str]:
    """Yield the apps that today's config.yaml compiles to something else."""
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.upstream.compile_run import plan_compile

    repo = Repo(instance.root)
    for app in apps:
        try:
            if plan_compile(instance, repo, [app]):
                yield app
        except WildgitError:
            yield app  # its deploy says what is wrong


def _config_at(root: Path, revision: str) -> dict[str, object]:
    done = try_git(["cat-file", "blob", f"{revision}:{CONFIG}"], cwd=root)
    try:
        return parse_mapping(done.stdout, f"{revision[:7]}:{CONFIG}") if done.returncode == 0 else {}
    except WildgitError:
        return {}
