"""The command line: a click group that imports a command only when it is called, and `main`.

Hooks and the merge driver run on every commit, so nothing is imported here that is not needed to
find the command. What stands in `PLUMBING` does not even load click.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from wildgit import __version__, errors
from wildgit.commands import PLUMBING


def main(argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit with its code; errors become one line and a hint on stderr."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except errors.WildgitError as error:
        code = _report(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = errors.INTERRUPTED
    except BrokenPipeError:
        code = _close_broken_pipe()
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
        # standalone_mode would turn bugs, refusals and ^C all into exit code 1.
        result = group.wild.main(args=arguments, prog_name="git wild", standalone_mode=False)
    except click.exceptions.Abort as error:
        raise KeyboardInterrupt from error
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return errors.USAGE
    except click.ClickException as error:
        error.show()
        return errors.USAGE
    return result if isinstance(result, int) else errors.OK


def _report(error: errors.WildgitError) -> int:
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return error.exit_code


def _close_broken_pipe() -> int:
    # The reader of our output went away (`git wild apps | head`): not an error of ours.
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return errors.OK


def _report_bug(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="git-wild-", suffix=".txt", delete=False) as report:
        report.write(f"git-wild {__version__}\n")
        traceback.print_exception(error, file=report)
    print(f"error: git-wild has a bug: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"hint: please report it with {report.name}", file=sys.stderr)
    return errors.BUG
