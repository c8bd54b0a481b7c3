"""From libyaml's events to raw nodes: which stretch of the text each value is, and what it means.

Events are used, not composed nodes, because a composed alias carries the marks of its anchor. The marks
count characters, without a BOM; lines are counted here, since libyaml takes NEL, LS and PS for line ends.
An item's mark is its value's, so dashes are looked for in the text.

PyYAML without libyaml works too, ten times slower.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from wildgit.core.merge.yaml_data import MERGE_KEY, Values
from wildgit.core.merge.yaml_entry import Kind, has_content

if TYPE_CHECKING:
    from yaml import Mark

_EXPLICIT_KEY = re.compile(r"^[ \t]*(?:-[ \t]+)*\?(?=[ \t\n])", re.MULTILINE)
_BLOCK_SCALARS = frozenset("|>")
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
    """A block collection, before its lines are dealt out."""

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
        self.starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))
        self.exotic = not text.isascii() and _EXOTIC_BREAKS.search(text) is not None
        self._anchors: set[str] = set()
        self._questions = [m.end() for m in _EXPLICIT_KEY.finditer(text)] if "?" in text else []
        self._kinds = _kinds()
        self._next: Callable[[], Any] = _loader()(text).get_event

    def root(self) -> RawNode | None:
        """Return the document's root, None if there is nothing but comments.

        Raises:
            Unstructured: it doesn't parse, or isn't one document.
        """
        root = None
        with _unstructured():
            while (kind := self._kinds[type(self._next())]) != "stream end":
                if kind == "document":
                    if root is not None:
                        raise Unstructured("a second document without a marker")
                    root = self._node(self._next())
        if self._questions:
            raise Unstructured("an explicit key")
        # An empty scalar is where the document has nothing but comments.
        return None if isinstance(root, RawLeaf) and root.start == root.end else root

    def flow_items(self) -> Iterator[tuple[int, str, RawLeaf, int]]:
        """Yield key, name, value and start of each item of the flow collection that the text's only key has.

        Raises:
            Unstructured: it doesn't parse, or has a collection for a key.
        """
        kinds = self._kinds
        with _unstructured():
            collection = [self._next() for _ in range(5)][-1]  # behind stream, document, mapping and key
            while kinds[type(event := self._next())] != "end":
                start, key, name = event.start_mark.index, -1, ""
                if kinds[type(collection)] == "map":
                    if kinds[type(event)] != "scalar":
                        raise Unstructured("a collection as a key")
                    key, name, event = self._scalar_data(event), event.value, self._next()
                node = self._node(event)
                if isinstance(node, RawLeaf):
                    yield key, name, node, start

    def line_at(self, index: int) -> int:
        """Return the line in which a character stands."""
        return bisect_right(self.starts, index) - 1

    def _line(self, mark: Mark) -> int:
        return self.line_at(mark.index) if self.exotic else mark.line

    def _node(self, event: Any) -> RawNode:
        kind = self._kinds[type(event)]
        start, end = event.start_mark, event.end_mark
        if kind == "scalar":
            if self._questions:  # inside a text they are no keys
                self._questions = [at for at in self._questions if not start.index < at <= end.index]
            if event.style in _BLOCK_SCALARS:
                return self._block_scalar(event)
            return RawLeaf(start.index, end.index, self._line(end), self._scalar_data(event), "")
        if kind == "alias":
            return RawLeaf(start.index, end.index, self._line(end), self._alias(event), "*")
        if event.flow_style:
            data, end = self._flow(event, kind)
            style = "[" if kind == "seq" else "{"
            return RawLeaf(start.index, end.index, self._line(end), data, style)
        return self._mapping(event) if kind == "map" else self._sequence(event)

    def _block_scalar(self, event: Any) -> RawLeaf:
        start = event.start_mark.index
        keeps_blanks = "+" in self.text[start : start + 3]
        first, end = self._line(event.start_mark), self._line(event.end_mark)
        last = self._last_line_of_block_scalar(first, end, keeps_blanks=keeps_blanks)
        return RawLeaf(start, self.starts[last + 1] - 1, last, self._scalar_data(event), event.style)

    def _scalar_data(self, event: Any) -> int:
        if not (event.style or event.tag or event.anchor):
            return self.values.plain_scalar(event.value)
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

    def _last_line_of_block_scalar(self, first: int, end: int, *, keeps_blanks: bool) -> int:
        """Trailing blank lines are content only under `+`, or if they are longer than the indentation."""
        if keeps_blanks:
            return max(first, end - 1)
        content = next((line for line in self.lines[first + 1 : end] if line.strip(" ")), None)
        indent = len(self.text) if content is None else len(content) - len(content.lstrip(" "))
        last = end - 1
        while last > first and not self.lines[last].strip(" ") and len(self.lines[last]) <= indent:
            last -= 1
        return max(first, last)

    def _flow(self, event: Any, kind: str) -> tuple[int, Mark]:
        """The number of a flow collection, and where it ends."""
        parts: list[int] = []
        while (inner_kind := self._kinds[type(inner := self._next())]) != "end":
            if inner_kind == "scalar":
                parts.append(self._scalar_data(inner))
            else:
                parts.append(
                    self._alias(inner) if inner_kind == "alias" else self._flow(inner, inner_kind)[0]
                )
        if kind == "seq":
            data = self.values.sequence(parts, event.tag)
        else:
            keys = parts[::2]
            if len(set(keys)) < len(keys):
                raise Unstructured("a mapping has one key twice")
            data = self.values.mapping(zip(keys, parts[1::2], strict=True), event.tag)
        return self._anchored(event, data), inner.end_mark

    def _mapping(self, event: Any) -> RawBlock:
        items: list[RawItem] = []
        data: dict[int, int] = {}
        merges = 0
        kinds, following, text = self._kinds, self._next, self.text
        while (kind := kinds[type(key := following())]) != "end":
            start, end = key.start_mark.index, key.end_mark.index
            if kind == "scalar":
                name, number = key.value, self._scalar_data(key)
                if name == MERGE_KEY and not key.style:  # may stand there several times
                    number = self.values.opaque(MERGE_KEY, "", merges)
                    merges += 1
            elif kind == "alias":
                name, number = text[start:end], self._alias(key)
            else:
                raise Unstructured("a key that is no plain word")
            node = self._node(following())
            items.append(RawItem(start, end, number, name, node))
            data[number] = node.data
        if len(data) < len(items):
            raise Unstructured("a mapping has one key twice")
        return self._block("map", event, items, self.values.mapping(data.items(), event.tag))

    def _sequence(self, event: Any) -> RawBlock:
        dash = event.end_mark.index
        if self.text[dash] != "-":  # a sequence at its key's column: the mark lies behind the dash
            dash -= 1
        items: list[RawItem] = []
        while self._kinds[type(inner := self._next())] != "end":
            if items:
                dash = self._next_dash(items[-1].node.last_line + 1)
            items.append(RawItem(dash, dash + 1, -1, "", self._node(inner)))
        data = self.values.sequence([item.node.data for item in items], event.tag)
        return self._block("seq", event, items, data)

    def _block(self, kind: Kind, event: Any, items: list[RawItem], data: int) -> RawBlock:
        first = items[0].start
        column = first - self.starts[self.line_at(first)]
        data = self._anchored(event, data)
        return RawBlock(kind, event.start_mark.index, first, column, items, data, items[-1].node.last_line)

    def _next_dash(self, line: int) -> int:
        while not has_content(self.lines[line]):
            line += 1
        text = self.lines[line]
        column = len(text) - len(text.lstrip(" "))
        if text[column] != "-":
            raise Unstructured("no dash where an item starts")
        return self.starts[line] + column


@contextmanager
def _unstructured() -> Iterator[None]:
    import yaml

    try:
        yield
    except (yaml.YAMLError, RecursionError, ValueError, IndexError) as error:
        raise Unstructured(str(error) or "nested too deeply") from error


@cache
def _kinds() -> dict[type, str]:
    """What matters about an event, by its class: looked up once for every node there is."""
    from yaml import events

    return {
        events.StreamStartEvent: "stream",
        events.StreamEndEvent: "stream end",
        events.DocumentStartEvent: "document",
        events.DocumentEndEvent: "document end",
        events.ScalarEvent: "scalar",
        events.AliasEvent: "alias",
        events.MappingStartEvent: "map",
        events.SequenceStartEvent: "seq",
        events.MappingEndEvent: "end",
        events.SequenceEndEvent: "end",
    }


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
