"""Write docs/git-wild.1 from its frame, git-wild.1.in, and the help of every command.

The page has one source: what `git wild COMMAND -h` says. `make man` writes it; a test fails when it is stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from wildgit import __version__
from wildgit.commands import COMMANDS, PLUMBING

FRAME = Path(__file__).with_name("git-wild.1.in")
PAGE = Path(__file__).with_name("git-wild.1")


def main() -> None:
    """Write the page."""
    PAGE.write_text(build_page())


def build_page() -> str:
    """Return the man page as it should be now."""
    sections = "\n".join(_sections())
    return FRAME.read_text().replace("@VERSION@", __version__).replace("@COMMANDS@\n", sections + "\n")


def _sections() -> Iterator[str]:
    for heading in dict.fromkeys(heading for _, heading, _ in COMMANDS.values()):
        yield f'.SH "{heading.upper()} COMMANDS"'
        for name, (module, place, _) in COMMANDS.items():
            if place == heading and name in PLUMBING:
                yield from _plumbing(import_module(module).USAGE)
            elif place == heading:
                yield from _command(import_module(module).command, f"git wild {name}")


def _plumbing(text: str) -> Iterator[str]:
    """Yield the section of a command that parses its own arguments, from the usage that it prints."""
    usage, _, rest = text.removeprefix("usage: ").partition("\n\n")
    yield f'.SS "{_escape(" ".join(usage.split()))}"'
    # Options are indented lines, kept as they are.
    yield from _prose(re.sub(r"\n\n(?= )", "\n\n\b\n", rest))


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)]).replace("[OPTIONS]", "[options]")
    yield f'.SS "{_escape(usage)}"'
    yield from _prose(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and "--help" not in parameter.opts:
            names, text = record
            yield from (".TP", f"\\fB{_escape(names)}\\fR", *_paragraph(text))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _command(below, f"{path} {name}")


def _prose(text: str) -> Iterator[str]:
    """Yield the paragraphs of a click help text; one after a \\b keeps its lines."""
    for index, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if index:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield from (".nf", *(_escape(line) for line in paragraph[1:].strip("\n").splitlines()), ".fi")
        else:
            yield from _paragraph(paragraph)


def _paragraph(text: str) -> Iterator[str]:
    yield re.sub(r"`([^`]+)`", r"\\fB\1\\fR", _escape(" ".join(text.split())))


def _escape(text: str) -> str:
    """Return text that roff prints as it stands: its hyphens can be copied, no line is a request."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "\\&" + safe if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    main()
