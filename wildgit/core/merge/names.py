"""Mappings whose keys are names that people choose, and entries of theirs that one side renamed.

In most mappings the key says what the value is: an `ingress` that became an `egress` is another thing,
however alike they look. Where the key is only a name, such as that of a workflow's job, the other side's
edits belong to the entry that has a new name now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from wildgit.core.merge.pairing import places
from wildgit.core.merge.similarity import ALIKE, Similarity, lines_alike
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
_MANY = 4096  # pairs beyond which nothing is compared any more


def has_names(field: str) -> bool:
    """Whether the keys of the field's mapping are names."""
    return field in _NAMED


def find_renamed(
    sides: Three[Sequence[Entry]], ids: Sequence[Sequence[Hashable]], side: int, similarity: Similarity
) -> dict[Hashable, Hashable]:
    """Return the entries that a side renamed: identity in the side to identity in base.

    Only where something hangs on it, and there is one answer: the other side edited the entry and doesn't
    know the new name, the new one stands where the old one stood, and nothing else there could be it.

    Args:
        sides: the entries of base, ours and theirs.
        ids: their identities, by their keys.
        side: 1 for ours, 2 for theirs.
        similarity: compares values.
    """
    base, own, other = [dict(zip(ids[i], sides[i], strict=True)) for i in (0, side, 3 - side)]
    gone = [x for x, entry in base.items() if x not in own and _is_large(entry)]
    new = [x for x, entry in own.items() if x not in base and _is_large(entry)] if gone else []
    if not new or len(gone) * len(new) > _MANY:
        return {}
    above = [places(entries, base.keys() & own.keys()) for entries in (base, own)]
    pairs = [
        (x, old)
        for old in gone
        for x in new
        if above[0][old] == above[1][x] and _are_alike(base[old], own[x], similarity)
    ]
    often = Counter(x for pair in pairs for x in pair)
    return {
        x: old
        for x, old in pairs
        if often[x] == often[old] == 1
        and x not in other
        and old in other
        and other[old].text != base[old].text
    }


def _is_large(entry: Entry) -> bool:
    if not entry.block and entry.style not in _BLOCK_SCALARS:
        return False
    return len(entry_lines(entry._replace(head=(), foot=()), 0)) > _FEW_LINES


def _are_alike(old: Entry, new: Entry, similarity: Similarity) -> bool:
    if old.block and new.block:
        return similarity.of(old.data, new.data) >= ALIKE
    return old.style == new.style and lines_alike(old.value.split("\n"), new.value.split("\n")) >= ALIKE
