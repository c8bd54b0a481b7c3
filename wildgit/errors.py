"""What can go wrong, as exceptions that carry a message, a hint and an exit code.

Errors neither print nor exit; `wildgit.cli.main` alone does. Conflicts, drift and findings are
answers, not errors: commands return `NO` for them.
"""

from __future__ import annotations

OK = 0
NO = 1
USAGE = 2
FAILED = 3
BUG = 4
INTERRUPTED = 130
CUT_OFF = 141  # what a shell makes of SIGPIPE, of which git dies: the reader of our output went away


class WildgitError(Exception):
    """An expected failure: one line that says what happened, and where there is one, what to type next."""

    exit_code = FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WildgitError):
    """The command line asks for something that makes no sense."""

    exit_code = USAGE


class InputError(WildgitError):
    """A file, template or package that we can't accept; says where.

    Args:
        message: what is wrong, without the place.
        source: the file, as the user would name it; None where there is none.
        line: 1-based; None where it is not known.
    """

    def __init__(
        self, message: str, *, source: str | None = None, line: int | None = None, hint: str | None = None
    ) -> None:
        place = "" if source is None else f"{source}: " if line is None else f"{source}:{line}: "
        super().__init__(place + message, hint=hint)
        self.source = source
        self.line = line


class GitError(WildgitError):
    """git said no: a missing ref, a refused fetch, a repository in the middle of something."""


class ClusterError(WildgitError):
    """The Kubernetes API refused, failed or did not answer."""


class LockedError(WildgitError):
    """Somebody else holds the lock we need; says who."""
