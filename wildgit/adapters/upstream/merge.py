"""Upstream merged into an instance: planned in memory, then written in git's own terms.

The plan is data. `merge --dry-run` prints it; `write_merge` executes it; nothing is written before
all of it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wildgit.adapters.git.index_entries import FileChange
from wildgit.adapters.git.merge_state import Journal, MergeState
from wildgit.adapters.git.overwriting import refuse_to_overwrite
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, Instance
from wildgit.adapters.new_secrets import generate_secret, store_secrets
from wildgit.adapters.settings import Settings
from wildgit.adapters.upstream.file_changes import file_changes
from wildgit.adapters.upstream.installed_apps import InstalledApps, lock_of
from wildgit.adapters.upstream.merge_message import merge_message
from wildgit.adapters.upstream.wild_directory import Upstream
from wildgit.core.app.config_merge import ConfigMerge, merge_config
from wildgit.core.app.render import build_world
from wildgit.core.app.secrets import SecretPath, missing_secrets
from wildgit.core.app.update import AppUpdate, Step, update_app
from wildgit.core.merge import Conflict, Decision, MergeOptions
from wildgit.errors import GitError


@dataclass(frozen=True)
class MergePlan:
    """What a merge of upstream would do.

    Attributes:
        upstream: the commit that is merged.
        head: the commit it is merged into.
        updates: the apps that get a new package.
        config: config.yaml, merged.
        changes: every file that changes.
        secrets: what must be added to secrets.yaml: (app, key) → value.
        merge_head: the second parent of the commit; "" where it has one parent.
        gone: installed apps that upstream has no longer.
        message: of the commit.
    """

    upstream: Upstream
    head: str
    updates: tuple[AppUpdate, ...]
    config: ConfigMerge
    changes: tuple[FileChange, ...]
    secrets: Mapping[SecretPath, str]
    merge_head: str
    gone: tuple[str, ...]
    message: str

    @property
    def conflicts(self) -> list[tuple[str, Conflict]]:
        """Every conflict with the file it lies in."""
        found = [(CONFIG, conflict) for conflict in self.config.conflicts]
        for update in self.updates:
            for file in update.files:
                found += [(f"{APPS}/{update.step.app.name}/{file.path}", each) for each in file.conflicts]
        return found

    @property
    def decisions(self) -> list[tuple[str, Decision]]:
        """Every decision with the file it was taken in."""
        found = [(CONFIG, decision) for decision in self.config.decisions]
        for update in self.updates:
            found += [(f"{APPS}/{update.step.app.name}/{path}", each) for path, each in update.decisions]
        return found

    @property
    def requires(self) -> dict[str, set[str]]:
        """App → the installed apps that its old or its new package requires, of those that are updated."""
        return {
            app.name: {*app.mapping.values(), *app.old_mapping.values()}
            for app in (update.step.app for update in self.updates)
        }

    @property
    def conflicting_apps(self) -> set[str]:
        """The updated apps with conflicts, in their files or in config.yaml; all, where one is no app's."""
        names = {update.step.app.name for update in self.updates}
        found = {update.step.app.name for update in self.updates if update.conflicts}
        for conflict in self.config.conflicts:
            owner = set(conflict.path[1:2]) & names if conflict.path[:1] == ("apps",) else set()
            found |= owner or names
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write: upstream is merged already."""
        return not self.changes and not self.merge_head and not self.secrets


def plan_merge(
    instance: Instance,
    repo: Repo,
    settings: Settings,
    upstream: Upstream,
    *,
    apps: Sequence[str] = (),
    options: MergeOptions,
    one_parent: bool = False,
) -> MergePlan:
    """Return what merging `upstream` into HEAD would do.

    Args:
        instance: config.yaml and secrets.yaml are read from its work tree.
        repo: the apps are read from its HEAD.
        settings: `wild.mergeCommit`, `wild.configMerge`, `wild.templateScope`.
        upstream: the commit to merge.
        apps: only these; every app when empty.
        options: for the merge of each file.
        one_parent: the commit is no merge, even if all apps have what upstream has then.

    Raises:
        GitError: there is no commit to merge into.
        InputError: a package or a file of the instance is broken.
    """
    head = repo.head()
    if head is None:
        raise GitError("there is no commit to merge into yet", hint="git add -A && git commit")
    installed = InstalledApps(instance, repo, head)
    behind, gone = _compare(installed, upstream)
    wanted = [name for name in behind if not apps or name in apps]
    steps = [_step(installed, upstream, name, behind[name]) for name in wanted]
    scope = settings.choice("wild.templateScope")
    config_text = repo.file_at(head, CONFIG) or b""
    config = merge_config(
        config_text,
        steps,
        options,
        preserve=settings.choice("wild.configMerge") == "preserve",
        scope=scope,
    )
    updates = tuple(update_app(step, config.values, options, scope=scope) for step in steps)
    whole = len(wanted) == len(behind) and settings.choice("wild.mergeCommit") == "merge" and not one_parent
    merge_head = upstream.commit if whole and not repo.is_ancestor(upstream.commit, head) else ""
    changes = tuple(_changes(updates, config, config_text))
    return MergePlan(
        upstream,
        head,
        updates,
        config,
        changes,
        _new_secrets(instance, steps, config.values, scope),
        merge_head,
        tuple(gone if not apps else ()),
        merge_message(upstream, updates, config, whole=bool(merge_head)),
    )


def write_merge(plan: MergePlan, instance: Instance, state: MergeState) -> str | None:
    """Write the plan and commit it; with conflicts, leave the merge to the user.

    Returns:
        the new commit; None where conflicts are left to resolve.

    Raises:
        GitError: a file it must write has uncommitted changes, a merge is in progress, or a hook refused.
    """
    paths = [change.path for change in plan.changes]
    state.refuse_if_busy()
    refuse_to_overwrite(state.repo, plan.changes)
    state.require_identity()
    store_secrets(instance, plan.secrets)
    apps = {update.step.app.name: update.step.package.manifest.version for update in plan.updates}
    journal = Journal("writing", plan.head, plan.merge_head, apps, paths)
    state.write(plan.changes, journal, plan.message)
    if plan.conflicts:
        return None
    _refuse_secrets(instance)
    return state.commit(plan.message)


def _refuse_secrets(instance: Instance) -> None:
    """Look for secrets in the index before it is committed, where no hook of ours will."""
    from wildgit.adapters.git.hook_files import read_states
    from wildgit.adapters.secret_guard import open_guard

    if any(state.name == "pre-commit" and state.is_installed for state in read_states(instance.root)):
        return
    findings = open_guard(instance.root).scan_index()
    if findings:
        listed = "\n".join(f"  {each.place()}: {each.rule}: {each.message}" for each in findings)
        raise GitError(
            f"upstream brings what must not be committed; the merge is still in progress:\n{listed}",
            hint="git wild merge --abort, or mend it and git wild merge --continue",
        )


def _compare(installed: InstalledApps, upstream: Upstream) -> tuple[dict[str, str], list[str]]:
    """The apps whose package upstream changed (app → package name), and those it has no longer."""
    behind: dict[str, str] = {}
    gone: list[str] = []
    for name in installed.names:
        tree = installed.package_tree(name)
        if tree is None or upstream.tree_of(name) == tree:
            continue
        package = installed.lock(name).path.rpartition("/")[2]
        theirs = upstream.tree_of(package)
        if theirs is None:
            gone.append(name)
        elif theirs != tree:
            behind[name] = package
    return behind, gone


def _step(installed: InstalledApps, upstream: Upstream, name: str, package_name: str) -> Step:
    package = upstream.package(package_name)
    app = installed.read(name, package.manifest)
    return Step(app, package, lock_of(package, upstream.branch, app.lock.values))


def _changes(updates: Sequence[AppUpdate], config: ConfigMerge, config_text: bytes) -> Iterator[FileChange]:
    if config.conflicts or config.text != config_text:
        yield FileChange(CONFIG, config.text, stages=config.stages if config.conflicts else None)
    for update in updates:
        yield from file_changes(update)


def _new_secrets(
    instance: Instance, steps: Sequence[Step], config: Mapping[str, object], scope: str
) -> dict[SecretPath, str]:
    added: dict[SecretPath, str] = {}
    if not any(_asks_for_secrets(step) for step in steps) or not instance.secrets_path.exists():
        return added  # a clone without secrets.yaml can't know which there are: none is made for it
    known = instance.secrets()
    for step in steps:
        world = build_world(step.package.manifest, step.app.name, config, step.app.mapping, scope=scope)
        added |= missing_secrets(
            step.package, step.app.name, world, step.app.mapping, known, generate=generate_secret
        )
    return added


def _asks_for_secrets(step: Step) -> bool:
    old, new = step.app.package.manifest, step.package.manifest
    return (old.default_secrets, old.required_secrets) != (new.default_secrets, new.required_secrets)
