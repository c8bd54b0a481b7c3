"""`git wild hooks run NAME`: what the installed hooks call. No click here: this runs on every commit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from wildgit import errors
from wildgit.adapters.terminal import remark, style
from wildgit.core.guard.findings import Finding

_SHOWN = 50


def main(argv: list[str]) -> int:
    """Run one hook as git runs it: its arguments in `argv` after its name, its input on stdin."""
    name, *arguments = argv or [""]
    run = _HOOKS.get(name)
    if run is None:
        raise errors.UsageError(f"no hook {name!r}; there are {', '.join(_HOOKS)}")
    return run(Path(), arguments)


def _check_index(cwd: Path, _: list[str]) -> int:
    from wildgit.adapters.secret_guard import open_guard, unsaid

    guard = open_guard(cwd)
    for note in unsaid(cwd, guard):
        remark(f"git wild: {note}")
    return _refuse(guard.scan_index(), "what is staged")


def _check_message(cwd: Path, arguments: list[str]) -> int:
    from wildgit.adapters.git import commit_messages
    from wildgit.adapters.secret_guard import open_guard

    raw, message = commit_messages.read_message(Path(arguments[0]), cwd)
    guard = open_guard(cwd)
    code = _refuse(guard.scan_message(raw), "the commit message")
    code = _refuse_unconventional(cwd, message, guard.scanner.mask) or code
    if code == errors.OK:
        commit_messages.forget_refused(cwd)
    else:
        kept = commit_messages.keep_refused(cwd, message)
        remark(f"hint: your message is kept, and offered again: git commit, or git commit -e -F {kept}")
    return code


def _refuse_unconventional(cwd: Path, message: str, mask: Callable[[str], str]) -> int:
    from wildgit.adapters.git.commit_messages import is_staged_scope, propose_from_index
    from wildgit.core.guard.commit_message import check_message

    def is_scope(name: str) -> bool:
        return is_staged_scope(cwd, name)

    # git itself refuses an empty message.
    if not message.strip() or check_message(message, is_scope=is_scope) is None:
        return errors.OK
    complaint = check_message(message, is_scope=is_scope, proposal=propose_from_index(cwd))
    assert complaint is not None
    remark(f"{style('git wild:', 'bad', sys.stderr)} {mask(complaint.reason)}")
    remark(f"  for example: {mask(complaint.example)}")
    return errors.NO


def _propose_message(cwd: Path, arguments: list[str]) -> int:
    from wildgit.adapters.git import commit_messages

    if len(arguments) > 1 and arguments[1]:
        return errors.OK  # there is a message already
    file = Path(arguments[0])
    refused = commit_messages.read_refused(cwd).rstrip("\n")
    proposal = commit_messages.propose_from_index(cwd)
    start = refused or (f"{proposal.type}({proposal.scope}): " if proposal.type else "")
    if start:
        file.write_bytes(os.fsencode(start) + file.read_bytes())
    return errors.OK


def _check_ref_updates(cwd: Path, arguments: list[str]) -> int:
    if arguments[:1] != ["prepared"]:
        return errors.OK
    from wildgit.adapters.git.objects import is_null
    from wildgit.adapters.secret_guard import open_guard

    updates = []
    for line in sys.stdin.read().splitlines():
        _, new, ref = line.split(" ", 2)
        if ref.startswith(("refs/heads/", "refs/tags/")) and not new.startswith("ref:") and not is_null(new):
            updates.append((ref, new))
    return (
        _refuse(open_guard(cwd).scan_ref_updates(updates), "what this would bring in")
        if updates
        else errors.OK
    )


def _check_push(cwd: Path, arguments: list[str]) -> int:
    from wildgit.adapters.git.objects import is_null
    from wildgit.adapters.secret_guard import open_guard

    guard = open_guard(cwd)
    updates, has = [], []
    for line in sys.stdin.read().splitlines():
        _, new, ref, old = line.split(" ", 3)
        if not is_null(new):
            updates.append((ref, new))
        if not is_null(old):
            has.append(old)
    return _refuse(
        guard.scan_push(updates, remote=arguments[0] if arguments else "", has=has), "what would leave"
    )


def _after_move(hook: str, cwd: Path, arguments: list[str]) -> int:
    from wildgit.adapters.git.branch_moves import read_move

    move = read_move(cwd, hook, arguments, sys.stdin.read() if hook == "post-rewrite" else "")
    if move is not None:
        from wildgit.adapters.cluster.merge_trigger import run_trigger

        run_trigger(cwd.resolve(), move)
    return errors.OK  # git has done its work, and does not listen


def _refuse(findings: list[Finding], what: str) -> int:
    if not findings:
        return errors.OK
    count = f"{len(findings)} secret{'s' if len(findings) > 1 else ''}"
    remark(f"{style('git wild:', 'bad', sys.stderr)} {what} holds {count}; stopped")
    for finding in findings[:_SHOWN]:
        remark(f"  {finding.place()}: {finding.rule}: {finding.message}")
    if len(findings) > _SHOWN:
        remark(f"  … and {len(findings) - _SHOWN} more: git wild check secrets")
    remark("hint: take it out; what is no secret is allowed by `# wild:allow RULE REASON` on its line")
    return errors.NO


_HOOKS: dict[str, Callable[[Path, list[str]], int]] = {
    "pre-commit": _check_index,
    "pre-merge-commit": _check_index,
    "prepare-commit-msg": _propose_message,
    "commit-msg": _check_message,
    "reference-transaction": _check_ref_updates,
    "pre-push": _check_push,
    "post-merge": partial(_after_move, "post-merge"),
    "post-commit": partial(_after_move, "post-commit"),
    "post-rewrite": partial(_after_move, "post-rewrite"),
}
