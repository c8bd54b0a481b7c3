"""The lock of an app's package when git merges two branches: `upstream` is one whole, `values` merge.

The lock names the upstream commit and tree that `.package/` is a copy of. Half of one side's
`upstream` and half of the other's would name a package that never existed, so a side is taken whole.
The values that the templates read are ordinary fields.
"""

from __future__ import annotations

import re
from typing import Literal

from wildgit.core.merge import MergeOptions, MergeResult, merge3

Side = Literal["ours", "theirs"]

_UPSTREAM = re.compile(rb"^upstream:[^\n]*\n(?:[ \t#][^\n]*\n|\n)*", re.MULTILINE)
_FIELD = re.compile(rb"^[ ]+(\w+):[ ]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def read_upstream(lock: bytes) -> dict[str, str]:
    """Return the lock's `upstream`: remote, branch, commit, path, tree; empty if it has none."""
    found = _UPSTREAM.search(lock)
    fields = _FIELD.findall(found.group()) if found else []
    return {name.decode(): value.decode("utf-8", "replace") for name, value in fields}


def merge_locks(
    base: bytes, ours: bytes, theirs: bytes, *, upstream: Side, path: str, options: MergeOptions
) -> MergeResult:
    """Return the merged lock with `upstream` exactly as in the given side's lock, and everything else merged.

    An `upstream` that a lock lacks (the base of two branches that both added the app) stays lacking there.
    """
    found = _UPSTREAM.search(ours if upstream == "ours" else theirs)
    if found is None:
        return merge3(base, ours, theirs, path=path, options=options)
    block = found.group()
    relaid = (_UPSTREAM.sub(lambda _: block, lock, count=1) for lock in (base, ours, theirs))
    return merge3(*relaid, path=path, options=options)
