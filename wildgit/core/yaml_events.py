"""From libyaml's events to raw nodes: which stretch of the text each value is, and what it means.

Events are used, not composed nodes, because a composed alias carries the marks of its anchor. The marks
count characters, without a BOM; lines are counted here, since libyaml takes NEL, LS and PS for line ends.
An item's mark is its value's, so dashes are looked for in the text.

PyYAML without libyaml works too, ten times slower.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from wildgit.core.yaml_data import MERGE_KEY, Values
from wildgit.core.yaml_entry import Kind, has_content

if TYPE_CHECKING:
    from yaml import Mark

_EXOTIC_BREAKS = re.compile("[\x85\u2028\u2029]")


class Unstructured(Exception):
    """The text has no tree of entries: it does not parse, or its layout does not partition into lines."""


class RawLeaf(NamedTuple):
    """A value that isn't a block collection: characters [start, end) of the text."""

    start: int
    end: int
    last_line: int
    data: int
    style: str


class RawBlock(NamedTuple):
    """A block collection, before its comments are dealt out."""

    kind: Kind
    start: int  # of its anchor or tag, if it has one, else of the first key or dash
    first: int  # of the first key or dash
    column: int
    items: list[RawItem]
    data: int
    last_line: int  # of the last content; libyaml's end mark lies behind the comments


RawNode = RawLeaf | RawBlock


class RawItem(NamedTuple):
    """A key or dash with its value."""

    start: int
    end: int  # of the key or dash
    key: int
    name: str
    node: RawNode


class EventReader:
    """Reads one document; `lines` and `starts` are its lines and where they start."""

    def __init__(self, text: str, values: Values) -> None:
        self.text = text
        self.values = values
        self.lines = text.split("\n")
        self.lines.pop()  # behind the last \n there is nothing
        self.starts = [0]
        position = 0
        for line in self.lines:
            position += len(line) + 1
            self.starts.append(position)
        self._exotic = _EXOTIC_BREAKS.search(text) is not None
        self._anchors: set[str] = set()
        self._events: Iterator[Any] = iter(())

    def root(self) -> RawNode | None:
        """Return the document's root, None if there is nothing but comments.

        Raises:
            Unstructured: it doesn't parse, or isn't one document.
        """
        import yaml

        root = None
        try:
            self._events = iter(yaml.parse(self.text, Loader=_loader()))
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        raise Unstructured("a second document without a marker")
                    root = self._node(next(self._events))
        except (yaml.YAMLError, RecursionError, ValueError, IndexError) as error:
            raise Unstructured(str(error) or "nested too deeply") from error
        # An empty scalar is where the document has nothing but comments.
        return None if isinstance(root, RawLeaf) and root.start == root.end else root

    def flow_items(self) -> Iterator[tuple[int, str, RawLeaf, int]]:
        """Yield key, name, value and start of each item of the flow collection that the text's only key has.

        Raises:
            Unstructured: it doesn't parse, or has a collection for a key.
        """
        import yaml

        try:
            self._events = iter(yaml.parse(self.text, Loader=_loader()))
            collection = [next(self._events) for _ in range(5)][-1]  # behind stream, document, mapping, key
            for event in self._events:
                if _kind(event) in ("SequenceEnd", "MappingEnd"):
                    return
                start, key, name = event.start_mark.index, -1, ""
                if _kind(collection) == "MappingStart":
                    if _kind(event) != "Scalar":
                        raise Unstructured("a collection as a key")
                    key, name, event = self._scalar_data(event), event.value, next(self._events)  # noqa: PLW2901 - keys and values alternate
                node = self._node(event)
                assert isinstance(node, RawLeaf)
                yield key, name, node, start
        except (yaml.YAMLError, RecursionError) as error:
            raise Unstructured(str(error) or "nested too deeply") from error

    def line_at(self, index: int) -> int:
        """Return the line in which a character stands."""
        return bisect_right(self.starts, index) - 1

    def _line(self, mark: Mark) -> int:
        return self.line_at(mark.index) if self._exotic else mark.line

    def _node(self, event: Any) -> RawNode:
        kind = _kind(event)
        if kind == "Scalar":
            return self._scalar(event)
        start, end = event.start_mark, event.end_mark
        if kind == "Alias":
            return RawLeaf(start.index, end.index, self._line(end), self._alias(event), "*")
        if event.flow_style:
            data, end = self._flow(event)
            style = "[" if kind == "SequenceStart" else "{"
            return RawLeaf(start.index, end.index, self._line(end), data, style)
        return self._mapping(event) if kind == "MappingStart" else self._sequence(event)

    def _scalar(self, event: Any) -> RawLeaf:
        data = self._scalar_data(event)
        start, end = event.start_mark, event.end_mark
        if event.style not in ("|", ">"):
            return RawLeaf(start.index, end.index, self._line(end), data, "")
        last = self._last_line_of_block_scalar(self._line(start), self._line(end), self.text[start.index :])
        return RawLeaf(start.index, self.starts[last + 1] - 1, last, data, event.style)

    def _scalar_data(self, event: Any) -> int:
        data = self.values.scalar(event.value, tag=event.tag, plain=not event.style)
        return self._anchored(event, data)

    def _anchored(self, event: Any, data: int) -> int:
        if not event.anchor:
            return data
        self._anchors.add(event.anchor)
        return self.values.opaque("&", event.anchor, data)

    def _alias(self, event: Any) -> int:
        if event.anchor not in self._anchors:
            raise Unstructured(f"nothing is called *{event.anchor}")
        return self.values.opaque("*", event.anchor)

    def _last_line_of_block_scalar(self, first: int, end: int, source: str) -> int:
        """Trailing blank lines are content only under `+`, or if they are longer than the indentation."""
        if "+" in source[:3]:
            return max(first, end - 1)
        content = [line for line in self.lines[first + 1 : end] if line.strip(" ")]
        indent = len(content[0]) - len(content[0].lstrip(" ")) if content else len(self.text)
        last = end - 1
        while last > first and not self.lines[last].strip(" ") and len(self.lines[last]) <= indent:
            last -= 1
        return max(first, last)

    def _flow(self, event: Any) -> tuple[int, Mark]:
        """The number of a flow collection, and where it ends."""
        parts: list[int] = []
        for inner in self._events:
            kind = _kind(inner)
            if kind in ("SequenceEnd", "MappingEnd"):
                break
            if kind == "Scalar":
                parts.append(self._scalar_data(inner))
            else:
                parts.append(self._alias(inner) if kind == "Alias" else self._flow(inner)[0])
        if _kind(event) == "SequenceStart":
            data = self.values.sequence(parts, event.tag)
        else:
            keys = parts[::2]
            if len(set(keys)) < len(keys):
                raise Unstructured("a mapping has one key twice")
            data = self.values.mapping(zip(keys, parts[1::2], strict=True), event.tag)
        return self._anchored(event, data), inner.end_mark

    def _mapping(self, event: Any) -> RawBlock:
        items: list[RawItem] = []
        merges = 0
        for key in self._events:
            kind = _kind(key)
            if kind == "MappingEnd":
                break
            start, end = key.start_mark.index, key.end_mark.index
            if self.text[start] == "?" or kind not in ("Scalar", "Alias"):
                raise Unstructured("a key that is no plain word")
            name = key.value if kind == "Scalar" else self.text[start:end]
            number = self._scalar_data(key) if kind == "Scalar" else self._alias(key)
            if name == MERGE_KEY and not key.style:  # may stand there several times
                number = self.values.opaque(MERGE_KEY, "", merges)
                merges += 1
            items.append(RawItem(start, end, number, name, self._node(next(self._events))))
        if len({item.key for item in items}) < len(items):
            raise Unstructured("a mapping has one key twice")
        data = self.values.mapping([(item.key, item.node.data) for item in items], event.tag)
        return self._block("map", event, items, data)

    def _sequence(self, event: Any) -> RawBlock:
        dash = event.end_mark.index
        if self.text[dash] != "-":  # a sequence at its key's column: the mark lies behind the dash
            dash -= 1
        items: list[RawItem] = []
        for inner in self._events:
            if _kind(inner) == "SequenceEnd":
                break
            if items:
                dash = self._next_dash(items[-1].node.last_line + 1)
            items.append(RawItem(dash, dash + 1, -1, "", self._node(inner)))
        data = self.values.sequence([item.node.data for item in items], event.tag)
        return self._block("seq", event, items, data)

    def _block(self, kind: Kind, event: Any, items: list[RawItem], data: int) -> RawBlock:
        first = items[0].start
        column = first - self.starts[self.line_at(first)]
        last_line = items[-1].node.last_line
        return RawBlock(
            kind, event.start_mark.index, first, column, items, self._anchored(event, data), last_line
        )

    def _next_dash(self, line: int) -> int:
        while not has_content(self.lines[line]):
            line += 1
        text = self.lines[line]
        column = len(text) - len(text.lstrip(" "))
        if text[column] != "-":
            raise Unstructured("no dash where an item starts")
        return self.starts[line] + column


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
