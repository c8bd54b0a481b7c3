"""Hide secrets in text that people and logs see, also where something else echoes them.

What is hidden are the values of secrets.yaml, as they are and as they travel: base64 (alone or inside a
longer text, so at each of its three alignments), quoted for URLs and for JSON. Masking happens where text
is shown, never on the way to the cluster.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "********"
# A shorter value may well be a word of its own ("admin", "5432"): hidden only where it stands alone.
_MIN_SUBSTRING = 6
# Below this, the base64 of a value is no more telling than any other three letters.
_MIN_ENCODED = 4


def masker(values: Iterable[str]) -> Callable[[str], str]:
    """Return a function that hides these values in a text."""
    inside: set[str] = set()
    alone: set[str] = set()
    for value in values:
        for line in {value, *value.splitlines()}:
            text = line.strip()
            if not text:
                continue
            (inside if len(text) >= _MIN_SUBSTRING else alone).add(text)
            if len(text) >= _MIN_ENCODED:
                inside |= _encodings(text)
    parts = [re.escape(text) for text in sorted(inside, key=len, reverse=True)]
    parts += [rf"(?<![\w.-]){re.escape(text)}(?![\w.-])" for text in sorted(alone, key=len, reverse=True)]
    if not parts:
        return lambda text: text
    pattern = re.compile("|".join(parts))
    return lambda text: pattern.sub(MASK, text)


def secret_values(value: object) -> list[str]:
    """Return every scalar of secrets.yaml's values as the text that it appears as; no booleans, no nulls."""
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in secret_values(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in secret_values(inner)]
    if value is None or isinstance(value, bool):
        return []
    return [str(value)]


def _encodings(text: str) -> set[str]:
    data = text.encode()
    found = {
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
    }
    found.add(base64.b64encode(data).decode().rstrip("="))
    found.add(base64.urlsafe_b64encode(data).decode().rstrip("="))
    if len(data) >= 8:
        for shift in (1, 2):
            found.add(_base64_at(data, shift))
    found.add(_base64_at(data, 0))
    return {text for text in found if len(text) >= _MIN_SUBSTRING - 1}


def _base64_at(data: bytes, shift: int) -> str:
    """Return the base64 characters that depend on these bytes only, when `shift` bytes stand before them."""
    encoded = base64.b64encode(b"\0" * shift + data).decode()
    start = (shift * 8 + 5) // 6
    end = (shift + len(data)) * 8 // 6
    return encoded[start:end]
