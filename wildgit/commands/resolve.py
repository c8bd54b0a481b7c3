"""`git wild resolve`: walk through the conflicts of a merge, one by one.

Every answer is written at once, so it can be left and taken up again; what is left of a file's
conflicts is what still has markers in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wildgit import errors
from wildgit.core.merge.conflict_markers import Marked, Piece, join_pieces, parse_conflicts, reduce_to

if TYPE_CHECKING:
    from wildgit.adapters.git.unmerged import Conflicts, Unmerged

CONTEXT_LINES = 3
_HELP = {
    "o": "take ours",
    "t": "take theirs",
    "b": "take both, ours first",
    "e": "edit it; what you leave in the editor is taken",
    "k": "keep the file",
    "d": "delete the file",
    "s": "skip it for now",
    "q": "quit; what is settled stays settled",
}


class _Quit(Exception):
    """The user has had enough for now."""


@click.command("resolve")
@click.argument("paths", nargs=-1, type=click.Path())
def command(paths: tuple[str, ...]) -> int:
    """Settle the conflicts of a merge, one by one.

    Shows each conflict with what is around it, and asks: ours, theirs, both where that is valid YAML, or
    edit. Answers are written at once; come back any time. A file without conflicts is added to git's index.
    Where two branches carry different packages of one app, asks which of them to take, whole. Without any
    conflict, puts right a `.package` folder that a merge made a mixture of two.
    PATHS limits it to files or folders. Exits 1 while something is left.
    """
    from wildgit.adapters.git.process import run_git
    from wildgit.adapters.git.unmerged import Conflicts

    root = Path(run_git(["rev-parse", "--show-toplevel"], cwd=Path.cwd()).decode().removesuffix("\n"))
    conflicts = Conflicts(root)
    only = [_below(root, path) for path in paths]
    if not conflicts.list(only):
        _restore_packages(conflicts, only)
        return errors.OK
    with suppress(_Quit):
        _walk(conflicts, only)
    return _say_what_is_left(conflicts, only)


def _restore_packages(conflicts: Conflicts, only: Sequence[str]) -> None:
    """Make whole what git mixed out of two packages without a conflict."""
    from wildgit.adapters.git.package_sides import packages_unlike_locks

    mixed = [
        package
        for package in ([] if conflicts.list() else packages_unlike_locks(conflicts.root))
        if not only or any(package.lock.startswith((f"{path}/", path)) for path in only)
    ]
    for package in mixed:
        conflicts.take_package(package, 2)
        click.echo(f"{package.app}: .package was a mixture; it is now what its lock says. Commit it.")
    if not mixed:
        click.echo("nothing to settle")


def _below(root: Path, path: str) -> str:
    """Return the path from the root for one relative to the current folder."""
    try:
        return Path(os.path.normpath(Path.cwd() / path)).relative_to(root).as_posix()
    except ValueError:
        raise errors.UsageError(f"{path} is not in this repository, {root}") from None


def _walk(conflicts: Conflicts, only: Sequence[str]) -> None:
    asked: set[str] = set()
    for unmerged in conflicts.list(only):
        package = unmerged.package
        if package is None:
            _settle_file(conflicts, unmerged)
        elif package.app not in asked:
            asked.add(package.app)
            _settle_package(conflicts, unmerged)


def _say_what_is_left(conflicts: Conflicts, only: Sequence[str]) -> int:
    left = conflicts.list(only)
    if left:
        click.echo(f"{_count(len(left), 'file')} left: " + ", ".join(unmerged.path for unmerged in left))
        return errors.NO
    if conflicts.list():
        click.echo("everything here is settled; other files have conflicts still")
    else:
        click.echo("everything is settled; now: git commit, or --continue what you were doing")
    return errors.OK


# --- one file --------------------------------------------------------------------------------------


def _settle_file(conflicts: Conflicts, unmerged: Unmerged) -> None:
    ours, theirs = (conflicts.read_stage(unmerged, stage) for stage in (2, 3))
    content = conflicts.read(unmerged)
    if ours is None or theirs is None:
        _settle_deletion(conflicts, unmerged, deleted_by="us" if ours is None else "them")
        return
    if content is None or b"\0" in content:
        _settle_whole(conflicts, unmerged, ours, theirs)
        return
    pieces = parse_conflicts(content, conflicts.marker_size(unmerged))
    total = sum(isinstance(piece, Marked) for piece in pieces)
    number = 0
    for index, piece in enumerate(pieces):
        if isinstance(piece, Marked):
            number += 1
            _show(unmerged.path, pieces, index, f"conflict {number} of {total}")
            settled = _ask_about(conflicts, unmerged, pieces, piece)
            if settled is not None:
                pieces[index] = settled
                conflicts.write(unmerged, join_pieces(pieces))
    if not any(isinstance(piece, Marked) for piece in pieces):
        _finish(conflicts, unmerged, join_pieces(pieces), were_yaml=all(map(_is_yaml, (ours, theirs))))


def _ask_about(
    conflicts: Conflicts, unmerged: Unmerged, pieces: Sequence[Piece], piece: Marked
) -> bytes | None:
    """Return the text that settles the conflict; None to leave it."""
    both_fit = not _is_yaml(reduce_to(pieces, "ours")) or _is_yaml(reduce_to(pieces, "both", only=piece))
    while True:
        answer = _ask("otbesq" if both_fit else "otesq")
        if answer == "s":
            return None
        if answer != "e":
            return piece.settled("ours" if answer == "o" else "theirs" if answer == "t" else "both")
        edited = conflicts.edit(piece.source, Path(unmerged.path).name)
        if not any(
            isinstance(part, Marked) for part in parse_conflicts(edited, conflicts.marker_size(unmerged))
        ):
            return edited
        click.echo("there are markers in it still")


def _finish(conflicts: Conflicts, unmerged: Unmerged, content: bytes, *, were_yaml: bool) -> None:
    if were_yaml and not _is_yaml(content):
        click.echo(
            f"{unmerged.path}: no valid YAML as it is; not added. Edit it, then: git add {unmerged.path}"
        )
        return
    conflicts.settle(unmerged)
    click.echo(f"{unmerged.path}: settled")


def _settle_deletion(conflicts: Conflicts, unmerged: Unmerged, *, deleted_by: str) -> None:
    click.echo(f"\n{unmerged.path}: deleted by {deleted_by}, changed on the other side")
    answer = _ask("kdsq")
    if answer == "d":
        conflicts.delete(unmerged)
    elif answer == "k":
        kept = conflicts.read_stage(unmerged, 3 if deleted_by == "us" else 2)
        if conflicts.read(unmerged) is None and kept is not None:
            conflicts.write(unmerged, kept)
        conflicts.settle(unmerged)


def _settle_whole(conflicts: Conflicts, unmerged: Unmerged, ours: bytes, theirs: bytes) -> None:
    click.echo(f"\n{unmerged.path}: can't be merged: ours has {len(ours):,} bytes, theirs {len(theirs):,}")
    answer = _ask("otsq")
    if answer in "ot":
        conflicts.write(unmerged, ours if answer == "o" else theirs)
        conflicts.settle(unmerged)


# --- packages --------------------------------------------------------------------------------------


def _settle_package(conflicts: Conflicts, unmerged: Unmerged) -> None:
    package = unmerged.package
    assert package is not None
    if conflicts.list([package.lock]):
        click.echo(
            f"\n{package.app}: the branches carry different packages, of which one must be taken whole"
        )
        click.echo(f"  ours:   {conflicts.describe_package(package, 2)}")
        click.echo(f"  theirs: {conflicts.describe_package(package, 3)}")
        answer = _ask("otsq")
        if answer == "s":
            return
        conflicts.take_package(package, 2 if answer == "o" else 3)
    else:
        conflicts.take_package(package, 2)
    click.echo(f"{package.app}: .package is what its lock says")


# --- the terminal ----------------------------------------------------------------------------------


def _show(path: str, pieces: Sequence[Piece], index: int, title: str) -> None:
    from wildgit.adapters.terminal import say, style

    piece = pieces[index]
    assert isinstance(piece, Marked)
    before = pieces[index - 1] if index else b""
    after = pieces[index + 1] if index + 1 < len(pieces) else b""
    say(f"\n{style(f'{path}:{piece.line}', 'name')}  {title}")
    for line in _lines(before)[-CONTEXT_LINES:]:
        say(f"    {line}")
    sides = ((f"ours ({piece.labels[0]})", piece.ours, "good"), ("base", piece.base, "quiet"))
    for name, text, colour in (*sides, (f"theirs ({piece.labels[1]})", piece.theirs, "bad")):
        if text is not None:
            say(style(f"  {name}:", colour))
            for line in _lines(text) or ["(nothing)"]:
                say(style(f"  | {line}", colour))
    for line in _lines(after)[:CONTEXT_LINES]:
        say(f"    {line}")


def _lines(piece: Piece) -> list[str]:
    return [] if isinstance(piece, Marked) else piece.decode("utf-8", "replace").splitlines()


def _ask(letters: str) -> str:
    """Return one of the letters; the end of the input is a `q`."""
    while True:
        try:
            answer = click.prompt(
                f"[{'/'.join(letters)}/?]", prompt_suffix=" ", default="", show_default=False
            )
        except click.Abort:
            click.echo()  # the question's line ends here
            raise _Quit from None
        answer = answer.strip().lower()[:1]
        if answer == "q":
            raise _Quit
        if answer and answer in letters:
            return str(answer)
        for letter in letters:
            click.echo(f"  {letter}  {_HELP[letter]}")


def _is_yaml(text: bytes) -> bool:
    """Return whether the text reads as YAML without duplicate keys."""
    from wildgit.core.yaml_values import load_yaml_all

    try:
        load_yaml_all(text, "")
    except errors.InputError:
        return False
    return True


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
