"""Three of a kind, and the rule that everything else in a merge comes down to."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Three(NamedTuple, Generic[T_co]):
    """Something as base, ours and theirs have it."""

    base: T_co
    ours: T_co
    theirs: T_co


def pick(base: T | None, ours: T, theirs: T) -> T | None:
    """Return the side that changed, or what both agree on; None if both changed it differently."""
    if theirs in (ours, base):
        return ours
    return theirs if ours == base else None
