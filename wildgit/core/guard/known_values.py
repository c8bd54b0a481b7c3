"""Values that were in secrets.yaml once: kept as keyed hashes, found again as whole words of a text.

A hash can't be searched for inside a text, so each spelling of a value is anchored by its longest word
(letters and digits): a word of that length in the text is hashed and looked up, and only where it is
known is the whole spelling hashed around it. What this leaves out: a former value glued to other letters.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wildgit.core.guard.secret_values import MIN_LENGTH, Leaf

_HEADER = "git-wild known values 1"
_MIN_WORD = 4
_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
_DIGEST_BYTES = 16


class Known(NamedTuple):
    """One spelling of one value: hashes of it and of its longest word, and where that word starts in it."""

    word: str
    word_size: int
    offset: int
    whole: str
    size: int
    key: str
    is_current: bool


class KnownValues:
    """The spellings that are known; `signature` says which secrets.yaml the current ones were read from."""

    def __init__(self, hash_key: bytes, signature: str = "", rows: Iterable[Known] = ()) -> None:
        self.hash_key = hash_key
        self.signature = signature
        self.rows = tuple(rows)
        self._rotated: dict[str, list[Known]] = {}
        for row in self.rows:
            if not row.is_current:
                self._rotated.setdefault(row.word, []).append(row)
        self.has_rotated = bool(self._rotated)

    def find(self, text: bytes) -> Iterator[tuple[str, int]]:
        """Yield the key path and the offset of every former value in a text."""
        sizes = {row.word_size for rows in self._rotated.values() for row in rows}
        for match in _WORD.finditer(text):
            if match.end() - match.start() not in sizes:
                continue
            for row in self._rotated.get(self._hash(match[0]), ()):
                start = match.start() - row.offset
                if start >= 0 and self._hash(text[start : start + row.size]) == row.whole:
                    yield row.key, start

    def with_current(self, leaves: Iterable[Leaf], signature: str) -> KnownValues:
        """Return these values with what secrets.yaml holds now; what it held before stays, as rotated."""
        current: dict[str, Known] = {}
        for key, value in leaves:
            for spelling in _spellings(value):
                if row := self._row(key, spelling):
                    current.setdefault(row.whole, row)
        former = [row._replace(is_current=False) for row in self.rows if row.whole not in current]
        return KnownValues(self.hash_key, signature, [*current.values(), *former])

    def _row(self, key: str, spelling: bytes) -> Known | None:
        words = [(len(match[0]), match.start()) for match in _WORD.finditer(spelling)]
        size, start = max(words, default=(0, 0))
        if size < _MIN_WORD:
            return None
        word = self._hash(spelling[start : start + size])
        return Known(word, size, start, self._hash(spelling), len(spelling), key, True)

    def _hash(self, data: bytes) -> str:
        from hashlib import blake2b

        return blake2b(data, key=self.hash_key, digest_size=_DIGEST_BYTES).hexdigest()

    def to_text(self) -> str:
        """Return the text that `parse_known` reads."""
        lines = [f"{_HEADER}\t{self.hash_key.hex()}\t{self.signature}"]
        for row in self.rows:
            state = "current" if row.is_current else "rotated"
            key = row.key.encode("unicode_escape").decode()
            lines.append("\t".join(map(str, (state, *row[:5], key))))
        return "\n".join(lines) + "\n"


def parse_known(text: str) -> KnownValues:
    """Return what `to_text` wrote.

    Raises:
        ValueError: the text is something else.
    """
    first, *lines = text.splitlines()
    header, hash_key, signature = first.split("\t")
    if header != _HEADER:
        raise ValueError(header)
    rows = []
    for line in lines:
        state, word, word_size, offset, whole, size, key = line.split("\t")
        key = key.encode().decode("unicode_escape")
        rows.append(Known(word, int(word_size), int(offset), whole, int(size), key, state == "current"))
    return KnownValues(bytes.fromhex(hash_key), signature, rows)


def _spellings(value: str) -> list[bytes]:
    import json
    from urllib.parse import quote

    bare = value.strip()
    if len(bare) < MIN_LENGTH:
        return []
    texts = [value, bare, json.dumps(bare)[1:-1], quote(bare, safe="")]
    texts += [line.strip() for line in bare.split("\n") if len(line.strip()) >= 4 * MIN_LENGTH]
    found = [text.encode("utf-8", "surrogatepass") for text in texts]
    # `echo … | base64` encodes the newline too.
    found += [b2a_base64(data, newline=False).rstrip(b"=") for data in (found[1], found[1] + b"\n")]
    return [*dict.fromkeys([*found, found[1].hex().encode()])]
