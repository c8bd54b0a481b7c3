"""YAML text to a tree that knows the line of every node, for checks that point at what they find.

Scalars keep the text they stand for, unresolved: a check compares `"true"` with what is written and
never needs to know whether a parser would make it a boolean. Built from libyaml's events without
recursion, so that no nesting overruns the stack; an alias is the node it points to, so a text whose
aliases expand a millionfold stays as small as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wildgit.errors import InputError

STAND_IN = "wildtemplate"  # what a template stands as, once it is taken out


class Node:
    """A scalar (`text`), a mapping (`pairs`) or a sequence (`items`), and its 1-based line.

    A block mapping is where its first key is.
    """

    __slots__ = ("column", "is_flow", "items", "line", "pairs", "text")

    def __init__(self, line: int, column: int = 0) -> None:
        self.line = line
        self.column = column  # 0-based, of its first character
        self.is_flow = False  # a collection in brackets or braces
        self.text: str | None = None
        self.pairs: list[tuple[Node, Node]] | None = None
        self.items: list[Node] | None = None

    def get(self, *path: str) -> Node | None:
        """Return the node below these keys of nested mappings, or None; the last of doubled keys wins."""
        node: Node | None = self
        for key in path:
            if node is None:
                return None
            node = next((value for name, value in reversed(node.pairs or []) if name.text == key), None)
        return node

    def key(self, name: str) -> Node | None:
        """Return the node of a key of this mapping itself, or None."""
        return next((key for key, _ in self.pairs or [] if key.text == name), None)

    def string(self, *path: str) -> str:
        """Return the text of the scalar below these keys; empty where there is none."""
        node = self.get(*path)
        return "" if node is None or node.text is None else node.text

    def sequence(self, *path: str) -> list[Node]:
        """Return the elements of the sequence below these keys; none where there is none."""
        node = self.get(*path)
        return [] if node is None else node.items or []

    def walk(self) -> Iterator[Node]:
        """Yield this node and every node below it once, however many aliases point to it."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            waiting.extend(reversed(node.items or []))
            waiting.extend(value for _, value in reversed(node.pairs or []))


def read_nodes(text: bytes, source: str) -> list[Node]:
    """Return the root node of each document.

    Raises:
        InputError: the text is no YAML; names the line.
    """
    import yaml
    from yaml._yaml import CParser

    reader = _Reader()
    try:
        parser = CParser(text)
        try:
            while parser.check_event():
                reader.take(parser.get_event())
        finally:
            parser.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise InputError(problem, source=source, line=mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("not YAML text", source=source) from error
    return reader.documents


def without_templates(text: bytes) -> bytes:
    """Return a package's text as YAML: lines of nothing but templates emptied, others with a stand-in.

    Lines keep their numbers.
    """
    if b"{{" not in text:
        return text
    stand_in = STAND_IN.encode()
    kept = []
    position = 0
    while (start := text.find(b"{{", position)) >= 0 and (end := text.find(b"}}", start)) >= 0:
        kept += [text[position:start], stand_in, b"\n" * text.count(b"\n", start, end)]
        position = end + 2
    lines = b"".join([*kept, text[position:]]).split(b"\n")
    return b"\n".join(b"" if not line.replace(stand_in, b"").strip(b" \t\r-") else line for line in lines)


class _Reader:
    """Turns events into nodes; `open` holds the collections whose end has not come yet."""

    def __init__(self) -> None:
        self.documents: list[Node] = []
        self._open: list[Node] = []
        self._keys: list[Node | None] = []  # for each open mapping: the key that waits for its value
        self._anchors: dict[str, Node] = {}

    def take(self, event: Any) -> None:
        name = type(event).__name__
        if name in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._keys.pop()
            return
        node = self._node(event, name)
        if node is None:
            return
        self._place(node)
        if name in ("MappingStartEvent", "SequenceStartEvent"):
            self._open.append(node)
            self._keys.append(None)

    def _node(self, event: Any, name: str) -> Node | None:
        if name == "AliasEvent":
            return self._anchors.get(event.anchor) or Node(event.start_mark.line + 1)
        if name not in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            return None
        node = Node(event.start_mark.line + 1, event.start_mark.column)
        node.is_flow = bool(getattr(event, "flow_style", False))
        if name == "ScalarEvent":
            node.text = event.value
        elif name == "MappingStartEvent":
            node.pairs = []
        else:
            node.items = []
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _place(self, node: Node) -> None:
        if not self._open:
            self.documents.append(node)
        elif (items := self._open[-1].items) is not None:
            items.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            pairs = self._open[-1].pairs
            assert pairs is not None
            pairs.append((key, node))
            self._keys[-1] = None
