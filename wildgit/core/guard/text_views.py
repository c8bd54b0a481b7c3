"""Other readings of a text, in which what was escaped or wrapped is plain, with the way back to its lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import unquote_to_bytes


class View(NamedTuple):
    """A text made of pieces of another: where each piece ends in it, and the line it came from."""

    text: bytes
    ends: list[int]
    lines: list[int]

    def line_of(self, offset: int) -> int:
        """Return the 1-based line of the original that an offset of the view came from."""
        return self.lines[bisect_right(self.ends, offset)]


def as_it_is(lines: list[bytes]) -> View:
    """Return the text itself, which tells the line of an offset."""
    ends = list(accumulate(len(line) + 1 for line in lines))
    return View(b"\n".join(lines), ends, list(range(1, len(lines) + 1)))


def joined(lines: list[bytes], separator: bytes = b"") -> View:
    """Return the lines without their indentation as one: what was wrapped, folded or indented is whole."""
    stripped = [line.strip() for line in lines]
    ends = list(accumulate(len(line) + len(separator) for line in stripped))
    return View(separator.join(stripped), ends, list(range(1, len(lines) + 1)))


def unescaped(lines: list[bytes]) -> View:
    """Return the lines that have escapes, with them undone, once for each kind of escape in a line."""
    pieces: list[bytes] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        for piece in _unescape(line):
            pieces.append(piece)
            numbers.append(number)
    return View(b"\n".join(pieces), list(accumulate(len(piece) + 1 for piece in pieces)), numbers)


# Source: YAML 1.2.2, section 5.7, which includes JSON's.
_NAMED = dict(zip(b"nrt0abefv_NLP", "\n\r\t\0\a\b\x1b\f\v\xa0\x85\u2028\u2029", strict=True))
_ESCAPE = rb"(?s)\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|(.))"
_SURROGATES = rb"(?i)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})"


def _unescape(line: bytes) -> Iterator[bytes]:
    if b"%" in line:
        yield unquote_to_bytes(line)
        if b"+" in line:
            yield unquote_to_bytes(line.replace(b"+", b" "))
    if b"\\" in line:
        yield re.sub(_ESCAPE, _undo_escape, re.sub(_SURROGATES, _undo_surrogates, line))
    if b"''" in line:
        yield line.replace(b"''", b"'")


def _undo_escape(match: re.Match[bytes]) -> bytes:
    # \xE4 is a character for YAML and a byte for shells; for ASCII it is the same in both.
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal is not None:
        code = int(hexadecimal, 16)
        return chr(code).encode("utf-8", "replace") if code < 0x110000 else b"?"
    if match[4] is not None:
        return bytes([int(match[4], 8)])
    named = _NAMED.get(match[5][0])
    return match[5] if named is None else named.encode()


def _undo_surrogates(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex((match[1] + match[2]).decode()).decode("utf-16-be").encode()
