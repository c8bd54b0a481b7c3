"""The group of all commands, which imports each only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from wildgit import __version__
from wildgit.commands import COMMANDS


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module_name = COMMANDS[cmd_name][0]
        command: click.Command = import_module(module_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        headings = dict.fromkeys(heading for _, heading, _ in COMMANDS.values())
        for heading in headings:
            rows = [(name, line) for name, (_, place, line) in COMMANDS.items() if place == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="git-wild version %(version)s")
def wild() -> None:
    """Keep a cluster in git, customise what upstream gives you, take its fixes without losing an edit."""
