"""`git wild hooks`: install, uninstall and show the hooks; `run` is what they call."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from wildgit import errors
from wildgit.adapters.git import hook_files
from wildgit.adapters.terminal import say, say_json, say_table, style
from wildgit.commands import PLUMBING


@click.group(name="hooks")
def command() -> None:
    """Install hooks that keep secrets out, beside those there.

    They look at what is staged, at the commit message, at every commit that a branch or tag is moved to
    (cherry-pick, rebase, merge, --no-verify included) and at what a push would send. After a merge into a
    branch that an environment is deployed from, they look what is to be deployed (wild.postMerge).
    """


@command.command(name="install")
@click.option("--config", "in_config", is_flag=True, help="In git's configuration (git 2.54 or newer).")
def install(in_config: bool) -> int:
    """Put the hooks in, or bring them up to date.

    A hook that is there already runs first, and its refusal stands. Where core.hooksPath names a folder
    (husky, a tracked folder), that folder stays as it is: git is pointed at hooks of ours that call it.
    """
    _show(hook_files.install(Path(), in_config=in_config))
    return errors.OK


@command.command(name="uninstall")
def uninstall() -> int:
    """Take the hooks out, and put back what was there before."""
    hook_files.uninstall(Path())
    say("the hooks of git wild are gone; what was there before them is back")
    return errors.OK


@command.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(as_json: bool) -> int:
    """Show which hooks git runs.

    Exit code 1 where one of them is missing or replaced.
    """
    states = hook_files.read_states(Path())
    if as_json:
        fields = ("name", "path", "is_installed", "remark")
        say_json([{field: getattr(state, field) for field in fields} for state in states])
    else:
        _show(states)
    return errors.OK if all(state.is_installed for state in states) else errors.NO


@command.command(name="run", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(name: str, arguments: tuple[str, ...]) -> int:
    """Run the hook NAME, for the installed hooks.

    With git's arguments and input.
    """
    return int(import_module(PLUMBING["hooks run"]).main([name, *arguments]))


def _show(states: list[hook_files.HookState]) -> None:
    words = {True: style("installed", "good"), False: style("not there", "bad")}
    say_table([(state.name, words[state.is_installed], state.remark) for state in states])
