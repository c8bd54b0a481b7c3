"""A rollback in git: what a commit had of some apps, made the next commit; planned, then written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wildgit.adapters.git.index_entries import FileChange
from wildgit.adapters.git.merge_state import Journal, MergeState
from wildgit.adapters.git.overwriting import refuse_to_overwrite
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import EXECUTABLE, REGULAR, Repo, TreeEntry
from wildgit.adapters.instance import APPS, CONFIG, Instance, section
from wildgit.core.yaml_edit import take_entry
from wildgit.core.yaml_values import load_mapping
from wildgit.errors import GitError, InputError


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback would write.

    Attributes:
        head: the commit it goes back from.
        target: the commit it goes back to.
        apps: the apps that go back.
        changes: the files that change.
    """

    head: str
    target: str
    apps: tuple[str, ...]
    changes: tuple[FileChange, ...]


def plan_rollback(repo: Repo, head: str, target: str, apps: Sequence[str]) -> RollbackPlan:
    """Return how the folders and config sections of `apps` become what `target` has; nothing else changes.

    Raises:
        InputError: config.yaml is broken on one side, or the target has links among the files.
    """
    changes = [change for app in apps for change in _folder_changes(repo, head, target, app)]
    ours, theirs = (repo.file_at(commit, CONFIG) or b"" for commit in (head, target))
    config = ours
    for app in apps:
        config = take_entry(config, theirs, (APPS, app), CONFIG)
    if config != ours:
        changes.append(FileChange(CONFIG, config))
    return RollbackPlan(head, target, tuple(apps), tuple(changes))


def refuse_uncommitted(plan: RollbackPlan, instance: Instance, state: MergeState) -> None:
    """Raise GitError where the rollback would lose or bury work: uncommitted, or of a merge in progress."""
    state.refuse_if_busy()
    refuse_to_overwrite(state.repo, plan.changes)
    folders = [f"{APPS}/{app}" for app in plan.apps]
    arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--", *folders]
    output = run_git(["--literal-pathspecs", *arguments], cwd=instance.root)
    dirty = [line[3:] for line in output.decode("utf-8", "surrogateescape").split("\0") if line]
    dirty += [f"{CONFIG}: {APPS}.{app}" for app in _edited_sections(plan, instance, state.repo)]
    if dirty:
        listed = "\n".join(f"  {path}" for path in dirty[:10])
        raise GitError(f"there is work that is not committed:\n{listed}", hint="commit or stash it first")


def write_rollback(plan: RollbackPlan, instance: Instance, state: MergeState, message: str) -> str:
    """Write the plan and commit it, with git's own hooks; return the commit, HEAD where nothing changes.

    Raises:
        GitError: work would be lost, or a hook refused; then all is as before.
    """
    with instance.config_locked():
        refuse_uncommitted(plan, instance, state)
        if state.repo.head() != plan.head:
            raise GitError("HEAD moved meanwhile", hint="run it again")
        if not plan.changes:
            return plan.head
        state.require_identity()
        journal = Journal("writing", plan.head, "", paths=[change.path for change in plan.changes])
        state.write(plan.changes, journal, message)
        try:
            return state.commit(message)
        except GitError as error:
            state.abort()
            raise GitError(
                "git commit refused, so nothing was rolled back", hint="mend what it says, and run it again"
            ) from error


def _folder_changes(repo: Repo, head: str, target: str, app: str) -> Iterator[FileChange]:
    before, after = (_files(repo, commit, app) for commit in (head, target))
    for path in sorted(before.keys() | after.keys()):
        entry = after.get(path)
        if entry == before.get(path):
            continue
        if entry is None:
            yield FileChange(path, None)
        elif entry.mode not in (EXECUTABLE, REGULAR):
            raise InputError(
                f"{path} is a link or a submodule in {target[:7]}",
                hint=f"git checkout {target[:7]} -- {APPS}/{app}, and commit",
            )
        else:
            yield FileChange(path, repo.blob(entry.blob), entry.mode == EXECUTABLE, entry.blob)


def _files(repo: Repo, commit: str, app: str) -> dict[str, TreeEntry]:
    folder = f"{APPS}/{app}"
    tree = repo.tree_at(commit, folder)
    return dict(repo.files(tree, f"{folder}/")) if tree else {}


def _edited_sections(plan: RollbackPlan, instance: Instance, repo: Repo) -> list[str]:
    """The apps whose section of config.yaml differs between the work tree and HEAD."""
    committed = load_mapping(repo.file_at(plan.head, CONFIG) or b"", CONFIG)
    present = instance.config()
    return [app for app in plan.apps if section(present, APPS, app) != section(committed, APPS, app)]
