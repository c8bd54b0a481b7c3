"""The three-way merge of trees of entries: what is taken from which side, down to the smallest entry.

A merge walks the three trees together. What only one side changed is taken whole, without being opened.
What both changed is opened, and where it can't be opened further it becomes a clash of whole entries.
Output is a list of chunks (lines and clashes); beside it the merged data is computed, so that the text can
be checked against what was decided.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from wildgit.core.merge.alignment import Alignment, Triple, align_mapping
from wildgit.core.merge.conflicts import Chunk, Clash, Side, has_clash, lines_of
from wildgit.core.merge.documents import align_documents
from wildgit.core.merge.flow import merge_flow
from wildgit.core.merge.gaps import Order, find_clashes, runs
from wildgit.core.merge.journal import Journal, entry_sources
from wildgit.core.merge.layout import with_dash, without_printed_head
from wildgit.core.merge.leaves import data_of, merge_after, merge_block_scalar, merge_head, merge_scalar
from wildgit.core.merge.names import has_names
from wildgit.core.merge.place import Path, Place
from wildgit.core.merge.records import MergeOptions
from wildgit.core.merge.sequences import align_sequence
from wildgit.core.merge.shapes import Clashing, can_open, longer_list, rewritten_side
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three, pick
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import (
    Block,
    Entry,
    entry_lines,
    has_content,
    place_lines,
    place_text,
)
from wildgit.core.merge.yaml_tree import Stream

Pairs = list[tuple[int, int]]  # key and value of each merged entry, as data numbers

CHANGED_TWICE = "both sides changed it, differently"
ADDED_TWICE = "both sides added it, differently"
WHERE_TO = "the other side split or joined the resource, so this may belong elsewhere"
HELD = "an anchor or alias here goes with one that conflicts"

_BLOCK_SCALARS = frozenset("|>")
_SIDES: tuple[Side, ...] = ("ours", "theirs")


class _Collection(NamedTuple):
    """Aligned entries, and how to go about them."""

    alignment: Alignment
    order: Order
    indent: int
    path_of: Callable[[Triple], Path]
    forced: Mapping[int, str] = MappingProxyType({})  # entries that clash whatever they hold, and why


class EntryMerge:
    """One merge of three streams; the journal keeps its decisions.

    Args:
        values: what the data numbers stand for.
        options: as of the merge.
        held: anchors and aliases (`&a`, `*a`): what only one side changed in them is a clash nevertheless.
    """

    def __init__(self, values: Values, options: MergeOptions, held: Collection[str] = ()) -> None:
        self.values = values
        self.style = options.style
        self.similarity = Similarity(values)
        self.journal = Journal(values, options, self.similarity)
        self.doubts_ours = self.doubts_theirs = False
        self._held = re.compile(rf"(?:{'|'.join(map(re.escape, held))})(?![^\s,\]}}])") if held else None

    def streams(self, sides: Three[Stream]) -> tuple[list[Chunk], list[int]]:
        """Return the merged file as chunks of lines without line ends, and the data of its documents.

        The data is that of the file in which every clash is settled for ours.
        """

        documents = Three(*[stream.documents for stream in sides])
        alignment, guesses = align_documents(documents, self.values, self.similarity)

        def path_of(triple: Triple) -> Path:
            self.journal.enter(triple)
            # Whose counterpart is a guess, has edits that may belong elsewhere.
            self.doubts_ours = triple.theirs is not None and triple.theirs.text in guesses.theirs
            self.doubts_theirs = triple.ours is not None and triple.ours.text in guesses.ours
            return ()

        chunks: list[Chunk] = []
        pairs = self._entries(_Collection(alignment, Order.FREE, 0, path_of), chunks)
        return chunks, [data for _, data in pairs]

    # Collections

    def _entries(self, collection: _Collection, out: list[Chunk]) -> Pairs:
        """Merge aligned entries into `out`, gap by gap; returns the keys and data of what is left.

        Where they clash, that is what ours has.
        """
        pairs: Pairs = []
        triples = collection.alignment.triples
        done = 0
        for run in runs(triples):
            clashes = find_clashes(run, collection.order, self.similarity)
            forced = collection.forced
            clashes |= {i: forced[done + i] for i in range(len(run)) if done + i in forced}
            i = 0
            while i < len(run):
                end = i + 1
                while i in clashes and end in clashes:
                    end += 1
                # The path is that of what was there before, not of what was put beside it.
                first = next((triple for triple in run[i:end] if triple.base), run[i])
                path = collection.path_of(first)
                if end - i > 1 and not first.base and path:
                    path = path[:-1]  # several insertions have only the collection in common
                place = Place(collection.indent, path)
                if i in clashes:
                    pairs += self._clash(run[i:end], clashes[i], place, out)
                else:
                    triple = without_printed_head(run, i, triples)
                    pairs += self._entry(triple, place, out)
                i = end
            done += len(run)
        return pairs

    def _entry(self, triple: Triple, place: Place, out: list[Chunk]) -> Pairs:
        """Merge one entry; returns its key and data, nothing for a note or a deletion."""
        base, ours, theirs = triple
        if ours is None or theirs is None:
            kept = None if base else ours or theirs
        elif ours.text == theirs.text:
            self.journal.agreed(triple, place.path)
            kept = ours
        elif base is not None and ours.text == base.text:
            kept = theirs
        elif (base is not None and theirs.text == base.text) or (ours.is_note and ours.key == theirs.key):
            kept = ours
        else:
            return self._open(base, ours, theirs, place, out)
        is_held = self._is_held(triple)
        if is_held or self._is_doubtful(triple):
            if base and ours and theirs and ours.block and theirs.block:
                return self._open(base, ours, theirs, place, out)
            return self._clash([triple], HELD if is_held else WHERE_TO, place, out)
        self.journal.took(triple, place.path)
        if kept is None:
            return []
        out += _lines(kept, place.indent, out)
        return [] if kept.is_note else [(kept.key, kept.data)]

    def _is_held(self, triple: Triple) -> bool:
        """Whether a side changed an anchor or alias in the entry that must not be settled by itself."""
        if self._held is None:
            return False
        ours, theirs = (self._names_in(side) for side in triple[1:])
        return ours != theirs

    def _names_in(self, entry: Entry | None) -> Counter[str]:
        assert self._held
        return Counter(self._held.findall("\n".join(entry_lines(entry, 0)))) if entry else Counter()

    def _is_doubtful(self, triple: Triple) -> bool:
        """Whether only one side changed the entry, and that change may belong to another document."""
        if not (self.doubts_ours or self.doubts_theirs):
            return False
        base, ours, theirs = [side and side.text for side in triple]
        return (self.doubts_ours and ours != base) or (self.doubts_theirs and theirs != base)

    # One entry that both sides changed

    def _open(self, base: Entry | None, ours: Entry, theirs: Entry, place: Place, out: list[Chunk]) -> Pairs:
        head = merge_head(base and base.head, ours.head, theirs.head)
        if ours.is_note:
            out += self._placed(head, place)
            return []
        foot = merge_head(base and base.foot, ours.foot, theirs.foot)
        try:
            body, data = self._body(base, ours, theirs, place)
        except Clashing:
            triple = Triple(base, ours, theirs)
            if not has_clash(head):
                out += self._placed(head, place)
                triple = Triple(*[side and side._replace(head=()) for side in triple])
            return self._clash([triple], CHANGED_TWICE if base else ADDED_TWICE, place, out)
        if _lacks_marker(ours, out) and body[:1] != ["---"]:
            out.append("---")
        out += self._placed(head, place)
        out += body
        out += self._placed(foot, place)
        key = pick(base and base.key, ours.key, theirs.key)
        return [(ours.key if key is None else key, data)]

    def _body(self, base: Entry | None, ours: Entry, theirs: Entry, place: Place) -> tuple[list[Chunk], int]:
        """The entry without its head and foot, and its data."""
        kept = longer_list(ours, theirs, self.values) if base is None else None
        if kept is None and can_open(base, ours, theirs, self.values):
            return self._block(base, ours, theirs, place)
        if kept or ours.block or theirs.block:
            kept = kept or rewritten_side(base, ours, theirs)
            return list(entry_lines(kept._replace(head=(), foot=()), place.indent)), kept.data
        changed_twice = base and len({base.data, ours.data, theirs.data}) == 3
        if base and changed_twice and {base.style, ours.style, theirs.style} <= _BLOCK_SCALARS:
            return self._block_scalar(Three(base, ours, theirs), place)
        triple = Triple(base, ours, theirs)
        leaf = merge_scalar(base, ours, theirs) or merge_flow(triple, place, self.values, self.similarity)
        if leaf is None:
            raise Clashing
        self.journal.merged_leaf(triple, place.path, leaf.value)
        return list(place_text(leaf.before + leaf.value + leaf.after, place.indent)), leaf.data

    def _block_scalar(self, sides: Three[Entry], place: Place) -> tuple[list[Chunk], int]:
        merged = merge_block_scalar(sides, place.indent, self.style)
        before = pick(*[side.before for side in sides])
        if merged is None or before is None:
            raise Clashing
        header, content = merged
        chunks: list[Chunk] = [" " * place.indent + before + header]
        for chunk in content:
            chunks += [chunk] if isinstance(chunk, str) else self._settled(chunk, place.path)
        lines = list(lines_of(chunks, "ours"))
        data = data_of(lines, self.values)
        if data is None:
            raise Clashing
        if not has_clash(chunks):
            self.journal.merged_lines(Triple(*sides), place.path, "\n".join(lines[1:]))
        return chunks, data

    def _block(self, base: Entry | None, ours: Entry, theirs: Entry, place: Place) -> tuple[list[Chunk], int]:
        """Merge two block collections of one kind entry by entry."""
        inside, left, right = base.block if base else None, ours.block, theirs.block
        shape = left or right
        assert shape
        before = pick(base and base.before.rstrip(), ours.before.rstrip(), theirs.before.rstrip())
        after = merge_after(base.after if base and inside else "", ours.after, theirs.after)
        if before is None and _is_document(ours):
            before = ours.before
        if before is None or after is None:
            raise Clashing
        like = ours if before == ours.before.rstrip() else theirs
        layout = _layout(left or shape)
        known = _layout(inside) if inside else None
        column, inline = pick(known, layout, _layout(right or shape)) or layout
        inner: list[Chunk] = []
        sides = Three(*[block.entries if block else () for block in (inside, left, right)])
        inner_place = Place(place.indent + column, place.path)
        if shape.kind == "map":
            pairs = self._mapping(sides, inner_place, inner)
            data = self.values.mapping(pairs, self.values.tag(like.data))
        else:
            pairs = self._sequence(sides, inner_place, inner)
            data = self.values.sequence([item for _, item in pairs], self.values.tag(like.data))
        data = self.values.anchored_like(like.data, data)
        filled = [any(map(has_content, lines_of(inner, side))) for side in _SIDES]
        if not (left and right and all(filled)) and has_clash(inner):
            raise Clashing  # cut down to the empty side there would be nothing left
        if not any(filled):
            empty = "{}" if shape.kind == "map" else "[]"
            body = f"{before} {empty}{after}" if before and not _is_document(ours) else empty
            return [*place_text(body, place.indent), *inner], data
        if inline:
            return with_dash(inner, before.ljust(column), place.indent), data
        intro = place_text(before + after, place.indent) if before + after else []
        return [*intro, *inner], data

    def _mapping(self, sides: Three[tuple[Entry, ...]], place: Place, out: list[Chunk]) -> Pairs:
        def path_of(triple: Triple) -> Path:
            entry = triple.base or triple.ours or triple.theirs
            return (*place.path, entry.name) if entry and entry.name else place.path

        named = bool(place.path) and has_names(place.path[-1])
        alignment = align_mapping(sides, self.similarity, named=named)
        if alignment.both_moved:
            self.journal.reordered(place.path)
        return self._entries(_Collection(alignment, Order.FREE, place.indent, path_of), out)

    def _sequence(self, sides: Three[tuple[Entry, ...]], place: Place, out: list[Chunk]) -> Pairs:
        aligned = align_sequence(sides, place.path, self.values, self.similarity)
        if aligned.alignment.both_moved:
            self.journal.reordered(place.path)

        def path_of(triple: Triple) -> Path:
            return (*place.path, *aligned.label(triple))

        return self._entries(
            _Collection(aligned.alignment, aligned.order, place.indent, path_of, aligned.forced), out
        )

    # Clashes

    def _clash(self, triples: Sequence[Triple], reason: str, place: Place, out: list[Chunk]) -> Pairs:
        """Put one clash of whole entries, or what a policy makes of it."""
        sides = Three(*[[entry for entry in side if entry] for side in zip(*triples, strict=True)])
        if not sides.ours and not sides.theirs:
            return []  # what both deleted, cut off from its clash by what they agree on
        policy = self.journal.policy(place.path, triples)
        kept = sides.theirs if policy and policy.side == "theirs" else sides.ours
        if policy:
            self.journal.settled(place.path, Three(*map(entry_sources, sides)), policy)
            for entry in kept:
                out += _lines(entry, place.indent, out)
        else:
            base, ours, theirs = (
                tuple([line for entry in side for line in _lines(entry, place.indent, out)]) for side in sides
            )
            out.append(Clash(base, ours, theirs, place.path, self.journal.document, reason))
        return [(entry.key, entry.data) for entry in kept if not entry.is_note]

    def _settled(self, clash: Clash, path: Path) -> list[Chunk]:
        """A clash of lines inside an entry, settled if there is a policy for the entry."""
        policy = self.journal.policy(path)
        if policy is None:
            return [clash._replace(path=path, document=self.journal.document)]
        self.journal.settled(path, Three(*clash[:3]), policy)
        return list(clash.ours if policy.side == "ours" else clash.theirs)

    def _placed(self, chunks: Sequence[Chunk], place: Place) -> list[Chunk]:
        """Comments at their column."""
        placed: list[Chunk] = []
        for chunk in chunks:
            if isinstance(chunk, str):
                placed += place_lines([chunk], place.indent)
            else:
                base, ours, theirs = (tuple(place_lines(side, place.indent)) for side in chunk[:3])
                clash = chunk._replace(base=base, ours=ours, theirs=theirs)
                placed.append(clash._replace(path=place.path, document=self.journal.document))
        return placed


def _is_document(entry: Entry) -> bool:
    return not entry.before or entry.before.startswith("---")


def _layout(block: Block) -> tuple[int, bool]:
    return block.column, block.inline


def _lacks_marker(entry: Entry, out: Sequence[Chunk]) -> bool:
    """Whether this is a document without a `---` line that isn't the first any more."""
    return bool(out) and not entry.before and not entry.is_note


def _lines(entry: Entry, indent: int, out: Sequence[Chunk]) -> list[str]:
    lines = entry_lines(entry, indent)
    return ["---", *lines] if _lacks_marker(entry, out) else lines
