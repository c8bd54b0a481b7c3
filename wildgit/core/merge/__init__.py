"""`merge3`: base, ours and theirs in, the merged file out. Pure: text in, text out.

Two promises. No edit is lost: every change of either side is in the result, or in a conflict that shows it.
No byte moves that nobody moved: the result is spliced from the sides' own source.

A file is merged as a tree of entries. What is no such tree (a Helm template, duplicate keys) is merged as
lines, as `git merge-file` would. What the tree merge decides is checked against the text it made; if the
check fails, the line merge is taken if it passes the same check, else the file conflicts.
"""

from __future__ import annotations

from wildgit.core.merge.policy import KEEP_OWN_SIZES, Policy
from wildgit.core.merge.records import Conflict, Decision, MergeOptions, MergeResult

__all__ = ["KEEP_OWN_SIZES", "Conflict", "Decision", "MergeOptions", "MergeResult", "Policy", "merge3"]

_DEFAULT = MergeOptions()


def merge3(
    base: bytes, ours: bytes, theirs: bytes, *, path: str = "", options: MergeOptions = _DEFAULT
) -> MergeResult:
    """Return the three-way merge of one file.

    Args:
        base: the common ancestor; empty if both sides added the file.
        ours: our side; where the sides disagree on layout, ours it is.
        theirs: the other side.
        path: the file's name; one that isn't YAML's is merged as lines.
        options: markers, favoured side, policies, how much is recorded.
    """
    if theirs == ours or (theirs == base and not options.explain):
        return MergeResult(ours)
    if base == ours and not options.explain:
        return MergeResult(theirs)
    from wildgit.core.merge.one_file import merge_file
    from wildgit.core.merge.three import Three

    return merge_file(Three(base, ours, theirs), path, options)
