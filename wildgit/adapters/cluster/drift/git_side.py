"""What git says of apps: what HEAD makes of each, and what the commit made that is deployed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from wildgit.adapters.cluster.app_source import AppSource, read_source, stand_in_secrets
from wildgit.adapters.cluster.builds import start_builds
from wildgit.adapters.cluster.deployed_commits import deployed_ref
from wildgit.adapters.cluster.drift.look import Look
from wildgit.adapters.cluster.operations import last_operations
from wildgit.adapters.cluster.target import checked_out
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.revision import instance_at
from wildgit.adapters.rollback.open_rollback import open_rollback
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.environment import Environment
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.errors import GitError, InputError, WildgitError

_UNKNOWN_COMMIT = (
    "deployed from {0}, which this repository has not (git fetch --unshallow?); told by who owns the fields"
)
_DIRTY = "deployed with changes that were not committed"
_NEVER_SEEN = "no deploy of it is known here: there was none, or its namespace was deleted since"


class GitSide:
    """The commits that apps are compared with, built."""

    def __init__(
        self,
        instance: Instance,
        environment: Environment,
        is_namespaced: Callable[[str, str], bool | None],
    ) -> None:
        """Take where the commits are.

        Args:
            instance: whose apps are looked at.
            environment: may be deployed from a branch that is not checked out.
            is_namespaced: of an apiVersion and a kind, as the cluster says it.
        """
        self.instance, self.environment = instance, environment
        self.repo = Repo(instance.root)
        self.has_secrets = instance.secrets_path.exists()
        self._is_namespaced = is_namespaced

    @property
    def other_branch(self) -> str | None:
        """The branch that is deployed to this environment, if it is not what is checked out."""
        branch = self.environment.branch
        return None if branch is None or branch in checked_out(self.instance.root) else branch

    def commit(self) -> str:
        """Return what git says is to be deployed: HEAD, or the tip of the environment's own branch."""
        other = self.other_branch
        if other is None:
            head = self.repo.head()
            if head is None:
                raise GitError("there is no commit yet to compare with", hint="git add -A && git commit")
            return head
        found = self.repo.find_branch(other)
        if found is not None:
            return found[1]
        raise GitError(
            f"{self.environment.name} is deployed from the branch {other}, which is not here",
            hint=f"git fetch origin {other}:{other}",
        )

    def sources(self, head: str, apps: Sequence[str]) -> dict[str, AppSource | WildgitError]:
        """Return what each app should be as HEAD has it, or why that can't be told; none of new apps."""
        found: dict[str, AppSource | WildgitError] = {}
        committed = [app for app in apps if self.repo.tree_at(head, f"{APPS}/{app}")]
        with instance_at(self.instance, self.repo, head, committed) as revision:
            secrets = None if self.has_secrets else stand_in_secrets(revision)
            for app, build in start_builds(revision, committed):
                try:
                    if isinstance(build, InputError):
                        raise build
                    source = read_source(revision, app, build, commit=head, secrets=secrets)
                    found[app] = source if self.has_secrets else replace(source, secrets=())
                except WildgitError as error:
                    found[app] = error
        return found

    def read_deployed(self, head: str, looks: Mapping[str, Look]) -> None:
        """Build what was deployed, where it is not what HEAD has."""
        by_commit: dict[str, list[str]] = defaultdict(list)
        for app, look in looks.items():
            if look.record is None or not look.is_settled:
                was_deployed = self._was_deployed(look)
                look.deployed = self._placed(look, look.source.built) if was_deployed else {}
                if look.namespace is None and not was_deployed:
                    look.notes.append(_NEVER_SEEN)
                continue
            commit = look.record.base_commit
            if look.record.is_dirty:
                look.notes.append(_DIRTY)
            if not self.repo.has_commit(commit):
                look.notes.append(_UNKNOWN_COMMIT.format(commit[:7]))
            elif self.repo.tree_at(commit, f"{APPS}/{app}") != self.repo.tree_at(head, f"{APPS}/{app}"):
                by_commit[commit].append(app)
            else:
                look.deployed = self._placed(look, look.source.built)
        for commit, apps in by_commit.items():
            self._build_deployed(commit, {app: looks[app] for app in apps})

    def open_rollback(self, look: Look) -> str:
        """Return the commit that an app was rolled back to in an emergency, if no commit here says so."""
        if look.record is None:
            return ""
        source, last = look.source, self._last_operations.get(look.source.name)
        return open_rollback(self.repo, source.name, source.commit, look.record.commit, last)

    @cached_property
    def _last_operations(self) -> dict[str, dict[str, Any]]:
        return last_operations(self.instance.root, self.environment.name)

    def _build_deployed(self, commit: str, looks: Mapping[str, Look]) -> None:
        there = [app for app in looks if self.repo.tree_at(commit, f"{APPS}/{app}")]
        for app in looks.keys() - set(there):
            looks[app].deployed = {}
        with instance_at(self.instance, self.repo, commit, there) as revision:
            for app, build in start_builds(revision, there):
                try:
                    if isinstance(build, InputError):
                        raise build
                    looks[app].deployed = self._placed(looks[app], build.resources())
                except InputError as error:
                    looks[app].notes.append(f"what was deployed does not build: {error.message}")

    def _was_deployed(self, look: Look) -> bool:
        """Whether this clone deployed an app whose namespace is gone: the record went with it."""
        ref = deployed_ref(self.environment.name, look.source.name)
        return look.namespace is None and self.repo.find_commit(ref) is not None

    def _placed(self, look: Look, built: Iterable[Object]) -> dict[ResourceId, Object]:
        source = look.source
        objects = desired_objects(
            source.name, source.namespace, list(built), source.secrets, self._is_namespaced
        )
        return {identify(obj): obj for obj in objects}
