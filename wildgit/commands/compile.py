"""`git wild compile`: render apps again after a change of config.yaml, keeping hand edits."""

from __future__ import annotations

import click

from wildgit.errors import NO, OK


@click.command("compile")
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@click.option("--check", is_flag=True, help="Like --dry-run, and exit with 1 if anything would change.")
def compile_command(apps: tuple[str, ...], dry_run: bool, check: bool) -> int:
    """Render apps again after a change of config.yaml, keeping what was edited by hand.

    Each file is merged three ways: what the package rendered to before, your file, what it renders to
    now. Exit code 1: conflicts are left, with markers in the files and stages in the index.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.git.merge_state import MergeState
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.upstream.compile_run import compile_apps, plan_compile

    instance = Instance.find()
    names = instance.require_apps(apps)
    repo = Repo(instance.root)
    if check:
        stale = [update.step.app.name for update in plan_compile(instance, repo, names)]
        for name in stale:
            terminal.say(f"{name} is not compiled with today's config.yaml")
        if stale:
            terminal.remark(f"hint: git wild compile {' '.join(stale)}")
        return NO if stale else OK
    with MergeState(repo).exclusive():
        conflicts = compile_apps(instance, repo, names, dry_run=dry_run)
    if conflicts:
        terminal.remark("hint: resolve them and git add; git checkout HEAD -- apps/APP takes it all back")
    return NO if conflicts else OK


command = compile_command
