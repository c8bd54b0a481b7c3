"""Commit messages of an instance: `<type>(<scope>): <subject>`, checked, corrected and proposed.

The type says what kind of change it is, the scope which app it is for: so `git log` answers "when did we
last scale postgres". Messages that git writes itself pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

RULE = "commit-message"
REASON = "With a type and a scope, git log tells what happened to which app."

TYPES: dict[str, str] = {
    "feat": "a new app or feature",
    "fix": "a correction",
    "config": "a change of configuration",
    "scale": "resources, replicas, storage",
    "upgrade": "a newer version",
    "security": "a change for security's sake",
    "docs": "documentation",
    "rollback": "back to an earlier state",
    "emergency": "what an incident demanded",
}
ALL_APPS = "all"

_GIT_WRITES = re.compile(r"(?:Merge |Revert \"|Reapply \"|fixup! |squash! |amend! )")
_CONVENTION = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[^()\s]+)\))?!?: (?P<subject>\S.*)")
_LOOSE = re.compile(r"(?P<type>[A-Za-z]+)\s*(?:[(\[](?P<scope>[^)\]]*)[)\]])?\s*!?\s*[:-]\s*(?P<subject>.*)")
_MEANT = {
    **dict.fromkeys(("feature", "add"), "feat"),
    **dict.fromkeys(("bugfix", "hotfix"), "fix"),
    **dict.fromkeys(("conf", "cfg", "chore"), "config"),
    **dict.fromkeys(("update", "bump"), "upgrade"),
    "doc": "docs",
    "sec": "security",
    "revert": "rollback",
}


class Proposal(NamedTuple):
    """A type and a scope for a message; empty where what is staged does not say."""

    type: str
    scope: str


NO_PROPOSAL = Proposal("", "")


class Complaint(NamedTuple):
    """What is wrong with a message, and a first line that would be right."""

    reason: str
    example: str


def check_message(
    message: str, *, is_scope: Callable[[str], bool], proposal: Proposal = NO_PROPOSAL
) -> Complaint | None:
    """Return what is wrong with a message; None where nothing is.

    Args:
        message: without git's comments.
        is_scope: tells whether a name is an installed app or a folder.
        proposal: what the example uses where the message names nothing usable itself.
    """
    subject = message.lstrip("\n").partition("\n")[0].rstrip()
    if _GIT_WRITES.match(subject):
        return None
    reason = _fault(subject, is_scope)
    return Complaint(reason, _correct(subject, is_scope, proposal)) if reason else None


def _fault(subject: str, is_scope: Callable[[str], bool]) -> str:
    if not subject:
        return "the message is empty"
    match = _CONVENTION.fullmatch(subject)
    if match is None:
        return "the first line is not <type>(<scope>): <subject>"
    if match["type"] not in TYPES:
        return f"{match['type']!r} is no type; the types are {', '.join(TYPES)}"
    if match["scope"] is None:
        # In an emergency nobody looks for the right scope.
        return "" if match["type"] == "emergency" else "the scope is missing: an app, a folder, or all"
    if match["scope"] != ALL_APPS and not is_scope(match["scope"]):
        return f"{match['scope']!r} is neither an app nor a folder here, nor all"
    return ""


def _correct(subject: str, is_scope: Callable[[str], bool], proposal: Proposal) -> str:
    match = _LOOSE.fullmatch(subject)
    word = match["type"].lower() if match else ""
    named = word if word in TYPES else _MEANT.get(word, "")
    scope = (match["scope"] or "").strip() if match else ""
    rest = match["subject"] if match and (named or scope) else subject
    if not (scope == ALL_APPS or (scope and is_scope(scope))):
        scope = proposal.scope or ALL_APPS
    return f"{named or proposal.type or 'config'}({scope}): {rest.strip() or 'Say what changed'}"


class Change(NamedTuple):
    """A file of a commit: git's letter for what happened to it, and its path."""

    status: str
    path: str


_IMAGE = re.compile(r"\s*(?:- )?(?:image|newTag|tag|version)[\w.]*:")
_SCALE = re.compile(
    r"\s*(?:- )?(?:replicas|cpu|memory|storage|\w*(?:Replicas|Storage|Limit|Memory|Cpu))[\w-]*:"
)


def propose(changes: Iterable[Change], lines: Iterable[str], config_apps: Iterable[str] = ()) -> Proposal:
    """Return the type and scope that what is staged suggests.

    Args:
        changes: the files.
        lines: the text of the lines that were added or removed, in all of them.
        config_apps: the apps whose section of config.yaml changed.
    """
    changes = list(changes)
    paths = [change.path for change in changes]
    apps = {path.split("/")[1] for path in paths if path.startswith("apps/") and path.count("/") > 1}
    return Proposal(_propose_type(changes, list(lines)), _propose_scope(paths, apps | set(config_apps)))


def _propose_type(changes: list[Change], lines: list[str]) -> str:
    paths = [change.path for change in changes]
    if not paths:
        return ""
    if all(path.endswith((".md", ".txt")) or path.startswith("docs/") for path in paths):
        return "docs"
    added = [change.path for change in changes if change.status == "A"]
    if any(path.startswith("apps/") and path.endswith("/manifest.yaml") for path in added):
        return "feat"
    if any(path.endswith("/.package.lock.yaml") for path in paths) or any(map(_IMAGE.match, lines)):
        return "upgrade"
    if any(map(_SCALE.match, lines)):
        return "scale"
    return "config" if "config.yaml" in paths else "fix"


def _propose_scope(paths: list[str], apps: set[str]) -> str:
    if len(apps) == 1:
        return apps.pop()
    folders = {path.split("/")[0] for path in paths if "/" in path}
    if not apps and len(folders) == 1 and all("/" in path for path in paths):
        return folders.pop()
    return ALL_APPS
