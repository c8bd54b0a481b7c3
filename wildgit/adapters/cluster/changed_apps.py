"""What of an environment's cluster is not as git has it: read from the cluster's records and from commits.

Two requests, whatever the number of apps; then git compares trees. The refs below `refs/wild/deployed/` are
made to say what the cluster says.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wildgit.adapters.cluster.app_source import own_secrets
from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.deployed_commits import deployed_ref, read_mirror, read_records
from wildgit.adapters.cluster.operations import last_operations
from wildgit.adapters.cluster.status import apps_with_other_secrets
from wildgit.adapters.committed_apps import CommittedApps
from wildgit.adapters.git.process import try_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.git.work_tree import uncommitted_by_app
from wildgit.adapters.instance import Instance
from wildgit.adapters.rollback.open_rollback import open_rollback
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.cluster.changes import Changes, Comparison, find_changes
from wildgit.core.cluster.deploy_record import DeployRecord
from wildgit.core.cluster.environment import Environment
from wildgit.errors import GitError, WildgitError

_UNCOMMITTED = "has changes that are not committed, so they are left out"
_ROLLED_BACK = (
    "was rolled back to {0} in an emergency, and is left so until that is committed: "
    "git wild rollback {1} --to {2}"
)
_OTHER_SECRETS = "secrets.yaml is not what the cluster has; only deploying it by name changes that"


def read_changes(instance: Instance, cluster: Cluster, environment: Environment) -> Changes:
    """Return which apps HEAD has otherwise than the cluster.

    Raises:
        ClusterError: the cluster can't be asked.
        GitError: there is no commit yet.
    """
    records = read_records(cluster)
    repo, present = Repo(instance.root), instance.app_names()
    head = repo.head()
    if head is None:
        raise GitError("there is no commit yet to compare with", hint="git add -A && git commit")
    committed = CommittedApps(repo)
    apps = [app for app in present if committed.folder(head, app)]
    comparisons = {
        commit: _compare(instance, committed, head, commit, of_it)
        for commit, of_it in _by_commit(apps, records).items()
    }
    mirror_records(instance.root, environment, records, comparisons, kept=apps)
    judged = {app: record for app, record in records.items() if app in apps or app not in present}
    notes = _notes(instance, cluster, [app for app in apps if app in records])
    changes = find_changes(apps, judged, comparisons, environment.exclude, notes)
    last = last_operations(repo.root, environment.name)
    held = dict(_rolled_back(repo, head, changes.apps, records, last))
    left = tuple(change for change in changes.changed if change.app not in held)
    return replace(changes, changed=left, held=held)


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
        app: commit for app, record in records.items() if comparisons[commit := record.base_commit].is_known
    }
    place = environment.name
    changed = (app for app, commit in after.items() if before.get(app) != commit)
    lines = [f"update {deployed_ref(place, app)} {after[app]}" for app in changed]
    lines += [f"delete {deployed_ref(place, app)}" for app in before if app not in {*records, *kept}]
    if lines:
        # Another deploy may write them at the same moment; they are only a mirror.
        try_git(["update-ref", "--stdin"], cwd=root, stdin="".join(f"{line}\n" for line in lines).encode())


def _rolled_back(
    repo: Repo,
    head: str,
    apps: Iterable[str],
    records: Mapping[str, DeployRecord],
    last: Mapping[str, Mapping[str, Any]],
) -> Iterable[tuple[str, str]]:
    """Yield the apps that an emergency took back to what no commit says yet: HEAD has what they left."""
    for app in apps:
        target = open_rollback(repo, app, head, records[app].commit, last.get(app)) if app in records else ""
        if target:
            yield app, _ROLLED_BACK.format(target[:7], app, target[:12])


def _notes(instance: Instance, cluster: Cluster, deployed: Iterable[str]) -> dict[str, str]:
    notes = {}
    if instance.secrets_path.exists():
        secrets = own_secrets(instance, deployed)
        notes = dict.fromkeys(apps_with_other_secrets(cluster, secrets), _OTHER_SECRETS)
    return notes | dict.fromkeys(sorted(uncommitted_by_app(instance.root)), _UNCOMMITTED)


def _by_commit(apps: Collection[str], records: Mapping[str, DeployRecord]) -> dict[str, list[str]]:
    """Return each deployed commit and which of the apps it is deployed of."""
    by_commit: dict[str, list[str]] = {record.base_commit: [] for record in records.values()}
    for app in apps:
        if app in records:
            by_commit[records[app].base_commit].append(app)
    return by_commit


def _compare(
    instance: Instance, committed: CommittedApps, head: str, commit: str, apps: list[str]
) -> Comparison:
    if not committed.repo.has_commit(commit):
        return Comparison(is_known=False)
    folders = {app for app in apps if committed.folder(commit, app) != committed.folder(head, app)}
    configured: set[str] = set()
    if not committed.has_same_config(commit, head):
        rest = [app for app in apps if app not in folders]
        configured = {app for app in rest if committed.section(commit, app) != committed.section(head, app)}
        configured |= set(_stale(instance, committed.repo, [app for app in rest if app not in configured]))
    is_ours = _is_ours(instance.root, commit)
    return Comparison(True, is_ours, frozenset(folders), frozenset(configured))


def _is_ours(root: Path, commit: str) -> bool:
    """Whether HEAD's history has the commit, or this branch once had (before a rebase, an amend, a reset)."""
    if try_git(["merge-base", "--is-ancestor", commit, "HEAD"], cwd=root).returncode == 0:
        return True
    branch = os.fsdecode(try_git(["symbolic-ref", "--quiet", "HEAD"], cwd=root).stdout).strip() or "HEAD"
    walked = try_git(["rev-list", "--walk-reflogs", branch, "--"], cwd=root).stdout.decode()
    return commit in walked.split()


def _stale(instance: Instance, repo: Repo, apps: Iterable[str]) -> Iterable[str]:
    """Yield the apps that today's config.yaml compiles to something else."""
    from wildgit.adapters.upstream.compile_run import plan_compile

    for app in apps:
        if not (instance.app_folder(app) / LOCK_FILE).is_file():
            continue
        try:
            if plan_compile(instance, repo, [app]):
                yield app
        except WildgitError:
            yield app  # its deploy says what is wrong
