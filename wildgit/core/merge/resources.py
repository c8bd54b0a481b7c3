"""Customisations follow the resource, not the file.

When one side moves a resource to another file (renames the file, splits it, joins two), a merge path
by path would see a deletion here and an addition there, and the other side's edits would be lost in
between. So before the merge the sides are laid out alike: whoever did not move the resource gets it
moved, its text untouched. Each path can then be merged by itself. What is not certain is left where
it is, for the merge to conflict about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wildgit.core.merge.manifest_file import Document, Identity, is_manifest, join_documents, split_documents

Files = Mapping[str, bytes]
SAME_FILE = 0.6
"""The share of equal lines that makes a new file an old one, renamed: a little more than git asks for."""


class Move(NamedTuple):
    """One resource, or a whole file where `resource` is None, that one side moved.

    `contested` is where theirs moved it where that is not where ours did: then ours has its way, and a
    person must know of it.
    """

    resource: Identity | None
    source: str
    target: str
    moved_by: str
    contested: str = ""


@dataclass(frozen=True)
class Followed:
    """The three sides, laid out alike, and what was moved for that."""

    base: Files
    ours: Files
    theirs: Files
    moves: tuple[Move, ...] = ()


def follow_moves(base: Files, ours: Files, theirs: Files) -> Followed:
    """Return the sides with every resource in the file that the side which moved it put it in.

    A resource is followed if its identity stands exactly once on each side that has it. A file without
    resources is followed if a side renamed it and kept most of its lines. Where a side added resources
    of its own to a file that the other side emptied, base keeps the file, empty, so that it is a conflict
    and not dropped.

    Args:
        base, ours, theirs: path → content, of one app.
    """
    followed = Followed(base, ours, theirs)
    if _same_layout(base, ours) and _same_layout(base, theirs):
        return followed
    followed = _follow_resources(followed)
    return _follow_files(followed)


def find_duplicates(files: Files, sides: tuple[Files, ...]) -> dict[Identity, list[str]]:
    """Return the resources that stand more often in `files` than in any of `sides`, with their paths."""
    places: dict[Identity, list[str]] = {}
    for path, identity in _identities(files):
        places.setdefault(identity, []).append(path)
    repeated = {identity: paths for identity, paths in places.items() if len(paths) > 1}
    if not repeated:
        return {}
    before = [Counter(identity for _, identity in _identities(side)) for side in sides]
    return {
        identity: paths
        for identity, paths in repeated.items()
        if all(count[identity] < len(paths) for count in before)
    }


def _same_layout(one: Files, other: Files) -> bool:
    """Return whether no resource can have moved: the same files, with as many documents each."""
    return one.keys() == other.keys() and all(
        content is other[path] or content == other[path] or _outline(content) == _outline(other[path])
        for path, content in one.items()
        if is_manifest(path)
    )


def _identities(files: Files) -> Iterator[tuple[str, Identity]]:
    for path, content in files.items():
        documents = split_documents(content) if is_manifest(path) else None
        yield from ((path, document.identity) for document in documents or () if document.identity)


def _outline(content: bytes) -> list[Identity | None] | None:
    documents = split_documents(content)
    return None if documents is None else [document.identity for document in documents]


# --- resources -------------------------------------------------------------------------------------


class _Layout:
    """Where each resource of one side stands, and the documents of each file that could be read."""

    def __init__(self, files: Files) -> None:
        self.files = dict(files)
        self.documents: dict[str, list[Document]] = {}
        places: dict[Identity, list[str]] = {}
        for path, content in files.items():
            documents = split_documents(content) if is_manifest(path) else None
            if documents is None:
                continue
            self.documents[path] = documents
            for document in documents:
                if document.identity is not None:
                    places.setdefault(document.identity, []).append(path)
        self.place = {identity: paths[0] for identity, paths in places.items() if len(paths) == 1}
        self.repeated = {identity for identity, paths in places.items() if len(paths) > 1}

    def can_take(self, path: str) -> bool:
        return path not in self.files or path in self.documents

    def move(self, identity: Identity, target: str, like: _Layout) -> None:
        """Put the resource into `target`, behind the resource that it stands behind in `like`."""
        source = self.place.get(identity)
        if source is None or source == target:
            return
        document = self._take_out(identity, source)
        siblings = self.documents.setdefault(target, [])
        position = _position(identity, siblings, like.documents[target])
        separator = b"---\n"
        if position == 0:
            separator = like.documents[target][0].separator
            if siblings:
                separator = siblings[0].separator
                siblings[0] = siblings[0]._replace(separator=siblings[0].separator or b"---\n")
        siblings.insert(position, document._replace(separator=separator))
        self.place[identity] = target
        self._write(source)
        self._write(target)

    def _take_out(self, identity: Identity, source: str) -> Document:
        documents = self.documents[source]
        index = next(i for i, document in enumerate(documents) if document.identity == identity)
        document = documents.pop(index)
        if index == 0 and documents:
            documents[0] = documents[0]._replace(separator=document.separator)
        return document

    def _write(self, path: str) -> None:
        documents = self.documents[path]
        if any(document.body.strip() for document in documents):
            self.files[path] = join_documents(documents)
        else:
            self.files.pop(path, None)


def _position(identity: Identity, siblings: list[Document], like: list[Document]) -> int:
    """Return where in `siblings` the resource goes: behind its nearest predecessor in `like`."""
    order = [document.identity for document in like]
    index = {document.identity: i for i, document in enumerate(siblings) if document.identity}
    for predecessor in reversed(order[: order.index(identity)]):
        if predecessor in index:
            return index[predecessor] + 1
    return 0


def _follow_resources(followed: Followed) -> Followed:
    base, ours, theirs = (_Layout(side) for side in (followed.base, followed.ours, followed.theirs))
    moves = []
    for identity, source in list(base.place.items()):
        if identity in ours.repeated | theirs.repeated:
            continue
        by_ours = _moved_to(identity, source, ours)
        by_theirs = _moved_to(identity, source, theirs)
        target, mover = (by_ours, "ours") if by_ours else (by_theirs, "theirs")
        if target is None:
            continue
        if not all(side.can_take(target) for side in (base, ours, theirs)):
            continue
        contested = by_theirs if by_theirs and by_theirs != target else ""
        moves.append(Move(identity, source, target, mover, contested))
    for move in _in_order_of_target(moves, ours, theirs):
        like = theirs if move.moved_by == "theirs" else ours
        for side in (base, ours, theirs):
            if move.resource is not None and side is not like:
                side.move(move.resource, move.target, like)
    for source in {move.source for move in moves} - base.files.keys():
        # One side emptied the file and it is gone, the other side added to it: deletion against change.
        emptied = source not in followed.theirs and source in ours.files
        if emptied or (source not in followed.ours and source in theirs.files):
            base.files[source] = b""
    return Followed(base.files, ours.files, theirs.files, (*followed.moves, *moves))


def _moved_to(identity: Identity, source: str, side: _Layout) -> str | None:
    target = side.place.get(identity)
    return target if target != source else None


def _in_order_of_target(moves: list[Move], ours: _Layout, theirs: _Layout) -> Iterator[Move]:
    """Yield the moves so that a resource's predecessors in its new file are there before it."""

    def rank(move: Move) -> tuple[str, int]:
        like = theirs if move.moved_by == "theirs" else ours
        order = [document.identity for document in like.documents[move.target]]
        return move.target, order.index(move.resource)

    return iter(sorted(moves, key=rank))


# --- whole files -----------------------------------------------------------------------------------


def _follow_files(followed: Followed) -> Followed:
    by_theirs = _renames(followed.base, followed.theirs, "theirs")
    by_ours = _renames(followed.base, followed.ours, "ours")
    for source in {**by_theirs, **by_ours}:
        followed = _follow_file(followed, source, by_ours.get(source), by_theirs.get(source))
    return followed


def _follow_file(followed: Followed, source: str, by_ours: Move | None, by_theirs: Move | None) -> Followed:
    """Put one file of base where ours renamed it to, or theirs, unless another file is there already."""
    move = by_ours or by_theirs
    assert move is not None
    mine = by_ours.target if by_ours else source
    yours = by_theirs.target if by_theirs else source
    for place, side in ((mine, followed.ours), (yours, followed.theirs)):
        if place != move.target and move.target in side:
            return followed
    contested = yours if by_ours and by_theirs else ""
    return Followed(
        base=_renamed(followed.base, source, move.target),
        ours=_renamed(followed.ours, mine, move.target),
        theirs=_renamed(followed.theirs, yours, move.target),
        moves=followed.moves if mine == yours else (*followed.moves, move._replace(contested=contested)),
    )


def _renames(base: Files, side: Files, name: str) -> dict[str, Move]:
    """Return source → move for the files of base that `side` has under another path."""
    gone = [path for path in base if path not in side and not _has_resources(path, base[path])]
    new = [path for path in side if path not in base and not _has_resources(path, side[path])]
    pairs = sorted(
        ((_likeness(base[source], side[target]), source, target) for source in gone for target in new),
        reverse=True,
    )
    moves: dict[str, Move] = {}
    taken: set[str] = set()
    for likeness, source, target in pairs:
        if likeness >= SAME_FILE and source not in moves and target not in taken:
            moves[source] = Move(None, source, target, name)
            taken.add(target)
    return moves


def _has_resources(path: str, content: bytes) -> bool:
    """Return whether the file's resources were followed one by one: what they resemble does not matter."""
    documents = split_documents(content) if is_manifest(path) else None
    return any(document.identity for document in documents or ())


def _likeness(one: bytes, other: bytes) -> float:
    """Return the share of lines two files have in common, 0 to 1, in whatever order."""
    if one == other:
        return 1.0
    lines, others = Counter(one.splitlines()), Counter(other.splitlines())
    return 2 * (lines & others).total() / max(1, lines.total() + others.total())


def _renamed(files: Files, source: str, target: str) -> Files:
    return {target if path == source else path: content for path, content in files.items()}
