"""Two sets of rendered files, shown by git: its colours, its pager, its words."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from wildgit.adapters.files import write_atomically
from wildgit.adapters.git.process import pass_through
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import read_settings
from wildgit.adapters.upstream.installed_apps import InstalledApps
from wildgit.adapters.upstream.merge import plan_merge
from wildgit.adapters.upstream.merge_options import merge_options
from wildgit.adapters.upstream.wild_directory import find_upstream
from wildgit.core.app.render import build_world, render_package
from wildgit.core.app.update import pristine_files

Side = Mapping[str, bytes]


def custom_sides(instance: Instance, repo: Repo, apps: Sequence[str]) -> tuple[Side, Side]:
    """Return the pristine files of `apps` and the files in the work tree: path → content."""
    installed = InstalledApps(instance, repo)
    scope = read_settings(instance.root).choice("wild.templateScope")
    pristine: dict[str, bytes] = {}
    ours: dict[str, bytes] = {}
    for name in apps:
        app = installed.read(name)
        pristine |= _in_folder(name, pristine_files(app, scope=scope))
        ours |= _in_folder(name, {path: file.data for path, file in app.files.items()})
    return pristine, ours


def upstream_sides(
    instance: Instance, repo: Repo, apps: Sequence[str], revision: str | None
) -> tuple[Side, Side]:
    """Return what the packages of `apps` rendered to when last merged, and what upstream's render to now."""
    settings = read_settings(instance.root)
    scope = settings.choice("wild.templateScope")
    upstream = find_upstream(repo, settings, revision)
    plan = plan_merge(instance, repo, settings, upstream, apps=apps, options=merge_options(settings))
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    for update in plan.updates:
        app, package = update.step.app, update.step.package
        world = build_world(package.manifest, app.name, plan.config.values, app.mapping, scope=scope)
        rendered = render_package(package, world, app.name, app.mapping, scope=scope)
        before |= _in_folder(app.name, pristine_files(app, scope=scope))
        after |= _in_folder(app.name, {path: file.data for path, file in rendered.files.items()})
    return before, after


def show_diff(root: Path, before: Side, after: Side, *, stat: bool = False) -> bool:
    """Let git show the difference of the two sides; returns whether there is one."""
    if before == after:
        return False
    with tempfile.TemporaryDirectory(prefix="git-wild-diff-") as folder:
        for side, files in (("a", before), ("b", after)):
            (Path(folder) / side).mkdir()
            for path, data in files.items():
                if before.get(path) != after.get(path):
                    write_atomically(Path(folder) / side / path, data, durable=False)
        # The two folders are called a and b, so git's usual prefixes come out without being asked for.
        arguments = ["diff", "--no-index", "--no-prefix", *(["--stat"] if stat else []), "a", "b"]
        config = {"GIT_DIR": str(Repo(root).git_dir), "GIT_WORK_TREE": folder}
        pass_through(arguments, cwd=Path(folder), env=config)
    return True


def _in_folder(app: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{APPS}/{app}/{path}": data for path, data in files.items()}
