"""The one place that starts git. Arguments are a list, never a shell line; output is bytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from wildgit.errors import GitError

# Signatures would stand among the lines that we read, whatever format is asked for.
_FOR_MACHINES = ("-c", "log.showSignature=false")
_UNKNOWN_REVISION = "revision"  # bad revision, Invalid revision range, unknown revision or path
_NO_REPOSITORY = ": not a git repository (or any"


def run_git(
    arguments: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Return what git printed on stdout.

    Args:
        arguments: without the leading `git`.
        cwd: where git runs; the outer git's GIT_DIR and GIT_INDEX_FILE, which hooks rely on, stay in force.
        stdin: what git reads; None gives it nothing.
        env: variables set on top of ours.

    Raises:
        GitError: git is missing or exited with a code other than 0; the message is git's own.
    """
    done = try_git(arguments, cwd=cwd, stdin=stdin, env=env)
    if done.returncode != 0:
        raise _complaint(arguments, done, cwd)
    return done.stdout


def try_git(
    arguments: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Return git's exit code and output, for commands whose exit code is an answer.

    Raises:
        GitError: git is not on PATH.
    """
    try:
        return subprocess.run(
            ["git", *_FOR_MACHINES, *arguments],
            cwd=cwd,
            input=b"" if stdin is None else stdin,
            capture_output=True,
            check=False,
            env=_environment(env),
        )
    except FileNotFoundError as error:
        raise GitError("git is not on PATH", hint="install git 2.39 or newer") from error


def start_git(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Return a running git with pipes to its stdin and from its stdout, for what is read piece by piece."""
    try:
        return subprocess.Popen(
            ["git", *_FOR_MACHINES, *arguments],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(env),
        )
    except FileNotFoundError as error:
        raise GitError("git is not on PATH", hint="install git 2.39 or newer") from error


def pass_through(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Run git on our own stdin, stdout and stderr (progress, pager, editor) and return its exit code."""
    try:
        return subprocess.run(["git", *arguments], cwd=cwd, check=False, env=_environment(env)).returncode
    except FileNotFoundError as error:
        raise GitError("git is not on PATH", hint="install git 2.39 or newer") from error


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    # Messages are shown and sometimes read by us: one language. And who only looks takes no lock, which would
    # stay behind if we were killed.
    fixed = {"LC_ALL": "C.UTF-8", "LANGUAGE": "en", "GIT_OPTIONAL_LOCKS": "0"}
    return {**os.environ, **fixed, **(extra or {})}


def _complaint(arguments: Sequence[str], done: subprocess.CompletedProcess[bytes], cwd: Path) -> GitError:
    import re
    import shlex

    text = done.stderr.decode("utf-8", "replace").strip()
    if _NO_REPOSITORY in text:
        return GitError(f"{cwd.resolve()} is not in a git repository", hint="git wild init DIR")
    lock = re.search(r"Unable to create '(.+\.lock)': File exists", text)
    if lock:
        return GitError(
            f"git {arguments[0]}: {lock[1]} exists: another git is at work here, or one was killed",
            hint=f"if no other git runs: rm {shlex.quote(lock[1])}",
        )
    lines = text.splitlines() or [f"exit code {done.returncode}"]
    # The first complaint says what is wrong; those behind it, what did not go on because of that.
    first = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])
    said = f"git {arguments[0]}: {first.removeprefix('fatal: ').removeprefix('error: ')}"
    if "Please tell me who you are" in text:
        return GitError(said, hint="git config --global user.email you@example.com, and user.name")
    is_shallow = _UNKNOWN_REVISION in text.lower() and _is_shallow(cwd)
    return GitError(said, hint="this clone is shallow: git fetch --unshallow" if is_shallow else None)


def _is_shallow(cwd: Path) -> bool:
    return try_git(["rev-parse", "--is-shallow-repository"], cwd=cwd).stdout.strip() == b"true"
