"""Commit messages where git keeps them: what is staged, which scopes there are, what was refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

from wildgit.adapters.files import write_atomically
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.guard.commit_message import Change, Proposal, propose
from wildgit.core.guard.secret_values import read_leaves
from wildgit.errors import InputError

_REFUSED = "wild/refused-message"
_SCISSORS = re.compile(r"^.+ -{24} >8 -{24}$", re.MULTILINE)
_CONFIG = "config.yaml"


def read_message(file: Path, cwd: Path) -> tuple[str, str]:
    """Return a message file without what `git commit -v` shows, and the same without comments."""
    body = _SCISSORS.split(file.read_text("utf-8", "surrogateescape"), maxsplit=1)[0]
    stripped = run_git(["stripspace", "--strip-comments"], cwd=cwd, stdin=os.fsencode(body))
    return body, stripped.decode("utf-8", "replace")


def is_scope(cwd: Path, name: str, commit: str = "HEAD") -> bool:
    """Return whether `name` is an app or a folder of a commit, or of the commit before it.

    The one before, because the commit that deletes an app speaks of that app.
    """
    if ".." in name.split("/"):
        return False
    return any(
        try_git(["cat-file", "-t", f"{revision}:{path}"], cwd=cwd).stdout == b"tree\n"
        for revision in (commit, f"{commit}^")
        for path in (f"apps/{name}", name)
    )


def is_staged_scope(cwd: Path, name: str) -> bool:
    """Return whether `name` is an app or a folder of the index or of HEAD."""
    paths = [f":(top,literal)apps/{name}/", f":(top,literal){name}/"]
    return bool(run_git(["ls-files", "--", *paths], cwd=cwd)) or is_scope(cwd, name)


def propose_from_index(cwd: Path) -> Proposal:
    """Return the type and scope that the staged changes suggest."""
    listing = run_git(["diff", "--cached", "--name-status", "-z", "--no-renames"], cwd=cwd)
    fields = os.fsdecode(listing).split("\0")[:-1]
    changes = [Change(*pair) for pair in zip(fields[::2], fields[1::2], strict=True)]
    diff = run_git(["diff", "--cached", "-U0", "--no-color", "--no-ext-diff", "--no-textconv"], cwd=cwd)
    lines = [
        line[1:]
        for line in diff.decode("utf-8", "replace").splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    config_changed = any(change.path == _CONFIG for change in changes)
    return propose(changes, lines, _changed_sections(cwd) if config_changed else ())


def _changed_sections(cwd: Path) -> set[str]:
    """Return the apps with a folder whose section of config.yaml differs between HEAD and the index."""
    sides = []
    for revision in ("HEAD", ""):
        text = try_git(["cat-file", "blob", f"{revision}:{_CONFIG}"], cwd=cwd).stdout
        try:
            sides.append(set(read_leaves(text, _CONFIG)))
        except InputError:
            return set()  # the commit is not refused for want of a proposal
    keys = (leaf.key.split(".") for leaf in sides[0] ^ sides[1])
    names = {key[1] for key in keys if key[0] == "apps" and len(key) > 2}
    return {name for name in names if is_staged_scope(cwd, name)}


def keep_refused(cwd: Path, text: str) -> Path:
    """Keep a refused message, so that nobody types it again; returns the file, as one can type it."""
    file = _refused_file(cwd)
    write_atomically(cwd / file, text.encode("utf-8", "surrogateescape"), mode=0o600)
    return file


def read_refused(cwd: Path) -> str:
    """Return the message that was refused last; empty where there is none. It is kept until one passes."""
    file = cwd / _refused_file(cwd)
    return file.read_text("utf-8", "surrogateescape") if file.is_file() else ""


def forget_refused(cwd: Path) -> None:
    """Remove the refused message: another one passed."""
    (cwd / _refused_file(cwd)).unlink(missing_ok=True)


def _refused_file(cwd: Path) -> Path:
    return Path(os.fsdecode(run_git(["rev-parse", "--git-path", _REFUSED], cwd=cwd)).rstrip("\n"))
