"""The secrets guard: which of our secrets, in any encoding, and which secret shapes stand in a text.

One automaton holds every spelling of every value of secrets.yaml and the literals of all shapes, so a
text is read once for all of them. Two views are read beside the text itself: lines with escapes, undone
(for mixed or unusual escapes), and the lines joined (for base64 that was wrapped, keys in block scalars,
folded strings). A finding names the rule, the place and the secret's key path; never the value, nor a
part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, chain
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from wildgit.core import secret_shapes
from wildgit.core.findings import Finding, allowed_reason
from wildgit.core.secret_values import MIN_LENGTH, Leaf, pieces, spell

if TYPE_CHECKING:
    from wildgit.core.known_values import KnownValues

SECRET_VALUE = "secret-value"  # noqa: S105 - the name of a rule
SECRET_ROTATED = "secret-rotated"  # noqa: S105

RULES: dict[str, str] = {
    secret_shapes.SECRET_FILE: "A file that holds secrets or cluster access goes to everybody who clones.",
    SECRET_VALUE: "A value of secrets.yaml, in whatever encoding, belongs in secrets.yaml alone.",
    SECRET_ROTATED: "A value that was rotated away may still be valid somewhere, and hints at the next one.",
    secret_shapes.SECRET_MANIFEST: "base64 is no encryption: deploy makes the Secret from secrets.yaml.",
    secret_shapes.PRIVATE_KEY: "A private key in git is known to every clone, for ever.",
    secret_shapes.TOKEN: "A token in git works for whoever finds it; forges and bots search for its format.",
}

MAX_TEXT_BYTES = 1 << 20
_BINARY_PROBE_BYTES = 8000  # as git decides
_MIN_ACROSS_LINES = 12  # shorter values would arise by chance from the end of one line and the next


class Scanner:
    """Finds secrets in texts, paths and names.

    Args:
        leaves: the values of secrets.yaml.
        public: values that config.yaml publishes, and where: a secret equal to one is not searched for.
        known: keyed hashes of values that were in secrets.yaml earlier; None where none are kept.

    `skipped` lists the secrets that are not searched for: key path and why.
    """

    def __init__(
        self, leaves: Iterable[Leaf], *, public: Mapping[str, str] = {}, known: KnownValues | None = None
    ) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self.skipped: list[tuple[str, str]] = []
        self._known = known
        spellings = self._spell(leaves, public)
        self._needles = list(spellings)
        self._sources = list(spellings.values())
        self._literals = list(secret_shapes.LITERALS)
        self._automaton = BytesAhoCorasick([*self._needles, *self._literals])
        self._has_folds = any(b" " in needle for needle in self._needles)

    def _spell(self, leaves: Iterable[Leaf], public: Mapping[str, str]) -> dict[bytes, tuple[str, str]]:
        """Return every byte string to look for: the key paths it belongs to, and its encoding."""
        spellings: dict[bytes, tuple[str, str]] = {}

        def add(text: str, key: str, part: str) -> None:
            for data, encoding in spell(text).items():
                if len(data) >= MIN_LENGTH:
                    keys, form = spellings.get(data, (key, " of ".join(filter(None, (encoding, part)))))
                    spellings[data] = (keys if key in keys.split(", ") else f"{keys}, {key}", form)

        for key, value in leaves:
            bare = value.strip()
            if len(bare) < MIN_LENGTH:
                self.skipped.append((key, f"shorter than {MIN_LENGTH} characters"))
            elif bare in public:
                self.skipped.append((key, f"equal to {public[bare]} in config.yaml"))
            else:
                add(value, key, "")
                for piece in pieces(value):
                    if piece not in public:
                        add(piece, key, "a part")
        return spellings

    def scan_file(
        self, path: str, content: bytes, *, rest: Iterable[bytes] = (), is_link: bool = False
    ) -> list[Finding]:
        """Return what must not be committed in one file, by its name, its path and its content.

        Args:
            path: as git has it, from the root of the repository.
            content: all of the file, or its beginning where `rest` has more.
            rest: what follows, in pieces; only exact values are searched in a file that has such.
            is_link: the content is where a symbolic link points.
        """
        shown = self.mask(path)
        findings = [finding._replace(path=shown) for finding in self._scan_path(path)]
        complaint = "" if is_link else secret_shapes.name_complaint(path)
        if complaint and not _is_encrypted_manifest(path, content):
            rule = secret_shapes.SECRET_FILE
            reason = allowed_reason(content, 1, rule)
            findings.append(Finding(rule, shown, 0, f"this file {complaint}", allowed=reason))
        return findings + self.scan_text(shown, content, rest=rest)

    def scan_text(self, place: str, content: bytes, *, rest: Iterable[bytes] = ()) -> list[Finding]:
        """Return what a text holds: values in every encoding and, unless it is binary or large, shapes."""
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = content.decode("utf-16", "replace").encode("utf-8", "replace")
        if len(content) > MAX_TEXT_BYTES or b"\0" in content[:_BINARY_PROBE_BYTES]:
            return list(self._scan_large(place, chain([content], rest)))
        matches = self._matches(content)
        values = [(index, start) for index, start in matches if index < len(self._needles)]
        values += self._escaped_matches(content)
        values += self._joined_matches(content)
        found = set(self._values(place, content, values))
        hits = [
            (self._literals[i - len(self._needles)], start) for i, start in matches if i >= len(self._needles)
        ]
        if hits:
            found |= set(self._shapes(place, content, hits))
        if self._known is not None and self._known.has_rotated:
            found |= set(self._rotated(place, content))
        return sorted(found, key=lambda finding: (finding.line, finding.rule, finding.key))

    def mask(self, text: str) -> str:
        """Return the text with every secret in it replaced by `***`; for all that is printed."""
        data = text.encode("utf-8", "surrogateescape")
        if self._escaped_matches(data):
            return "***"
        if self._known is not None and self._known.has_rotated and next(self._known.find(data), None):
            return "***"
        spans = [
            (start, start + len(self._needles[index]))
            for index, start in self._matches(data)
            if index < len(self._needles)
        ]
        for start, end in sorted(_merge_spans(spans), reverse=True):
            data = data[:start] + b"***" + data[end:]
        return data.decode("utf-8", "backslashreplace")

    def _scan_path(self, path: str) -> Iterator[Finding]:
        for finding in self.scan_text("", path.encode("utf-8", "surrogateescape")):
            if finding.rule in (SECRET_VALUE, SECRET_ROTATED):
                yield finding._replace(
                    line=0, message=f"the name of this file holds {finding.message}", allowed=""
                )

    def _matches(self, data: bytes) -> list[tuple[int, int]]:
        found = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return [(index, start) for index, start, _ in found]

    def _scan_large(self, place: str, chunks: Iterable[bytes]) -> Iterator[Finding]:
        overlap = max(map(len, self._needles), default=1) - 1
        seen: set[tuple[str, int]] = set()
        first_line, carried = 1, b""
        for chunk in chunks:
            buffer = carried + chunk
            for index, start in self._matches(buffer):
                if index < len(self._needles):
                    line = first_line + buffer.count(b"\n", 0, start)
                    if (self._sources[index][0], line) not in seen:
                        seen.add((self._sources[index][0], line))
                        yield self._value(place, index, line)
            carried = buffer[len(buffer) - overlap :] if overlap < len(buffer) else buffer
            first_line += buffer.count(b"\n", 0, len(buffer) - len(carried))

    def _escaped_matches(self, content: bytes) -> list[tuple[int, int]]:
        """Return matches in lines whose escapes are undone; offsets are those of the lines."""
        if b"\\" not in content and b"%" not in content and b"''" not in content:
            return []
        decoded: list[bytes] = []
        origins: list[int] = []
        offset = 0
        for line in content.split(b"\n"):
            for plain in _unescape(line):
                decoded.append(plain)
                origins.append(offset)
            offset += len(line) + 1
        return self._moved(b"\n".join(decoded), [len(line) + 1 for line in decoded], origins)

    def _joined_matches(self, content: bytes) -> list[tuple[int, int]]:
        """Return matches that only show when the lines are joined; offsets are those of their first line."""
        lines = content.split(b"\n")
        if len(lines) < 2:
            return []
        origins = [0, *accumulate(len(line) + 1 for line in lines)]
        stripped = [line.strip() for line in lines]
        found = self._moved(b"".join(stripped), [len(line) for line in stripped], origins)
        if self._has_folds:
            found += self._moved(b" ".join(stripped), [len(line) + 1 for line in stripped], origins)
        return [
            (index, start)
            for index, start in found
            if self._sources[index][1] or len(self._needles[index]) >= _MIN_ACROSS_LINES
        ]

    def _moved(self, view: bytes, lengths: list[int], origins: list[int]) -> list[tuple[int, int]]:
        matches = [(index, start) for index, start in self._matches(view) if index < len(self._needles)]
        if not matches:
            return []
        ends = list(accumulate(lengths))
        return [(index, origins[bisect_right(ends, start)]) for index, start in matches]

    def _values(self, place: str, content: bytes, matches: Iterable[tuple[int, int]]) -> Iterator[Finding]:
        seen = set()
        for index, start in matches:
            line = content.count(b"\n", 0, start) + 1
            if (self._sources[index][0], line) not in seen:
                seen.add((self._sources[index][0], line))
                reason = allowed_reason(content, line, SECRET_VALUE)
                yield self._value(place, index, line)._replace(allowed=reason)

    def _value(self, place: str, index: int, line: int) -> Finding:
        key, encoding = self._sources[index]
        form = f" ({encoding})" if encoding else ""
        message = f"the value of {self._shown_key(key)} in secrets.yaml{form}"
        return Finding(SECRET_VALUE, place, line, message, key=key)

    def _shown_key(self, key: str) -> str:
        # A key may be spelled like a value: apps.hunter2.password with the password hunter2.
        return self.mask(key)

    def _shapes(self, place: str, content: bytes, hits: list[tuple[bytes, int]]) -> Iterator[Finding]:
        for rule, line, what in secret_shapes.find_shapes(content, hits):
            yield Finding(rule, place, line, what, allowed=allowed_reason(content, line, rule))

    def _rotated(self, place: str, content: bytes) -> Iterator[Finding]:
        assert self._known is not None
        for key, offset in self._known.find(content):
            line = content.count(b"\n", 0, offset) + 1
            message = f"a former value of {self._shown_key(key)} in secrets.yaml"
            reason = allowed_reason(content, line, SECRET_ROTATED)
            yield Finding(SECRET_ROTATED, place, line, message, key=key, allowed=reason)


def _merge_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_encrypted_manifest(path: str, content: bytes) -> bool:
    """Return whether a secrets.yaml below the root is SOPS, or only manifests without clear data.

    Repositories that encrypt keep such files under this very name.
    """
    folder, _, name = path.rpartition("/")
    if not folder or not name.lower().startswith("secrets.y"):
        return False
    from wildgit.core.yaml_nodes import read_nodes
    from wildgit.errors import InputError

    try:
        documents = [node for node in read_nodes(content, path) if node.text != ""]
    except InputError:
        return False
    is_manifests = all(
        node.get("sops", "mac") is not None or (node.string("apiVersion") and node.string("kind"))
        for node in documents
    )
    return bool(documents) and is_manifests and not any(secret_shapes.find_clear_secrets(content))


_ESCAPE = rb"(?s)\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|(.))"
_ESCAPED_NAMES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"0": b"\0",
    b"a": b"\a",
    b"b": b"\b",
    b"e": b"\x1b",
    b"f": b"\f",
    b"v": b"\v",
    b"_": b"\xc2\xa0",
    b"N": b"\xc2\x85",
    b"L": b"\xe2\x80\xa8",
    b"P": b"\xe2\x80\xa9",
}  # fmt: skip - Source: YAML 1.2.2, section 5.7, which includes JSON's
_SURROGATES = rb"(?i)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})"


def _unescape(line: bytes) -> Iterator[bytes]:
    """Yield a line with its escapes undone, once for each kind of escape that it has."""
    if b"%" in line:
        yield unquote_to_bytes(line)
        if b"+" in line:
            yield unquote_to_bytes(line.replace(b"+", b" "))
    if b"\\" in line:
        yield re.sub(_ESCAPE, _undo_escape, re.sub(_SURROGATES, _undo_surrogates, line))
    if b"''" in line:
        yield line.replace(b"''", b"'")


def _undo_escape(match: re.Match[bytes]) -> bytes:
    code = match[2] or match[3]
    if code is not None:
        return _utf8(int(code, 16))
    if match[1] is not None:
        # \xE4 is a character for YAML and a byte for shells; a value in ASCII is the same in both.
        return _utf8(int(match[1], 16))
    if match[4] is not None:
        return bytes([int(match[4], 8)])
    return _ESCAPED_NAMES.get(match[5], match[5])


def _undo_surrogates(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex((match[1] + match[2]).decode()).decode("utf-16-be").encode()


def _utf8(code: int) -> bytes:
    return chr(code).encode("utf-8", "replace") if code < 0x110000 else b"?"
