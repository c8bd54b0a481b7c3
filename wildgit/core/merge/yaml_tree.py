"""YAML text as a tree of entries; every line of the text is dealt out to exactly one of them.

Comments go where people mean them: glued to a key or dash they are its head; deeper than the entries they
stand among, the foot of the entry above; cut off by a blank line, an entry of their own. So an entry that
is moved or deleted takes its comments along, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import (
    Block,
    Entry,
    Source,
    assembled_lines,
    has_content,
    relative_line,
    relative_lines,
    relative_text,
)
from wildgit.core.merge.yaml_events import EventReader, RawBlock, RawItem, RawLeaf, RawNode, Unstructured

__all__ = ["Block", "Entry", "Stream", "Unstructured", "flow_items", "parse"]

_MARKER = re.compile(r"^---(?=[ \t\n])", re.MULTILINE)
_END_MARKER = re.compile(r"^\.\.\.(?=[ \t\n]).*\n", re.MULTILINE)
_COMMENT_OR_NOTHING = re.compile(r"[ \t]*(?:#.*)?\Z")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]*)+")


class Stream(NamedTuple):
    """A file: its documents, each an entry."""

    documents: tuple[Entry, ...]

    def text(self) -> str:
        """Return the text that was parsed, put together from its smallest entries."""
        return "".join(line + "\n" for document in self.documents for line in assembled_lines(document, 0))


def parse(text: str, values: Values, known: dict[str, Entry] | None = None) -> Stream:
    """Return the tree of a file whose lines all end in \\n.

    Args:
        text: the file, without BOM, lines ended by \\n only.
        values: where the numbers come from; trees compare only if they share it.
        known: documents parsed before, by their text; equal text is never parsed twice.

    Raises:
        Unstructured: it is no YAML, or YAML of a layout that can't be partitioned into entries.
    """
    known = {} if known is None else known
    documents = []
    for source in _split_documents(text):
        entry = known.get(source)
        if entry is None:
            entry = known[source] = _parse_document(source, values)
        documents.append(entry)
    return Stream(tuple(documents))


def flow_items(text: str, values: Values) -> Iterator[tuple[int, int, Entry]]:
    """Yield the items of a flow collection: start and end in its text, and the item as an entry.

    Raises:
        Unstructured: the text is no flow collection by itself, or has a collection as a key.
    """
    intro = "k: "  # behind a key, continuation lines may stand at any column but 0, as they do in the file
    partition = _Partition(f"{intro}{text}\n", values)
    for key, name, node, start in partition.reader.flow_items():
        entry = partition.flow_item(key, name, node, start)
        yield start - len(intro), max(node.end, start) - len(intro), entry


def _split_documents(text: str) -> Iterator[str]:
    """Cut a stream at its `---` lines; what stands before the first one belongs to the first document."""
    ends = [match.end() for match in _END_MARKER.finditer(text)]
    cuts = [0]
    for i, match in enumerate(_MARKER.finditer(text)):
        start = match.start()
        closed = None
        while ends and ends[0] <= start:
            # Directives and comments between `...` and `---` belong to the document that follows.
            closed = ends.pop(0) if closed is None else closed
            if ends and ends[0] <= start:
                raise Unstructured("an empty document between two end markers")
        if closed is not None:
            cuts.append(closed)
        elif i or any(has_content(x) and not x.startswith("%") for x in text[:start].split("\n")):
            cuts.append(start)
    cuts.append(len(text))
    yield from (text[start:end] for start, end in pairwise(cuts) if start < end or not text)


def _parse_document(source: str, values: Values) -> Entry:
    partition = _Partition(source, values)
    if not partition.reader.exotic:
        return partition.document()
    # Where libyaml counts other lines than we do, structure may begin in the middle of one of ours.
    try:
        document = partition.document()
        lines = assembled_lines(document, 0)
    except IndexError as error:
        raise Unstructured("line ends of another kind") from error
    if "".join(line + "\n" for line in lines) != source:
        raise Unstructured("line ends of another kind")
    return document


class _Partition:
    """Deals out the lines of one document, top down: each collection knows which lines are its own."""

    def __init__(self, text: str, values: Values) -> None:
        self.reader = EventReader(text, values)
        self.values = values
        self.text = text
        self.lines = self.reader.lines
        self.starts = self.reader.starts

    def document(self) -> Entry:
        """Return the document as an entry; lines before its `---` are the head."""
        root = self.reader.root()
        found = _MARKER.search(self.text)
        marker = self.reader.line_at(found.start()) if found else -1
        before = self.lines[marker] if marker >= 0 else ""
        if not _COMMENT_OR_NOTHING.match(before[3:]):
            raise Unstructured("content on the line of the document marker")
        head = relative_lines(self.lines[: max(marker, 0)], 0)
        line = marker + 1
        if root is None:
            foot = relative_lines(self.lines[line:], 0)
            return self._entry(head=head, before=before, foot=foot, data=self.values.null)
        if isinstance(root, RawLeaf):
            intro = self.text[self.starts[line] : root.start]
            before = f"{before}\n{intro}" if before else intro
            value, after = self._value(root, 0)
            foot = relative_lines(self.lines[root.last_line + 1 :], 0)
            return self._entry(
                head=head,
                before=relative_text(before, 0),
                value=value,
                after=after,
                foot=foot,
                data=root.data,
                style=root.style,
            )
        if root.start != root.first:
            raise Unstructured("an anchor or tag on the whole document")
        end = self._end_of_block(root, len(self.lines))
        return self._entry(
            head=head,
            before=before,
            block=self._block(root, 0, (line, end), inline=False),
            foot=relative_lines(self.lines[end:], 0),
            data=root.data,
            source=Source(self.lines, max(marker, 0), end, 0),
        )

    def flow_item(self, key: int, name: str, node: RawLeaf, start: int) -> Entry:
        """Return an item of a flow collection as an entry."""
        before, value = self.text[start : node.start], self.text[node.start : node.end]
        return self._entry(key=key, name=name, before=before, value=value, data=node.data, style=node.style)

    def _block(self, raw: RawBlock, origin: int, lines: tuple[int, int], *, inline: bool) -> Block:
        """Return a collection that will be opened when somebody asks for its entries.

        Args:
            raw: the collection.
            origin: column of the entry that holds it.
            lines: the lines that are its own, half open; an inline one starts with the dash's line.
            inline: whether the first entry stands behind a dash.
        """

        def entries() -> tuple[Entry, ...]:
            return self._entries(raw, lines, inline=inline)

        return Block(raw.kind, raw.column - origin, entries, inline=inline)

    def _entries(self, raw: RawBlock, lines: tuple[int, int], *, inline: bool) -> tuple[Entry, ...]:
        """Deal out the lines of a collection to its entries."""
        column = raw.column
        line, end = lines
        entries: list[Entry] = []
        own_lines = [self.reader.line_at(item.start) for item in raw.items]
        own_lines.append(end)
        for i, item in enumerate(raw.items):
            own = own_lines[i]
            if item.start - self.starts[own] != column:
                raise Unstructured("entries of one collection at different columns")
            if not (inline and i == 0) and self.lines[own][:column].strip(" "):
                raise Unstructured("an entry that doesn't start its line")
            head = () if line == own else self._notes_and_head(line, own, column, entries)
            last = max(item.node.last_line, own)
            line = self._end_of_entry(item.node, last + 1, own_lines[i + 1], column)
            entries.append(self._build(item, head, (own, line), column))
        self._notes(line, end, column, entries)
        return tuple(entries)

    def _build(self, item: RawItem, head: tuple[str, ...], lines: tuple[int, int], column: int) -> Entry:
        """Build the entry of a key or dash at `column` that owns the lines [own, stop)."""
        own, stop = lines
        node = item.node
        if isinstance(node, RawLeaf):
            before = relative_text(self.text[item.start : node.start], column)
            value, after = self._value(node, column)
            end = max(node.last_line, own) + 1
            foot = relative_lines(self.lines[end:stop], column) if end < stop else ()
            text = self.values.number((head, before, value, after, foot))
            # Most entries of any file are made here, so without the detour over `_entry`.
            return Entry(
                item.key, item.name, head, before, value, after, None, foot, node.data, text, node.style, None
            )
        inline = self.reader.line_at(node.first) == own
        before, after = self._intro(item, node, own, inline=inline)
        end = self._end_of_block(node, stop)
        return self._entry(
            key=item.key,
            name=item.name,
            head=head,
            before=before,
            after=after,
            block=self._block(node, column, (own if inline else own + 1, end), inline=inline),
            foot=relative_lines(self.lines[end:stop], column) if end < stop else (),
            data=node.data,
            source=Source(self.lines, own, end, column),
        )

    def _intro(self, item: RawItem, node: RawBlock, own: int, *, inline: bool) -> tuple[str, str]:
        """What stands before a block collection on its key's line: key, anchor and tag; and the comment."""
        if inline:
            before = self.text[item.start : node.first].rstrip(" ")
            if item.name or "\t" in before or node.start != node.first:
                raise Unstructured("a collection on the line of its key")
            return before, ""
        line_end = self.starts[own + 1] - 1
        if node.start < node.first and node.start > line_end:
            raise Unstructured("an anchor or tag on a line of its own")
        searched = item.end
        if node.start < node.first:  # a `#` can be part of a tag
            properties = _PROPERTIES.match(self.text, node.start)
            searched = properties.end() - 1 if properties else node.start
        comment = self.text.find("#", searched, line_end)
        said = self.text[item.start : comment if comment >= 0 else line_end]
        before = said.rstrip(" \t")
        return before, self.text[item.start + len(before) : line_end]

    def _value(self, leaf: RawLeaf, column: int) -> tuple[str, str]:
        """The value's source, and what follows it on its last line."""
        after = self.text[leaf.end : self.starts[leaf.last_line + 1] - 1]
        if after and not _COMMENT_OR_NOTHING.match(after):
            raise Unstructured("something follows a value on its line")
        return relative_text(self.text[leaf.start : leaf.end], column), after

    # Whose comment is it?

    def _end_of_entry(self, node: RawNode, line: int, limit: int, column: int) -> int:
        """Behind the comments that belong to an entry: those deeper than the column of its key.

        Below a sequence that stands at its key's column, a commented-out item is the sequence's.
        """
        if line == limit:
            return line
        items = isinstance(node, RawBlock) and node.kind == "seq" and node.column == column
        end = line
        for i in range(line, limit):
            said = self.lines[i].lstrip(" \t")
            depth = len(self.lines[i]) - len(said)
            is_item = items and depth == column and said.lstrip("# \t").startswith("- ")
            if said and depth <= column and not is_item:
                break
            if said:
                end = i + 1
        return end

    def _end_of_block(self, block: RawBlock, limit: int) -> int:
        """Behind a collection's own comments; those left of its column are for the entry that holds it."""
        end = block.last_line + 1
        for i in range(end, limit):
            said = self.lines[i].lstrip(" \t")
            if said and (len(self.lines[i]) - len(said) < block.column or not said.startswith("#")):
                break
            if said:
                end = i + 1
        return end

    def _notes_and_head(self, line: int, own: int, column: int, entries: list[Entry]) -> tuple[str, ...]:
        """Make notes of the comments that are cut off; return the lines glued to the entry at line `own`."""
        glued = own
        while glued > line and self.lines[glued - 1].strip():
            glued -= 1
        while glued > line and not self.lines[glued - 1].strip():
            glued -= 1
        self._notes(line, glued, column, entries)
        return relative_lines(self.lines[glued:own], column)

    def _notes(self, line: int, end: int, column: int, entries: list[Entry]) -> None:
        """Make a note of each run of comments in [line, end), with the blank lines above it."""
        while line < end:
            stop = line
            while stop < end and not self.lines[stop].strip():
                stop += 1
            while stop < end and self.lines[stop].strip():
                stop += 1
            said = _said(self.lines[line:stop])
            head = tuple([relative_line(x, column) for x in self.lines[line:stop]])
            entries.append(self._entry(key=self.values.number(("note", said)), head=head, data=-1))
            line = stop

    def _entry(
        self,
        *,
        key: int = -1,
        name: str = "",
        head: tuple[str, ...] = (),
        before: str = "",
        value: str = "",
        after: str = "",
        block: Block | None = None,
        foot: tuple[str, ...] = (),
        data: int,
        style: str = "",
        source: Source | None = None,
    ) -> Entry:
        said = (head, before, value, after, foot, source and self._said(source))
        text = self.values.number(said)
        return Entry(key, name, head, before, value, after, block, foot, data, text, style, source)

    def _said(self, source: Source) -> tuple[int, str]:
        """The source as something to compare; what is the same at another column is found out further in."""
        start = self.starts[source.start] + source.column
        return source.column, self.text[start : self.starts[source.end]]


def _said(lines: Sequence[str]) -> tuple[str, ...]:
    """What a comment says: two that differ in blanks only say the same."""
    return tuple([said for said in ("".join(line.split()) for line in lines) if said])
