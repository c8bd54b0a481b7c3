"""`git wild merge-file`: arguments, output and exit codes of `git merge-file`, with our engine behind them.

A script that calls `git merge-file` can call this instead. git itself starts it often, so it parses
its own arguments and loads neither click nor anything else that a merge does not need.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

USAGE = """\
usage: git wild merge-file [<options>] [-L <ours> [-L <base> [-L <theirs>]]] <current> <base> <other>

Merge three files by their YAML's structure, where git merge-file goes by lines.

The result replaces <current>. The exit code is the number of conflicts, at most 127; 255 is an error.

    -p, --stdout          send the result to standard output
    --diff3               show the base in conflicts
    --zdiff3              show the base, and take equal lines at the edges out of conflicts
    --ours                for conflicts, use our version
    --theirs              for conflicts, use their version
    --union               for conflicts, use both versions, where no key comes to stand twice by it
    --marker-size <n>     for conflicts, use this marker size
    -q, --quiet           do not print errors
    -L <name>             set labels for <current>, <base> and <other>
    --path <path>         the file's path in its repository, for what is known about files by their names
"""

USAGE_ERROR = 129  # git's own code for a wrong command line
ERROR = 255
MOST_CONFLICTS = 127

_FLAGS = ("stdout", "diff3", "zdiff3", "ours", "theirs", "union", "quiet")
_VALUES = ("marker-size", "path")


class _WrongUsage(Exception):
    """The command line makes no sense; the message is empty where git prints the usage alone."""


@dataclass
class _Arguments:
    stdout: bool = False
    quiet: bool = False
    style: Literal["diff3", "zdiff3"] | None = None
    favor: Literal["ours", "theirs", "union"] | None = None
    marker_size: int = 7
    labels: list[str] = field(default_factory=list)
    path: str = ""
    files: list[str] = field(default_factory=list)


def main(argv: list[str]) -> int:
    """Merge as the command line says; return the number of conflicts, or git's codes for errors."""
    try:
        arguments = _parse(argv)
    except _WrongUsage as error:
        if str(error):
            print(f"error: {error}", file=sys.stderr)
        print(USAGE, file=sys.stderr)
        return USAGE_ERROR
    try:
        return _merge(arguments)
    except OSError as error:
        return _fail(arguments, f"Could not open {error.filename}: {error.strerror}")
    except Exception as error:  # noqa: BLE001 - any other exit code would be a number of conflicts
        return _fail(arguments, f"{type(error).__name__}: {error}")


def _merge(arguments: _Arguments) -> int:
    from wildgit.adapters.git.merge_files import is_binary, merge_in_configured_style
    from wildgit.core.merge import MergeOptions

    current, base, other = arguments.files
    contents = [Path(file).read_bytes() for file in arguments.files]
    for file, content in zip(arguments.files, contents, strict=True):
        if is_binary(content):
            return _fail(arguments, f"Cannot merge binary files: {file}")
    names = dict(enumerate(arguments.labels))
    result = merge_in_configured_style(
        contents[1],
        contents[0],
        contents[2],
        path=arguments.path or current,
        options=MergeOptions(
            labels=(names.get(0, current), names.get(1, base), names.get(2, other)),
            marker_size=arguments.marker_size,
            favor=arguments.favor,
        ),
        style=arguments.style,
        cwd=Path.cwd(),
    )
    if arguments.stdout:
        sys.stdout.buffer.write(result.text)
    else:
        from wildgit.adapters.files import write_atomically

        write_atomically(Path(current).resolve(), result.text)
    return min(len(result.conflicts), MOST_CONFLICTS)


def _fail(arguments: _Arguments, message: str) -> int:
    if not arguments.quiet:
        print(f"error: {message}", file=sys.stderr)
    return ERROR


def _parse(argv: list[str]) -> _Arguments:
    arguments, rest = _Arguments(), list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            arguments.files += rest
            break
        if word.startswith("--"):
            _take_long(arguments, word[2:], rest)
        elif word.startswith("-") and word != "-":
            _take_short(arguments, word[1:], rest)
        else:
            arguments.files.append(word)
    if len(arguments.files) != 3:
        raise _WrongUsage
    return arguments


def _take_long(arguments: _Arguments, word: str, rest: list[str]) -> None:
    given, equals, value = word.partition("=")
    names = _FLAGS + _VALUES
    matches = [name for name in names if name == given] or [name for name in names if name.startswith(given)]
    if len(matches) != 1:
        raise _WrongUsage(f"{'ambiguous' if matches else 'unknown'} option: {given}")
    name = matches[0]
    if name in _FLAGS:
        if equals:
            raise _WrongUsage(f"option `{name}' takes no value")
        _set_flag(arguments, name)
        return
    if not equals:
        value = _value(f"option `{name}'", rest)
    if name == "path":
        arguments.path = value
    else:
        arguments.marker_size = _marker_size(value)


def _take_short(arguments: _Arguments, letters: str, rest: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter == "L":
            if len(arguments.labels) == 3:
                raise _WrongUsage("too many labels on the command line")
            arguments.labels.append(letters or _value("switch `L'", rest))
            return
        if letter not in "pq":
            raise _WrongUsage(f"unknown switch `{letter}'")
        _set_flag(arguments, "stdout" if letter == "p" else "quiet")


def _set_flag(arguments: _Arguments, name: str) -> None:
    match name:
        case "diff3" | "zdiff3":
            arguments.style = name
        case "ours" | "theirs" | "union":
            arguments.favor = name
        case _:
            setattr(arguments, name, True)


def _value(option: str, rest: list[str]) -> str:
    if not rest:
        raise _WrongUsage(f"{option} requires a value")
    return rest.pop(0)


def _marker_size(value: str) -> int:
    try:
        size = int(value)
    except ValueError:
        raise _WrongUsage("option `marker-size' expects a numerical value") from None
    return size if size > 0 else 7
