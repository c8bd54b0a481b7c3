"""Which anchor each alias of a file points to.

An alias means the last anchor of its name above it, so text that one side put in between can give an alias
of the other side another meaning, although neither changed a line of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

_ALIAS = re.compile(r"(?:^|[\s\[{,])\*\w", re.MULTILINE)

Path = tuple[str, ...]
T = TypeVar("T")


class Targets(NamedTuple):
    """The aliases of a file, each by its path, with the path of its anchor and with what that says."""

    paths: Counter[tuple[Path, Path]]
    contents: Counter[tuple[Path, str]]


@lru_cache(maxsize=4)  # a merge asks for its sides again for each way to settle its conflicts
def find_targets(text: str) -> Targets:
    """Return what the aliases of a sound file point to; list elements have no step in a path."""
    if "&" not in text or not _ALIAS.search(text):
        return Targets(Counter(), Counter())
    import yaml

    reader = _Reader(text)
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        reader.read(event)
    aliases = [(path, anchor) for path, anchor in reader.aliases if anchor]
    return Targets(
        Counter((path, anchor.path) for path, anchor in aliases),
        Counter((path, "".join(text[anchor.start : anchor.end].split())) for path, anchor in aliases),
    )


def find_contested_names(texts: Iterable[str]) -> frozenset[str]:
    """Return the names whose anchors and aliases are not the same in all of these sound files."""
    counts = [Counter(_names(text)) for text in texts]
    return frozenset(name for count in counts for name in count if len({other[name] for other in counts}) > 1)


def _names(text: str) -> Iterator[str]:
    import yaml

    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        name = getattr(event, "anchor", None)
        if name:
            yield f"*{name}" if isinstance(event, yaml.AliasEvent) else f"&{name}"


def are_captured(base: Targets, ours: Targets, theirs: Targets, result: Targets) -> bool:
    """Whether more aliases mean something in the result than the sides gave that meaning.

    An alias follows its anchor: where that is renamed, or says something else now, nothing is wrong.
    """
    return _gained(base.paths, ours.paths, theirs.paths, result.paths) and _gained(
        base.contents, ours.contents, theirs.contents, result.contents
    )


def _gained(
    base: Mapping[T, int], ours: Mapping[T, int], theirs: Mapping[T, int], result: Mapping[T, int]
) -> bool:
    for x, count in result.items():
        b, o, t = (side.get(x, 0) for side in (base, ours, theirs))
        if count > b + max(0, o - b) + max(0, t - b):
            return True
    return False


@dataclass(slots=True)
class _Anchor:
    path: Path
    start: int
    end: int


@dataclass(slots=True)
class _Open:
    """A collection whose end wasn't read yet."""

    path: Path
    is_map: bool
    anchor: _Anchor | None
    key: str | None = None  # of the value that comes next


@dataclass(slots=True)
class _Reader:
    text: str
    aliases: list[tuple[Path, _Anchor | None]] = field(default_factory=list)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)

    def read(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self.anchors.clear()
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            closed = self.open.pop()
            if closed.anchor:
                closed.anchor.end = event.end_mark.index
        elif kind in ("AliasEvent", "ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            self._node(event, kind)

    def _node(self, event: Any, kind: str) -> None:
        path = self._step(event)
        if kind == "AliasEvent":
            self.aliases.append((path, self.anchors.get(event.anchor)))
            return
        anchor = None
        if event.anchor:
            anchor = _Anchor(path, event.start_mark.index, event.end_mark.index)
            self.anchors[event.anchor] = anchor
        if kind != "ScalarEvent":
            self.open.append(_Open(path, kind == "MappingStartEvent", anchor))

    def _step(self, event: Any) -> Path:
        """The path of the node; of a key, that of its mapping."""
        parent = self.open[-1] if self.open else None
        if parent is None or not parent.is_map:
            return parent.path if parent else ()
        if parent.key is None:
            parent.key = str(getattr(event, "value", ""))
            return parent.path
        key, parent.key = parent.key, None
        return (*parent.path, key)
