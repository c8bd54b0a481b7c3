"""`git wild merge-driver`: git hands us one file that both sides changed.

git takes every exit code but 0 for a conflict, and shows the user whatever the file holds then. If
that were our side alone, the user would add it and lose theirs. So whatever goes wrong here, the
file gets git's own text merge with its markers before we leave.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wildgit import errors

if TYPE_CHECKING:
    from wildgit.core.merge import MergeOptions

USAGE = """\
usage: git wild merge-driver %O %A %B %L %P [%S %X %Y]

Merge one file for git, which calls this

git fills in the placeholders: the files with base, ours and theirs, the marker size, the path in the
repository, and in newer versions the labels of base, ours and theirs. The result replaces the file
with ours. `git wild init` and `git wild hooks install` register this; `git wild doctor` tries it.
"""


class _Arguments(NamedTuple):
    base: Path
    ours: Path
    theirs: Path
    marker_size: int
    path: str
    labels: tuple[str, str, str]


def main(argv: list[str]) -> int:
    """Merge as git's placeholders say; return 0 for a clean merge, 1 for a conflict or a failure of ours."""
    if len(argv) < 5:
        print(USAGE, file=sys.stderr)
        return errors.USAGE
    arguments = _parse(argv)
    try:
        return _merge(arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, the file must not be left with ours alone
        print(f"warning: {arguments.path}: merged as text: {type(error).__name__}: {error}", file=sys.stderr)
        _leave_text_markers(arguments)
        return errors.NO


def _parse(argv: list[str]) -> _Arguments:
    base, ours, theirs, size, path, *labels = argv
    # git gives base, ours, theirs; before 2.44 it leaves %S, %X and %Y as they are.
    if len(labels) == 3 and not any(label.startswith("%") for label in labels):
        named = (labels[1] or "ours", labels[0] or "base", labels[2] or "theirs")
    else:
        named = ("ours", "base", "theirs")
    marker_size = int(size) if size.isdecimal() and int(size) > 0 else 7
    return _Arguments(Path(base), Path(ours), Path(theirs), marker_size, path, named)


def _merge(arguments: _Arguments) -> int:
    from wildgit.adapters.files import write_atomically
    from wildgit.adapters.git.merge_files import is_binary
    from wildgit.core.merge import MergeOptions

    base, ours, theirs = (file.read_bytes() for file in (arguments.base, arguments.ours, arguments.theirs))
    if any(is_binary(content) for content in (base, ours, theirs)):
        print(f"warning: Cannot merge binary files: {arguments.path}", file=sys.stderr)
        return errors.NO
    options = MergeOptions(labels=arguments.labels, marker_size=arguments.marker_size)
    text, is_clean = _merged(base, ours, theirs, arguments.path, options)
    write_atomically(arguments.ours, text)
    return errors.OK if is_clean else errors.NO


def _merged(base: bytes, ours: bytes, theirs: bytes, path: str, options: MergeOptions) -> tuple[bytes, bool]:
    from wildgit.adapters.git.merge_files import merge_in_configured_style

    if "/.package" in path:
        packaged = _merged_package(base, ours, theirs, path, options)
        if packaged is not None:
            return packaged
    result = merge_in_configured_style(
        base, ours, theirs, path=path, options=options, style=None, cwd=Path.cwd()
    )
    return result.text, not result.conflicts


def _merged_package(
    base: bytes, ours: bytes, theirs: bytes, path: str, options: MergeOptions
) -> tuple[bytes, bool] | None:
    """Return one side's whole file of a package, or the lock; None where the path is neither."""
    from wildgit.adapters.git import package_sides
    from wildgit.adapters.git.merge_files import conflict_of_wholes
    from wildgit.core.merge.package_lock import merge_locks

    place = package_sides.parse_package_path(path)
    if place is None:
        return None
    if place.file:
        side = package_sides.newer_file(place, ours, theirs, cwd=Path.cwd())
    else:
        side = package_sides.newer_lock(ours, theirs, cwd=Path.cwd())
    if side is None:
        print(f"{path}: neither branch has the newer package of {place.app}", file=sys.stderr)
        print(f"hint: take one side's whole package: git wild resolve apps/{place.app}", file=sys.stderr)
        return conflict_of_wholes(ours, theirs, marker_size=options.marker_size, labels=options.labels), False
    if place.file:
        return (ours if side == "ours" else theirs), True
    result = merge_locks(base, ours, theirs, upstream=side, path=path, options=options)
    return result.text, not result.conflicts


def _leave_text_markers(arguments: _Arguments) -> None:
    from wildgit.adapters.git.merge_files import write_text_markers

    files = (arguments.ours, arguments.base, arguments.theirs)
    write_text_markers(*files, marker_size=arguments.marker_size, labels=arguments.labels, cwd=Path.cwd())
