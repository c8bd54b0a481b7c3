"""What `git wild doctor` finds: one record a fact that was proved or refuted.

A check is a function of an adapter that takes the instance's root and yields diagnoses; the table
in `wildgit.commands.doctor` names them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One fact about this machine or repository.

    Args:
        what: the fact as it should be, like "git merge calls our driver".
        ok: whether it is so; None where it could not be tried and need not be (no cluster configured).
        detail: what was seen.
        hint: what to type when it is not so.
    """

    what: str
    ok: bool | None
    detail: str = ""
    hint: str | None = None
