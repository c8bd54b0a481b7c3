"""The command line: a click group that imports a command only when it is called, and `main`.

Hooks and the merge driver run on every commit, so nothing is imported here that is not needed to
find the command. What stands in `PLUMBING` does not even load click.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

from wildgit import __version__, errors
from wildgit.commands import PLUMBING

_CUT_OFF = 141  # what a shell makes of SIGPIPE, of which git dies: the reader of our output went away
# A command keeps most of what it makes until it ends. Python's usual 700 has it look for garbage dozens of
# times while it imports, and hundreds of times in a merge.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main(argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit with its code; errors become one line and a hint on stderr."""
    arguments = sys.argv[1:] if argv is None else argv
    _ready_streams()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except errors.WildgitError as error:
        code = _report(error)
    except KeyboardInterrupt:
        # The first line ends the one that the terminal shows ^C on.
        print("\ninterrupted" if sys.stderr.isatty() else "interrupted", file=sys.stderr)
        code = errors.INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        code = errors.CUT_OFF
    except OSError as error:
        _drop_output()
        code = _report_system(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug becomes a file to send us
        code = _report_bug(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        print(f"git-wild version {__version__}")
        return errors.OK
    if not {"-h", "--help"} & set(arguments):
        for words in (2, 1):
            module = PLUMBING.get(" ".join(arguments[:words]))
            if module is not None:
                from importlib import import_module

                return int(import_module(module).main(arguments[words:]))
    return _run_click(arguments)


def _run_click(arguments: list[str]) -> int:
    import click

    from wildgit.commands import group

    try:
        # Its own main() would turn bugs, refusals, ^C and a closed pipe all into exit code 1.
        with group.wild.make_context("git wild", arguments) as context:
            result = group.wild.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.Abort as error:
        raise KeyboardInterrupt from error
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return errors.USAGE
    except click.ClickException as error:
        ctx = getattr(error, "ctx", None)
        hint = f"{ctx.command_path} -h" if ctx else None
        return _report(errors.UsageError(_as_ours(error.format_message()), hint=hint))
    return result if isinstance(result, int) else errors.OK


def _as_ours(message: str) -> str:
    """Return a message of click's as ours are written."""
    return message[:1].lower() + message[1:].rstrip(".")


def _report(error: errors.WildgitError) -> int:
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return error.exit_code


def _ready_streams() -> None:
    """Any name can be printed in any locale; a stream that was closed becomes one to nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    is_utf8 = (sys.stdout.encoding or "").lower() in ("utf-8", "utf8")
    sys.stdout.reconfigure(errors="surrogateescape" if is_utf8 else "replace")  # type: ignore[union-attr]


def _drop_output() -> None:
    """Write what can still be written; of the rest, Python would complain once more on its way out."""
    with suppress(OSError):
        sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_system(error: OSError) -> int:
    import errno

    words = ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN")
    if error.errno not in {getattr(errno, word) for word in words}:
        return _report_bug(error)
    place = f"{error.filename}: " if error.filename else ""
    return _report(errors.WildgitError(f"{place}{error.strerror}"))


def _report_bug(error: Exception) -> int:
    try:
        from wildgit.commands.bug_report import write_bug_report

        line, file = write_bug_report(error)
    except Exception:  # noqa: BLE001 - what is broken may be what the report is made with
        line, file = type(error).__name__, ""
    print(f"error: git-wild has a bug: {line}", file=sys.stderr)
    print(f"hint: please report it with {file or 'this text'}", file=sys.stderr)
    return errors.BUG
