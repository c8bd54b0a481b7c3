"""Entries of a mapping that one side gave another key, so that the other side's edits belong there now.

In most mappings the key says what the value is: an `ingress` that became an `egress` is another thing,
however alike they look. It is a new name for the old thing where keys are names that people choose, such as
those of a workflow's jobs; where the new key is the old one written out (`debug`, `ansible.builtin.debug`);
and where the value is so large, and so nearly what it was, that nobody wrote it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from wildgit.core.merge.pairing import places
from wildgit.core.merge.similarity import ALIKE, NEARLY_SAME, Similarity, lines_alike, unqualified
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_entry import Entry, entry_lines

# Written exactly so: a container's `resources` are none.
_NAMED = frozenset(
    {
        "data",  # ConfigMap
        "stringData",  # Secret
        "jobs",  # GitHub workflows
        "services",  # Compose
        "volumes",
        "networks",
        "configs",
        "secrets",
        "Resources",  # CloudFormation
        "Parameters",
        "Outputs",
        "Conditions",
        "Mappings",
        "properties",  # JSON schema, in a CustomResourceDefinition too
        "definitions",
        "$defs",
        "schemas",  # OpenAPI
    }
)
_BLOCK_SCALARS = ("|", ">")
_FEW_LINES = 4  # what is no longer looks alike by chance
_MANY_LINES = 20  # what is longer and nearly the same is the same, whatever its key says
_MANY = 4096  # pairs beyond which nothing is compared any more


def has_names(field: str) -> bool:
    """Whether the keys of the field's mapping are names."""
    return field in _NAMED


def find_renamed(
    sides: Three[Sequence[Entry]],
    ids: Sequence[Sequence[Hashable]],
    side: int,
    similarity: Similarity,
    *,
    named: bool,
) -> dict[Hashable, Hashable]:
    """Return the entries that a side renamed: identity in the side to identity in base.

    Only where something hangs on it, and there is one answer: the other side edited the entry and doesn't
    know the new name, the new one stands where the old one stood, and nothing else there could be it.

    Args:
        sides: the entries of base, ours and theirs.
        ids: their identities, by their keys.
        side: 1 for ours, 2 for theirs.
        similarity: compares values.
        named: whether the keys of this mapping are names.
    """
    base, own, other = [dict(zip(ids[i], sides[i], strict=True)) for i in (0, side, 3 - side)]
    gone = [x for x in base if x not in own and x in other and other[x].text != base[x].text]
    new = [x for x in own if x not in base and x not in other] if gone else []
    if not new or len(gone) * len(new) > _MANY:
        return {}
    above = [places(entries, base.keys() & own.keys()) for entries in (base, own)]
    pairs = [
        (x, old)
        for old in gone
        for x in new
        if above[0][old] == above[1][x] and _is_renamed(base[old], own[x], similarity, named=named)
    ]
    often = Counter(x for pair in pairs for x in pair)
    return {x: old for x, old in pairs if often[x] == often[old] == 1}


def _is_renamed(old: Entry, new: Entry, similarity: Similarity, *, named: bool) -> bool:
    if old.is_note or new.is_note:
        return False
    if not named and _is_written_out(old.name, new.name):
        return True
    lines, alike = (_FEW_LINES, ALIKE) if named else (_MANY_LINES, NEARLY_SAME)
    return all(_is_longer(entry, lines) for entry in (old, new)) and _alike(old, new, similarity) >= alike


def _is_written_out(a: str, b: str) -> bool:
    """Whether one is the other with its qualification; with two different ones they are two things."""
    return a == unqualified(b) or b == unqualified(a)


def _is_longer(entry: Entry, lines: int) -> bool:
    if not entry.block and entry.style not in _BLOCK_SCALARS:
        return False
    return len(entry_lines(entry._replace(head=(), foot=()), 0)) > lines


def _alike(old: Entry, new: Entry, similarity: Similarity) -> float:
    if old.block and new.block:
        return similarity.of(old.data, new.data)
    return lines_alike(old.value.split("\n"), new.value.split("\n")) if old.style == new.style else 0.0
