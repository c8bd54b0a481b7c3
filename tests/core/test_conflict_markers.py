"""Conflict markers in a file are found, shown as sides, and replaced, without touching another byte."""

from __future__ import annotations

import pytest

from wildgit.core.merge.conflict_markers import Marked, join_pieces, parse_conflicts, reduce_to

FILE = b"""\
a: 1
<<<<<<< ours
b: 2
||||||| base
b: 1
=======
b: 3
>>>>>>> theirs
c: 1
<<<<<<< HEAD
=======
d: 1
>>>>>>> other branch
"""


def test_sides_base_labels_and_lines_are_told() -> None:
    first, second = (piece for piece in parse_conflicts(FILE) if isinstance(piece, Marked))
    assert (first.ours, first.base, first.theirs, first.line) == (b"b: 2\n", b"b: 1\n", b"b: 3\n", 2)
    assert (second.ours, second.base, second.theirs, second.line) == (b"", None, b"d: 1\n", 10)
    assert second.labels == ("HEAD", "other branch")


def test_pieces_are_the_file() -> None:
    assert join_pieces(parse_conflicts(FILE)) == FILE


def test_reductions() -> None:
    pieces = parse_conflicts(FILE)
    assert reduce_to(pieces, "ours") == b"a: 1\nb: 2\nc: 1\n"
    assert reduce_to(pieces, "theirs") == b"a: 1\nb: 3\nc: 1\nd: 1\n"
    assert reduce_to(pieces, "both", only=pieces[1]) == b"a: 1\nb: 2\nb: 3\nc: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"=======\n",
        b"<<<<<<< ours\na\n",
        b"<<<<<<< ours\na\n=======\nb\n",
        b"<<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n",
        b"<<<<<<<ours\na\n=======\nb\n>>>>>>> theirs\n",
        b" <<<<<<< ours\n=======\n>>>>>>> theirs\n",
    ],
)
def test_what_is_no_whole_conflict_is_text(text: bytes) -> None:
    assert [piece for piece in parse_conflicts(text) if isinstance(piece, Marked)] == []
    assert join_pieces(parse_conflicts(text)) == text


def test_crlf_and_a_missing_last_newline_are_kept() -> None:
    text = b"<<<<<<< o\r\na\r\n=======\r\nb\r\n>>>>>>> t"
    (piece,) = parse_conflicts(text)
    assert isinstance(piece, Marked)
    assert (piece.ours, piece.theirs) == (b"a\r\n", b"b\r\n")
    assert join_pieces([piece]) == text


def test_marker_size_is_exact() -> None:
    text = b"<<< o\na\n===\nb\n>>> t\n"
    assert parse_conflicts(text) == [text]
    assert isinstance(parse_conflicts(text, 3)[0], Marked)
