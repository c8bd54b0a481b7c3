"""`git wild completion`: what git's own completion calls for `git wild …`.

The words come from the commands themselves. Completing starts no Python: they are tables in the script.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click

from wildgit import errors
from wildgit.commands import COMMANDS, PLUMBING

# Where each shell looks by itself, and the name it looks for.
_PLACES = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/git-wild"),
    "zsh": ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_git-wild"),
}
# What stands for an argument of this name.
_NAMES = {
    **dict.fromkeys(("app", "apps"), "__git_wild_apps"),
    **dict.fromkeys(("source", "target"), "__git_wild_environments"),
    "package": "__git_wild_packages",
}
_LOADERS = {
    "bash": 'eval "$(git-wild completion bash)"\n',
    "zsh": '#compdef git-wild\neval "$(git-wild completion zsh)"\n_git-wild "$@"\n',
}


@dataclass(frozen=True)
class _Row:
    """What can follow `git wild <path>`: options, words, or names that a shell function looks up."""

    path: str
    options: list[str]
    words: list[str]
    names: str


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.option("--install", is_flag=True, help="Write it where the shell finds it by itself.")
def completion(shell: str, install: bool) -> int:
    """Complete `git wild` in bash or zsh.

    Prints the completion script: commands, options, and the names of apps and packages. It is called by git's
    own completion, which must be there too. With `--install`, a file in your home loads it from now on.
    """
    if install:
        _install(shell)
    else:
        click.echo(_script(shell), nl=False)
    return errors.OK


def _install(shell: str) -> None:
    variable, default, name = _PLACES[shell]
    base = os.environ.get(variable) or Path.home() / default
    path = Path(base) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_LOADERS[shell])
    click.echo(f"wrote {path}; new shells complete `git wild`")
    if shell == "zsh":
        click.echo(f"put this into ~/.zshrc before compinit: fpath=({path.parent} $fpath)")


def _script(shell: str) -> str:
    """Return the functions that answer with words, and the one of this shell that asks them."""
    rows = [_Row("", ["-h", "--version"], list(COMMANDS), ""), *_rows()]
    texts = files("wildgit.templates") / "completion"
    return "\n".join(
        [
            _table("__git_wild_options", ((row.path, _print(row.options)) for row in rows)),
            _table("__git_wild_words", ((row.path, row.names or _print(row.words)) for row in rows)),
            (texts / "names.sh").read_text(),
            (texts / f"{shell}.sh").read_text(),
        ]
    )


def _rows() -> Iterator[_Row]:
    context = click.get_current_context().find_root()
    for name in COMMANDS:
        command = _below(context.command, context, name)
        if name in PLUMBING:  # parses its own arguments; its help has them
            yield _Row(name, re.findall(r"--[a-z][a-z0-9-]*", command.get_help(context)), [], "")
        else:
            yield from _describe(command, name)


def _describe(command: click.Command, path: str) -> Iterator[_Row]:
    context = click.Context(command)
    options, words, names = [], [], ""
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            takes_value = not (parameter.is_flag or parameter.count)
            long = [name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")]
            options += [name + "=" * takes_value for name in long] if not parameter.hidden else []
        elif isinstance(parameter.type, click.Choice):
            words += list(parameter.type.choices)
        elif parameter.name in _NAMES:
            names = _NAMES[parameter.name]
    if isinstance(command, click.Group):
        words += command.list_commands(context)
        for name in command.list_commands(context):
            yield from _describe(_below(command, context, name), f"{path} {name}")
    yield _Row(path, options, words, names)


def _below(group: click.Command, context: click.Context, name: str) -> click.Command:
    assert isinstance(group, click.Group)
    command = group.get_command(context, name)
    assert command is not None
    return command


def _table(function: str, cases: Iterable[tuple[str, str]]) -> str:
    lines = "\n".join(f"\t{shlex.quote(path)}) {action} ;;" for path, action in cases)
    return f'{function} ()\n{{\n\tcase "$1" in\n{lines}\n\t*) return 1 ;;\n\tesac\n}}\n'


def _print(words: list[str]) -> str:
    return shlex.join(["printf", "%s\\n", *words]) if words else ":"


command = completion
