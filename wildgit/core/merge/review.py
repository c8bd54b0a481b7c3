"""A merge that somebody else made, held against ours: which edits are not in it, which keys are there twice.

An edit of a side is lost if the recorded result still has what base had there: merging that side into
the recorded result once more would then bring it. A place that both sides changed is never a loss,
whatever was made of it: a person decided, or had to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from wildgit.core.guard.findings import Finding
from wildgit.core.merge import MergeOptions, merge3
from wildgit.core.merge.yaml_soundness import BROKEN, soundness

LOST = "merge-lost-edit"
DUPLICATE = "merge-duplicate-key"
RULES = {
    LOST: "a merge must not drop what one side changed and the other did not touch",
    DUPLICATE: "a key that a merge made stand twice hides one of its values",
}
Side = Literal["ours", "theirs"]


def review_file(
    path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, recorded: bytes | None
) -> list[Finding]:
    """Return what the recorded merge of a file did wrong; the findings name no commit.

    Args:
        path: in the repository.
        base, ours, theirs, recorded: contents; None where there is no such file.
    """
    findings: list[Finding] = []
    for name, side, other in (("ours", ours, theirs), ("theirs", theirs, ours)):
        if side not in (base, recorded):
            findings += _lost(path, name, base, side, other, recorded)
    if recorded is not None and _doubled(recorded) > max(
        _doubled(side or b"") for side in (base, ours, theirs)
    ):
        findings.append(Finding(DUPLICATE, path, 0, "a key stands twice that stood once on both sides"))
    return findings


def _lost(
    path: str, name: str, base: bytes | None, side: bytes | None, other: bytes | None, recorded: bytes | None
) -> Iterator[Finding]:
    if side is None:
        if recorded == base:  # untouched by the other side, too
            yield Finding(LOST, path, 0, f"{name} deleted the file, and it is still there")
        return
    if recorded is None:
        if other is not None:
            yield Finding(LOST, path, 0, f"{name} changed the file, and it is gone")
        return
    again = merge3(base or b"", recorded, side, path=path, options=MergeOptions(explain=True))
    if again.text == recorded or again.conflicts:
        missing = [
            decision
            for decision in again.decisions
            if _is_loss(decision.base, decision.ours, decision.theirs)
        ]
    else:
        missing = [decision for decision in again.decisions if decision.result != decision.ours]
        if not missing:
            yield Finding(LOST, path, 0, f"a change of {name} is not in the merge")
    for decision in missing:
        where = "".join(step if step.startswith("[") else f".{step}" for step in decision.path).lstrip(".")
        change = f"{_short(decision.base)} to {_short(decision.theirs)}"
        document = f"{decision.document}: " if decision.document else ""
        yield Finding(LOST, path, 0, f"{document}{where}: {name} changed {change}, and the merge has not")


def _is_loss(base: str | None, recorded: str | None, side: str | None) -> bool:
    return recorded == base != side


def _short(source: str | None) -> str:
    if source is None:
        return "nothing"
    line, _, rest = source.strip().partition("\n")
    return f"`{line[:60]}{'…' if rest or len(line) > 60 else ''}`"


def _doubled(content: bytes) -> int:
    count = soundness(content.decode("utf-8", "replace"))
    return 0 if count == BROKEN else count
