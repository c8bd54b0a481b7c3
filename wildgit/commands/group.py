"""The group of all commands, which imports each only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from wildgit import __version__
from wildgit.commands import COMMANDS, PLUMBING
from wildgit.errors import UsageError, WildgitError


class _Plumbing(click.Command):
    """The help of a command that parses its own arguments; running it never comes this way."""

    def __init__(self, name: str, line: str, usage: str) -> None:
        super().__init__(name, short_help=line, add_help_option=True)
        self._usage = usage

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        return self._usage.rstrip("\n")


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module_name, _, line = COMMANDS[cmd_name]
        module = import_module(module_name)
        if cmd_name in PLUMBING:
            return _Plumbing(cmd_name, line, module.USAGE)
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a slip of the finger is answered with what may be meant, as git does."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = " or ".join(f"git wild {each}" for each in get_close_matches(name, COMMANDS))
            hint = f"did you mean {near}?" if near else "git wild -h lists the commands"
            raise UsageError(f"{name!r} is no command of git wild", hint=hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a server may echo what it refused, so errors are masked as all else is."""
        try:
            return super().invoke(ctx)
        except WildgitError as error:
            from wildgit.adapters.terminal import masked

            error.message = masked(error.message)
            error.hint = masked(error.hint) if error.hint else error.hint
            raise

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
