"""Our engine and git's own text merge, called the way git calls a merge driver.

Both commands that git or a script starts (`merge-file`, `merge-driver`) come through here. A merge
without conflicts needs nothing from git, so git is only asked for `merge.conflictStyle` when there is one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wildgit.core.merge import MergeOptions, MergeResult

ConflictStyle = Literal["merge", "diff3", "zdiff3"]
BINARY_PROBE_BYTES = 8000
"""As far as git looks for a NUL. Source: git's `buffer_is_binary`."""


def merge_in_configured_style(
    base: bytes,
    ours: bytes,
    theirs: bytes,
    *,
    path: str,
    options: MergeOptions,
    style: ConflictStyle | None,
    cwd: Path,
) -> MergeResult:
    """Return the merge, with conflicts in `style`; None is what the repository's configuration says."""
    from wildgit.core.merge import merge3

    result = merge3(base, ours, theirs, path=path, options=replace(options, style=style or "merge"))
    if style is None and result.conflicts and (configured := conflict_style(cwd)) != "merge":
        return merge3(base, ours, theirs, path=path, options=replace(options, style=configured))
    return result


def conflict_style(cwd: Path) -> ConflictStyle:
    """Return `merge.conflictStyle`; "merge" where it is not set, unknown, or `cwd` is in no repository."""
    from wildgit.adapters.git.process import try_git

    if try_git(["rev-parse", "--git-dir"], cwd=cwd).returncode != 0:
        return "merge"
    configured = try_git(["config", "--get", "merge.conflictStyle"], cwd=cwd).stdout.decode().strip()
    match configured:
        case "diff3" | "zdiff3":
            return configured
    return "merge"


def write_text_markers(
    current: Path, base: Path, other: Path, *, marker_size: int, labels: tuple[str, str, str], cwd: Path
) -> None:
    """Replace `current` by git's own line merge, or where git can't do that, by one conflict of both files.

    Binary files stay as they are: that is what git does with a conflict between them. This is the way
    out when our engine failed, so it uses none of it.

    Args:
        labels: of ours, base and theirs.
    """
    from wildgit.adapters.git.process import try_git
    from wildgit.errors import GitError

    names = [word for label in labels for word in ("-L", label)]
    files = [str(path) for path in (current, base, other)]
    try:
        if (
            try_git(["merge-file", f"--marker-size={marker_size}", *names, "--", *files], cwd=cwd).returncode
            <= 127
        ):
            return
    except GitError:
        pass  # no git on PATH: who called us, then? All the same, no edit is lost
    ours, theirs = current.read_bytes(), other.read_bytes()
    if not (is_binary(ours) or is_binary(theirs)):
        current.write_bytes(conflict_of_wholes(ours, theirs, marker_size=marker_size, labels=labels))


def conflict_of_wholes(
    ours: bytes, theirs: bytes, *, marker_size: int, labels: tuple[str, str, str]
) -> bytes:
    """Return both files in one conflict, for what can't or must not be merged line by line."""
    ours_label, _, theirs_label = labels
    opening, closing = f"{'<' * marker_size} {ours_label}\n", f"{'>' * marker_size} {theirs_label}\n"
    return b"".join(
        (opening.encode(), _ended(ours), b"=" * marker_size + b"\n", _ended(theirs), closing.encode())
    )


def is_binary(content: bytes) -> bool:
    """Return whether git would call this content binary."""
    return b"\0" in content[:BINARY_PROBE_BYTES]


def _ended(text: bytes) -> bytes:
    return text if not text or text.endswith(b"\n") else text + b"\n"
