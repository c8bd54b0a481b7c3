"""The documents of a file: what identifies a resource, and which documents of the sides are the same one.

Resources are matched by group, kind, namespace and name. What is left over was renamed, moved to another
namespace, or is no resource at all: it is matched by kind and name, by kind and likeness, then by position.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from wildgit.core.merge.alignment import Alignment, align_ids
from wildgit.core.merge.pairing import pair_anywhere
from wildgit.core.merge.similarity import NEARLY_SAME, Similarity
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry


class ResourceId(NamedTuple):
    """What the API server would call the same object; "" for what isn't said."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def resource_id(data: int, values: Values) -> ResourceId | None:
    """Return the identity of a document's data, None if it is no Kubernetes resource with a name."""
    fields = values.fields(data)
    if not fields:
        return None
    kind, metadata = _text(fields, "kind", values), fields.get(values.number("metadata"))
    about = values.fields(metadata) if metadata is not None else None
    name = _text(about, "name", values) if about else ""
    if not kind or not name:
        return None
    version = _text(fields, "apiVersion", values)
    group = version.rpartition("/")[0]
    return ResourceId(group, kind, _text(about, "namespace", values), name)


def kind_of(data: int, values: Values) -> str:
    """Return a resource's kind, "" if it has none."""
    return _text(values.fields(data), "kind", values)


class AlignedDocuments(NamedTuple):
    """Aligned documents; `guesses` are those of one side's that may be another document's successor too."""

    alignment: Alignment
    guesses: Three[frozenset[int]]  # numbers of the documents' text


def align_documents(
    sides: Three[Sequence[Entry]], values: Values, similarity: Similarity
) -> AlignedDocuments:
    """Align the documents of three streams."""
    base, ours, theirs = sides
    ids: list[list[Hashable]] = [list(range(len(base)))]
    guesses: list[frozenset[int]] = [frozenset()]
    for name, side in (("ours", ours), ("theirs", theirs)):
        matching = _match(base, side, values, similarity)
        ids.append([matching.found.get(j, (name, j)) for j in range(len(side))])
        guesses.append(frozenset(side[j].text for j in matching.doubtful))
    added = [[i for i, x in enumerate(of_side) if isinstance(x, tuple)] for of_side in ids[1:]]
    both = _match_additions([ours[i] for i in added[0]], [theirs[j] for j in added[1]], values, similarity)
    for j, i in both.items():
        ids[2][added[1][j]] = ids[1][added[0][i]]
    return AlignedDocuments(align_ids(sides, ids), Three(*guesses))


def _text(fields: dict[int, int] | None, field: str, values: Values) -> str:
    value = fields.get(values.number(field)) if fields else None
    return values.text(value) if value is not None and values.is_scalar(value) else ""


def _match(base: Sequence[Entry], side: Sequence[Entry], values: Values, similarity: Similarity) -> _Matching:
    matching = _Matching(base, side, values)
    matching.by(lambda doc: resource_id(doc.data, values))
    if matching.left():
        matching.by(lambda doc: _named(resource_id(doc.data, values)))
        matching.by(lambda doc: None if resource_id(doc.data, values) else doc.data)
        matching.alike(similarity)
        matching.by_position()
    return matching


def _match_additions(
    ours: Sequence[Entry], theirs: Sequence[Entry], values: Values, similarity: Similarity
) -> dict[int, int]:
    """Which documents both sides added; resources with different names are two, unless that is all there is.

    Like services look alike, so what tells an edited resource from another one says nothing here.
    """
    found = _match(ours, theirs, values, similarity).found
    return {
        j: i
        for j, i in found.items()
        if _named(resource_id(ours[i].data, values)) == _named(resource_id(theirs[j].data, values))
        or similarity.of(ours[i].data, theirs[j].data) >= NEARLY_SAME
    }


def _named(identity: ResourceId | None) -> Hashable:
    return identity and (identity.kind, identity.name)


class _Matching:
    """Pairs the documents of two sides, by one rule after the other."""

    def __init__(self, base: Sequence[Entry], side: Sequence[Entry], values: Values) -> None:
        self.base, self.side, self.values = base, side, values
        self.found: dict[int, int] = {}  # index in `side` to index in `base`
        self.doubtful: set[int] = set()

    def left(self) -> bool:
        """Whether both sides have documents without a partner."""
        return len(self.found) < min(len(self.base), len(self.side))

    def by(self, key: Callable[[Entry], Hashable]) -> None:
        """Pair documents of one key, in order; None is no key."""
        places: dict[Hashable, list[int]] = {}
        for i in reversed(self._old()):
            places.setdefault(key(self.base[i]), []).append(i)
        places.pop(None, None)
        for j in self._new():
            of_key = places.get(key(self.side[j]))
            if of_key:
                self.found[j] = of_key.pop()

    def alike(self, similarity: Similarity) -> None:
        """Pair documents of one kind that are alike."""
        for kind in {self._kind(self.base[i]) for i in self._old()}:
            old = [i for i in self._old() if self._kind(self.base[i]) == kind]
            new = [j for j in self._new() if self._kind(self.side[j]) == kind]
            if len(old) == len(new) == 1:
                continue  # they are a pair by position, alike or not
            pairs = pair_anywhere([self.base[i] for i in old], [self.side[j] for j in new], similarity)
            self.found.update({new[j]: old[i] for j, i in pairs.found.items()})
            self.doubtful.update(new[j] for j in pairs.doubtful)

    def by_position(self) -> None:
        """Pair what is left of one kind, if there is equally much of it, in order."""
        old, new = self._old(), self._new()
        for kind in {self._kind(self.base[i]) for i in old}:
            before = [i for i in old if self._kind(self.base[i]) == kind]
            after = [j for j in new if self._kind(self.side[j]) == kind]
            if len(before) == len(after):
                self.found.update(zip(after, before, strict=True))

    def _old(self) -> list[int]:
        taken = set(self.found.values())
        return [i for i in range(len(self.base)) if i not in taken]

    def _new(self) -> list[int]:
        return [j for j in range(len(self.side)) if j not in self.found]

    def _kind(self, document: Entry) -> str:
        return kind_of(document.data, self.values)
