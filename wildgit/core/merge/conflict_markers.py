"""A file with git's conflict markers as text and conflicts, so that they can be settled one by one.

The pieces' sources are the file, byte for byte. What looks like a marker but is not in its place is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Choice = Literal["ours", "theirs", "both"]


@dataclass(frozen=True)
class Marked:
    """One conflict.

    Attributes:
        source: its whole text with the markers.
        line: of its first marker in the file, from 1.
        ours, theirs: what the sides have there.
        base: what they had before; None where the style does not show it.
        labels: of ours and theirs.
    """

    source: bytes
    line: int
    ours: bytes
    theirs: bytes
    base: bytes | None
    labels: tuple[str, str]

    def settled(self, choice: Choice) -> bytes:
        """Return the text that takes the conflict's place."""
        if choice == "both":
            return self.ours + self.theirs
        return self.ours if choice == "ours" else self.theirs


Piece = bytes | Marked


def parse_conflicts(text: bytes, marker_size: int = 7) -> list[Piece]:
    """Return the file's text and conflicts in order."""
    pieces: list[Piece] = []
    plain: list[bytes] = []
    lines = text.splitlines(keepends=True)
    index = 0
    while index < len(lines):
        found, end = _parse_one(lines, index, marker_size)
        if found is None:
            plain.append(lines[index])
        else:
            if plain:
                pieces.append(b"".join(plain))
                plain = []
            pieces.append(found)
        index = end
    return [*pieces, b"".join(plain)] if plain else pieces


def join_pieces(pieces: Iterable[Piece]) -> bytes:
    """Return the file's text."""
    return b"".join(piece.source if isinstance(piece, Marked) else piece for piece in pieces)


def reduce_to(pieces: Sequence[Piece], choice: Choice, *, only: Marked | None = None) -> bytes:
    """Return the file with every conflict settled for ours, or the one named `only` as chosen."""
    return b"".join(
        piece.settled(choice if only is None or piece is only else "ours")
        if isinstance(piece, Marked)
        else piece
        for piece in pieces
    )


def _parse_one(lines: Sequence[bytes], start: int, size: int) -> tuple[Marked | None, int]:
    """Return the conflict that begins at this line, if one does, and the line to go on with."""
    if not _is_marker(lines[start], b"<", size):
        return None, start + 1
    parts: list[list[bytes]] = [[]]
    seen = b"<"
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if seen == b"<" and _is_marker(line, b"|", size):
            seen = b"|"
            parts.append([])
        elif seen in b"<|" and _is_marker(line, b"=", size):
            seen = b"="
            parts.append([])
        elif seen == b"=" and _is_marker(line, b">", size):
            labels = (_label(lines[start], size), _label(line, size))
            ours, *base, theirs = (b"".join(part) for part in parts)
            source = b"".join(lines[start : index + 1])
            marked = Marked(source, start + 1, ours, theirs, base[0] if base else None, labels)
            return marked, index + 1
        else:
            parts[-1].append(line)
    return None, start + 1


def _is_marker(line: bytes, character: bytes, size: int) -> bool:
    rest = line[size:].rstrip(b"\r\n")
    return line[:size] == character * size and (not rest or rest[:1] == b" ")


def _label(line: bytes, size: int) -> str:
    return line[size:].decode("utf-8", "replace").strip()
