"""Write what the documentation takes from the commands: the man page and the table in README.md.

Both have one source, the help of each command. `make docs` writes them; a test fails when they are stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from wildgit import __version__
from wildgit.commands import COMMANDS, PLUMBING

HERE = Path(__file__).parent
PAGE = HERE / "git-wild.1"
README = HERE.parent / "README.md"
_TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- /commands -->)", re.DOTALL)


def main() -> None:
    """Write both."""
    PAGE.write_text(build_page())
    README.write_text(build_readme())


def build_page() -> str:
    """Return the man page as it should be now."""
    sections = "\n".join(_sections())
    frame = (HERE / "git-wild.1.in").read_text()
    return frame.replace("@VERSION@", __version__).replace("@COMMANDS@\n", sections + "\n")


def build_readme() -> str:
    """Return the README with its table of commands as it should be now."""
    rows = ["| command | what it does |", "|---|---|"]
    for heading in _headings():
        rows.append(f"| **{heading}** | |")
        rows += [f"| `{name}` | {line} |" for name, (_, place, line) in COMMANDS.items() if place == heading]
    return _TABLE.sub(lambda _: "\n".join(rows) + "\n", README.read_text())


def _headings() -> list[str]:
    return list(dict.fromkeys(heading for _, heading, _ in COMMANDS.values()))


def _sections() -> Iterator[str]:
    for heading in _headings():
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
