"""The update of an app as changes of files."""

from __future__ import annotations

from collections.abc import Iterator

from wildgit.adapters.git.index_entries import FileChange
from wildgit.adapters.instance import APPS
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.app.update import AppUpdate, package_changes
from wildgit.core.merge.three import Three


def file_changes(update: AppUpdate) -> Iterator[FileChange]:
    """Yield what changes in one app's folder, its `.package/` and lock included."""
    folder = f"{APPS}/{update.step.app.name}"
    ours = update.step.app.files
    written = {file.path for file in update.files}
    for file in update.files:
        executable = _is_executable(update, file.path)
        stages = file.stages if file.conflicts else None
        yield FileChange(f"{folder}/{file.path}", file.content, executable, stages=stages)
    for path, before in ours.items():
        if path not in written and before.executable != _is_executable(update, path):
            yield FileChange(f"{folder}/{path}", before.data, not before.executable)
    for path, after in package_changes(update.step):
        if after is None:
            yield FileChange(f"{folder}/{path}", None)
        else:
            yield FileChange(f"{folder}/{path}", after.data, after.executable, after.blob)
    if update.lock is not None:
        yield FileChange(f"{folder}/{LOCK_FILE}", update.lock)


def _is_executable(update: AppUpdate, path: str) -> bool:
    """The mode, merged three ways like everything else; for a file of ours alone, ours."""
    app, package = update.step.app, update.step.package
    places = _places(update, path)
    base = app.package.files.get(places.base)
    ours, theirs = app.files.get(places.ours), package.files.get(places.theirs)
    if ours is None or theirs is None:
        known = ours or theirs
        return known is not None and known.executable
    changed = base is not None and ours.executable == base.executable
    return theirs.executable if changed else ours.executable


def _places(update: AppUpdate, path: str) -> Three[str]:
    """Where a file of the merge lay on each side, if one renamed it."""
    for move in update.moves:
        if move.resource is None and move.target == path:
            moved = move.contested or move.source
            return Three(move.source, path, moved) if move.moved_by == "ours" else Three(moved, moved, path)
    return Three(path, path, path)
