"""What can be said about YAML text that has no tree: whether it parses, how often a key is there twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

BROKEN = 1 << 30

_SOPS = re.compile(r"^sops:(?:\n|\r\n)(?:[ \t].*\n)*?[ \t]+mac:", re.MULTILINE)
_SOPS_JSON = re.compile(r'^\s+"sops":\s*\{[^}]*"mac":', re.MULTILINE)


def soundness(text: str) -> int:
    """Return how many keys stand twice in one mapping, BROKEN if the text does not parse."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return sum(_duplicates(yaml.parse(text, Loader=loader)))
    except (yaml.YAMLError, RecursionError, ValueError):
        return BROKEN


def is_encrypted(text: str) -> bool:
    """Whether SOPS encrypted the file: its MAC covers every value, so two edits can't be merged."""
    return bool(_SOPS.search(text) or _SOPS_JSON.search(text))


def _duplicates(events: Iterator[Any]) -> Iterator[int]:
    """One number per mapping: its keys that stand there again."""
    open_mappings: list[tuple[set[str] | None, bool]] = []  # keys seen, whether a key comes next
    for event in events:
        kind = type(event).__name__
        if kind in ("SequenceEndEvent", "MappingEndEvent"):
            open_mappings.pop()
            continue
        if kind not in ("ScalarEvent", "AliasEvent", "SequenceStartEvent", "MappingStartEvent"):
            continue
        if open_mappings:
            seen, is_key = open_mappings[-1]
            open_mappings[-1] = (seen, not is_key)
            if seen is not None and is_key and kind == "ScalarEvent" and event.value != "<<":
                if event.value in seen:
                    yield 1
                seen.add(event.value)
        if kind.endswith("StartEvent"):
            open_mappings.append((set() if kind == "MappingStartEvent" else None, True))
