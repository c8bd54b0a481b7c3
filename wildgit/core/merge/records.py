"""What a merge is asked and what it answers, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wildgit.core.merge.policy import Policy


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How to merge: the options of `git merge-file`, and what only we have.

    Args:
        labels: names for ours, base and theirs on the markers.
        style: git's merge.conflictStyle.
        marker_size: how many characters make a marker.
        favor: settle conflicts for one side, or keep both lines, as `git merge-file` does.
        policies: who wins which conflict; for merges from upstream only.
        explain: record a decision for every field on which the sides differ, not only the notable ones.
    """

    labels: tuple[str, str, str] = ("ours", "base", "theirs")
    style: Literal["merge", "diff3", "zdiff3"] = "merge"
    marker_size: int = 7
    favor: Literal["ours", "theirs", "union"] | None = None
    policies: tuple[Policy, ...] = ()
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that a person has to decide; the source of each side, None where it has nothing there."""

    path: tuple[str, ...]
    document: str
    line: int  # of the first marker in the merged text, from 1
    base: str | None
    ours: str | None
    theirs: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One field on which the sides differed, what was taken, and by which rule."""

    path: tuple[str, ...]
    document: str
    base: str | None
    ours: str | None
    theirs: str | None
    result: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The merged text, with markers where it conflicts."""

    text: bytes
    conflicts: tuple[Conflict, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is left for a person to decide."""
        return not self.conflicts
