"""What one side changed, field by field: for decisions about entries that were taken whole."""

from __future__ import annotations

from collections.abc import Iterator

from wildgit.core.merge.alignment import align_by_key
from wildgit.core.merge.sequences import align_sequence
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry, entry_lines

Path = tuple[str, ...]

_LONGEST = 400  # characters of source in a record; a table shows less still


def source(entry: Entry | None) -> str | None:
    """Return the source of an entry's value, cut if it is long; None if there is no entry."""
    if entry is None:
        return None
    if entry.block is None and "\n" not in entry.value:
        return entry.value or "\n".join(entry.head)
    lines = entry_lines(entry._replace(head=(), foot=()), 0)
    if entry.block and not entry.block.inline and entry.before:
        lines = lines[1:]
    text = "\n".join(lines)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def changed_fields(
    base: Entry | None, side: Entry | None, path: Path, values: Values, similarity: Similarity
) -> Iterator[tuple[Path, str | None, str | None]]:
    """Yield the path, old and new source of each smallest entry in which a side differs from base."""
    if (base and base.text) == (side and side.text):
        return
    before, after = base and base.block, side and side.block
    if not before or not after or before.kind != after.kind:
        yield path, source(base), source(side)
        return
    sides = Three(before.entries, before.entries, after.entries)
    if before.kind == "map":
        for triple in align_by_key(sides).triples:
            entry = triple.theirs or triple.base
            step = (entry.name,) if entry and entry.name else ()
            yield from changed_fields(triple.base, triple.theirs, path + step, values, similarity)
        return
    aligned = align_sequence(sides, path, values, similarity)
    for triple in aligned.alignment.triples:
        where = path + aligned.label(triple)
        yield from changed_fields(triple.base, triple.theirs, where, values, similarity)
