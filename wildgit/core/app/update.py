"""Upstream's new package into an app: its files, merged in memory.

One engine does both uses: `merge`, where the package moved, and `compile`, where config.yaml did.
Base is what the old package renders to with the values it was compiled with, theirs is what the new
one renders to with today's, ours is the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wildgit.core.app.defaults import resolve_defaults
from wildgit.core.app.package import MANIFEST, Package, PackageFile
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.app.package_lock import PackageLock, lock_text
from wildgit.core.app.render import Pristine, build_world, read_values, render_package
from wildgit.core.merge import Conflict, Decision, MergeOptions
from wildgit.core.merge.files import FilesMerge, MergedFile, merge_files
from wildgit.core.merge.resources import Move
from wildgit.core.yaml_values import is_same


@dataclass(frozen=True)
class InstalledApp:
    """An app as it lies in the instance.

    Attributes:
        name: the installed name.
        package: `.package/`, the base.
        lock: what it was compiled with.
        files: the app's own files, as people left them.
        mapping: ref → installed app, of the package that it is about to get.
        old_mapping: the same as its manifest.yaml has it now.
    """

    name: str
    package: Package
    lock: PackageLock
    files: Mapping[str, PackageFile]
    mapping: Mapping[str, str]
    old_mapping: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One app and the package that it is to be compiled from; the same as before for `compile`."""

    app: InstalledApp
    package: Package
    lock: PackageLock


@dataclass(frozen=True)
class AppUpdate:
    """What becomes of one app.

    Attributes:
        step: the app and its new package.
        files: the merged files that differ from ours; paths inside the app's folder.
        lock: the new lock file's text; None where it stays.
        customised: the files that people changed against the old pristine text.
        decisions: what was decided without asking, each with the file's path.
        moves: what stood in another file on one of the sides.
    """

    step: Step
    files: tuple[MergedFile, ...]
    lock: bytes | None
    customised: tuple[str, ...]
    decisions: tuple[tuple[str, Decision], ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Every conflict of the app's files."""
        return tuple(conflict for file in self.files for conflict in file.conflicts)


def update_app(
    step: Step, config: Mapping[str, object], options: MergeOptions, *, scope: str = "auto"
) -> AppUpdate:
    """Return the app's files with the new package's text merged in.

    Args:
        step: the app and its new package.
        config: the values of config.yaml after its own merge.
        options: for the merge of each file.
        scope: the setting `wild.templateScope`.

    Raises:
        InputError: a template of the old or the new package is broken, or a value is missing.
    """
    app = step.app
    world = build_world(step.package.manifest, app.name, config, app.mapping, scope=scope)
    theirs = render_package(step.package, world, app.name, app.mapping, scope=scope)
    _, default_reads = resolve_defaults(step.package, world, app.name)
    values = read_values(world, theirs.reads | default_reads)
    base = _base_of(step, theirs, values, scope)
    ours = {path: file.data for path, file in app.files.items()}
    merged = merge_files(_contents(base), ours, _contents(theirs.files), options)
    new_lock = lock_text(replace(step.lock, values=values))
    unchanged = (
        step.package.tree == app.lock.tree and step.lock == app.lock and is_same(values, app.lock.values)
    )
    return AppUpdate(
        step,
        tuple(file for file in merged.files if file.conflicts or file.content != ours.get(file.path)),
        None if unchanged else new_lock,
        _customised_files(_contents(base), ours, merged),
        tuple((file.path, decision) for file in merged.files for decision in file.decisions),
        merged.moves,
    )


def pristine_files(app: InstalledApp, *, scope: str = "auto") -> dict[str, bytes]:
    """Return what the app's files were before anybody customised them: path → content."""
    rendered = render_package(app.package, app.lock.values, app.name, app.old_mapping, scope=scope)
    return _contents(rendered.files)


def package_changes(step: Step) -> Iterable[tuple[str, PackageFile | None]]:
    """Yield what must change in `.package/`, so that it is the new package byte for byte: path and file."""
    old, new = step.app.package.files, step.package.files
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if after is None:
            yield f"{PACKAGE_FOLDER}/{path}", None
        elif before is None or (before.blob, before.executable) != (after.blob, after.executable):
            yield f"{PACKAGE_FOLDER}/{path}", after


def _base_of(
    step: Step, theirs: Pristine, values: Mapping[str, object], scope: str
) -> dict[str, PackageFile]:
    """The old package rendered with the old values; where neither moved, that is theirs already."""
    app = step.app
    same_values = is_same(values, app.lock.values)
    same = {
        path: theirs.files[path]
        for path, file in app.package.files.items()
        if same_values
        and (path != MANIFEST or app.mapping == app.old_mapping)
        and path in theirs.files
        and step.package.files[path].blob == file.blob
    }
    rest = [path for path in app.package.files if path not in same]
    rendered = render_package(app.package, app.lock.values, app.name, app.old_mapping, scope=scope, only=rest)
    return {**same, **rendered.files}


def _contents(files: Mapping[str, PackageFile]) -> dict[str, bytes]:
    return {path: file.data for path, file in files.items()}


def _customised_files(
    base: Mapping[str, bytes], ours: Mapping[str, bytes], merged: FilesMerge
) -> tuple[str, ...]:
    """The files that people changed, by the names they have after the merge."""
    moved = {move.source: move.target for move in merged.moves if move.moved_by == "theirs"}
    left = {file.path for file in merged.files if file.content is not None}
    changed = (path for path in base.keys() | ours.keys() if base.get(path) != ours.get(path))
    return tuple(sorted({path if path in left else moved.get(path, path) for path in changed}))
