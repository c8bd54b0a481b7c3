"""What a check found: one record for the secrets guard, the lint rules and the commit messages alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_ALLOW = rb"wild:allow[ \t]+([a-z][a-z0-9-]*)[ \t]+([^\s\"'#*/>-][^\n]*)"
_BLOCK_WITH_COMMENT = rb"[|>][-+0-9]*[ \t]+#"


class Finding(NamedTuple):
    """One place that breaks one rule.

    `line` is 1-based, 0 where the place has no lines. `commit` is set for what lies in history. `key` is
    the key path of the secret, for rules about values; several stand with ", " between them. `allowed`
    is the reason given by a `wild:allow`.
    """

    rule: str
    path: str
    line: int
    message: str
    commit: str = ""
    key: str = ""
    allowed: str = ""

    def place(self) -> str:
        """Return where it is, as `path:line`, with the commit before it for history."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{self.commit[:12]}:{place}" if self.commit else place


class Insertion(NamedTuple):
    """A fix: lines to put in after a line (0: at the beginning) of the file that a finding is in."""

    after_line: int
    lines: tuple[str, ...]


class Fault(NamedTuple):
    """What breaks a rule in a file that is being looked at: where, what, and the fix if it is mechanical."""

    rule: str
    line: int
    message: str
    fix: Insertion | None = None


def allowed_reason(lines: Sequence[bytes], line: int, rule: str) -> str:
    """Return the reason of the `# wild:allow <rule> <reason>` that stands in a line; empty where none does.

    A block scalar (`key: |`) has no room for comments, so one on the line that opens it counts for its
    first line. An allowance without a reason is none.
    """
    if not 1 <= line <= len(lines):
        return ""
    candidates = [lines[line - 1]]
    if line >= 2 and re.search(_BLOCK_WITH_COMMENT, lines[line - 2]):
        candidates.append(lines[line - 2])
    for candidate in candidates:
        for match in re.finditer(_ALLOW, candidate):
            if match[1].decode() == rule:
                return match[2].decode("utf-8", "replace").strip()
    return ""
