"""Apps rendered again after config.yaml moved, with people's edits kept: the same three-way merge.

It works on the work tree, as an editor would, and leaves staging and committing to the user. Each
file is written whole and the lock last, so an interrupted run is finished by running it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.adapters import terminal
from wildgit.adapters.git.index_entries import FileChange
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.overwriting import refuse_to_overwrite
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import read_settings
from wildgit.adapters.upstream.file_changes import file_changes
from wildgit.adapters.upstream.installed_apps import InstalledApps, lock_of
from wildgit.adapters.upstream.merge_options import merge_options
from wildgit.core.app.update import AppUpdate, Step, update_app


def plan_compile(instance: Instance, repo: Repo, apps: Sequence[str]) -> list[AppUpdate]:
    """Return what rendering `apps` with today's config.yaml would change; an empty list for nothing.

    Raises:
        InputError: a template reads a value that config.yaml has not.
    """
    settings = read_settings(instance.root)
    installed = InstalledApps(instance, repo)
    config = instance.config()
    scope = settings.choice("wild.templateScope")
    options = merge_options(settings)
    found = []
    for name in apps:
        app = installed.read(name)
        step = Step(app, app.package, lock_of(app.package, app.lock.branch, app.lock.values))
        update = update_app(step, config, options, scope=scope)
        if update.files or update.lock is not None:
            found.append(update)
    return found


def compile_apps(
    instance: Instance, repo: Repo, apps: Sequence[str], *, stage: bool = False, dry_run: bool = False
) -> int:
    """Render the apps again, report what changed, and return how many conflicts are left.

    Args:
        instance: where.
        repo: its repository.
        apps: which.
        stage: add what changed to the index; for a merge that is about to be committed.
        dry_run: report only.

    Raises:
        GitError: a file that would conflict has uncommitted changes.
    """
    updates = plan_compile(instance, repo, apps)
    changes = [change for update in updates for change in file_changes(update)]
    if not dry_run:
        _write(repo, changes, stage=stage)
    conflicts = 0
    for update in updates:
        name = update.step.app.name
        for file in update.files:
            terminal.say(f"{'would compile' if dry_run else 'compiled'} {APPS}/{name}/{file.path}")
        for conflict in update.conflicts:
            conflicts += 1
            path = ".".join(str(part) for part in conflict.path)
            terminal.say(f"{terminal.style('CONFLICT', 'bad')} {APPS}/{name}: {path}: {conflict.reason}")
    return conflicts


def _write(repo: Repo, changes: Sequence[FileChange], *, stage: bool) -> None:
    state = MergeState(repo)
    conflicted = [change for change in changes if change.stages is not None]
    clean = [change for change in changes if change.stages is None]
    if conflicted:
        if not stage:
            state.refuse_if_busy()
        refuse_to_overwrite(state.repo, conflicted, staged=False)
        state.write_conflicts(conflicted)
    # The lock is the last of each app's changes: it says that the files before it are done.
    state.write_clean(clean)
    if stage:
        state.stage([change.path for change in clean])
