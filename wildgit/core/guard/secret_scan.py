"""The secrets guard: which of our secrets, in any encoding, and which secret shapes stand in a text.

One automaton holds every spelling of every value of secrets.yaml and the literals of all shapes, so a
text is read once for all of them. Two views are read beside the text itself: lines with escapes, undone
(for mixed or unusual escapes), and the lines joined (for base64 that was wrapped, keys in block scalars,
folded strings). A finding names the rule, the place and the secret's key path; never the value, nor a
part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from wildgit.core.guard import secret_shapes
from wildgit.core.guard.findings import Finding, allowed_reason
from wildgit.core.guard.secret_values import MIN_LENGTH, Leaf, pieces, spell
from wildgit.core.guard.text_views import View, as_it_is, joined, unescaped

if TYPE_CHECKING:
    from wildgit.core.guard.known_values import KnownValues

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
        self._messages: dict[int, str] = {}
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
            reason = allowed_reason(content.split(b"\n", 1), 1, rule)
            findings.append(Finding(rule, shown, 0, f"this file {complaint}", allowed=reason))
        return findings + self.scan_text(shown, content, rest=rest)

    def scan_text(self, place: str, content: bytes, *, rest: Iterable[bytes] = ()) -> list[Finding]:
        """Return what a text holds: values in every encoding and, unless it is binary or large, shapes."""
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = content.decode("utf-16", "replace").encode("utf-8", "replace")
        if len(content) > MAX_TEXT_BYTES or b"\0" in content[:_BINARY_PROBE_BYTES]:
            return list(self._scan_large(place, chain([content], rest)))
        lines = content.split(b"\n")
        matches = self._matches(content)
        found = {*self._values(matches, lines), *self._escaped_values(content, lines)}
        found.update(self._joined_values(lines))
        findings = self._once_a_line(place, found, lines)
        count = len(self._needles)
        literals = {self._literals[index - count] for index, _ in matches if index >= count}
        if literals:
            findings += self._shapes(place, content, literals, lines)
        if self._known is not None and self._known.has_rotated:
            findings += self._rotated(place, content, lines)
        return sorted(set(findings), key=lambda finding: (finding.line, finding.rule, finding.key))

    def _once_a_line(self, place: str, found: set[tuple[int, int]], lines: list[bytes]) -> list[Finding]:
        findings: dict[tuple[str, int], Finding] = {}
        for index, line in sorted(found):  # a value as it is comes before its encodings and parts
            if (self._sources[index][0], line) not in findings:
                findings[self._sources[index][0], line] = self._value(place, index, line, lines)
        return list(findings.values())

    def mask(self, text: str) -> str:
        """Return the text with every secret in it replaced by `***`; for all that is printed."""
        data = text.encode("utf-8", "surrogateescape")
        if next(self._escaped_values(data, [data]), None):
            return "***"
        if self._known is not None and self._known.has_rotated and next(self._known.find(data), None):
            return "***"
        needles = self._needles
        spans = [(start, start + len(needles[i])) for i, start in self._matches(data) if i < len(needles)]
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
        seen: set[tuple[int, int]] = set()
        first_line, carried = 1, b""
        for chunk in chunks:
            buffer = carried + chunk
            matches = self._matches(buffer)
            if matches:
                for index, line in self._values(matches, buffer.split(b"\n")):
                    if (index, first_line + line) not in seen:
                        seen.add((index, first_line + line))
                        yield self._value(place, index, first_line + line - 1)
            carried = buffer[max(0, len(buffer) - overlap) :]
            first_line += buffer.count(b"\n", 0, len(buffer) - len(carried))

    def _values(self, matches: list[tuple[int, int]], lines: list[bytes]) -> Iterator[tuple[int, int]]:
        """Yield (needle, line) for the matches that are values, not literals of shapes."""
        values = [(index, start) for index, start in matches if index < len(self._needles)]
        if values:
            yield from self._placed(values, as_it_is(lines))

    def _escaped_values(self, content: bytes, lines: list[bytes]) -> Iterator[tuple[int, int]]:
        if b"\\" in content or b"%" in content or b"''" in content:
            yield from self._found_in(unescaped(lines))

    def _joined_values(self, lines: list[bytes]) -> Iterator[tuple[int, int]]:
        views = [joined(lines), *([joined(lines, b" ")] if self._has_folds else [])] if len(lines) > 1 else []
        for view in views:
            for index, line in self._found_in(view):
                if self._sources[index][1] or len(self._needles[index]) >= _MIN_ACROSS_LINES:
                    yield index, line

    def _found_in(self, view: View) -> Iterator[tuple[int, int]]:
        matches = [(index, start) for index, start in self._matches(view.text) if index < len(self._needles)]
        yield from self._placed(matches, view)

    def _placed(self, matches: list[tuple[int, int]], view: View) -> Iterator[tuple[int, int]]:
        # Once a line: a value of one letter would otherwise match a thousand times in a row of it.
        yield from {(index, view.line_of(start)) for index, start in matches}

    def _value(self, place: str, index: int, line: int, lines: list[bytes] | None = None) -> Finding:
        keys, encoding = self._sources[index]
        if index not in self._messages:
            form = f" ({encoding})" if encoding else ""
            self._messages[index] = f"the value of {self.mask(keys)} in secrets.yaml{form}"
        reason = allowed_reason(lines, line, SECRET_VALUE) if lines is not None else ""
        return Finding(SECRET_VALUE, place, line, self._messages[index], key=keys, allowed=reason)

    def _shapes(
        self, place: str, content: bytes, literals: set[bytes], lines: list[bytes]
    ) -> Iterator[Finding]:
        for rule, line, what in secret_shapes.find_shapes(content, literals):
            yield Finding(rule, place, line, what, allowed=allowed_reason(lines, line, rule))

    def _rotated(self, place: str, content: bytes, lines: list[bytes]) -> Iterator[Finding]:
        assert self._known is not None
        view = as_it_is(lines)
        for key, offset in self._known.find(content):
            line = view.line_of(offset)
            message = f"a former value of {self.mask(key)} in secrets.yaml"
            reason = allowed_reason(lines, line, SECRET_ROTATED)
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
    from wildgit.core.guard.yaml_nodes import read_nodes
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
