"""What a merge decided, recorded as it goes: the fields on which sides differed, and who won by policy."""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.core.merge.alignment import Triple
from wildgit.core.merge.documents import kind_of, resource_id
from wildgit.core.merge.explain import changed_fields, source
from wildgit.core.merge.policy import Policy, winner
from wildgit.core.merge.records import Decision, MergeOptions
from wildgit.core.merge.similarity import Similarity
from wildgit.core.merge.three import Three
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry

Path = tuple[str, ...]

OURS_ONLY = "only ours changed it"
THEIRS_ONLY = "only theirs changed it"
SAME_CHANGE = "both sides made the same change"
BY_LINES = "merged line by line"
BY_ITEMS = "merged item by item"
OUR_ORDER = "both sides re-ordered it: our order is kept"


class Journal:
    """The decisions of one merge; it always knows which document they are about."""

    def __init__(self, values: Values, options: MergeOptions, similarity: Similarity) -> None:
        self.decisions: list[Decision] = []
        self.document = ""
        self._kind = ""
        self._values = values
        self._policies = options.policies
        self._explains = options.explain
        self._similarity = similarity

    def enter(self, triple: Triple) -> None:
        """From here on, decisions and conflicts are about this document."""
        document = triple.ours or triple.theirs or triple.base
        assert document is not None
        self.document = str(resource_id(document.data, self._values) or "")
        self._kind = kind_of(document.data, self._values)

    def policy(self, path: Path, triples: Sequence[Triple] = ()) -> Policy | None:
        """Return the policy that settles a conflict at this path of the document.

        Args:
            path: in the document.
            triples: the entries that clash; none where lines inside of an entry do.
        """
        if not self._policies:
            return None
        between_values = len(triples) == 1 and all(
            side and not side.is_note and self._values.is_scalar(side.data) for side in triples[0][1:]
        )
        return winner(self._policies, path, self._kind, between_values=between_values)

    def took(self, triple: Triple, path: Path) -> None:
        """An entry was taken whole; if asked for, record every field in it that a side changed."""
        if not self._explains:
            return
        base, ours, theirs = triple
        before = base and base.text
        if (theirs and theirs.text) == before:
            for where, old, new in changed_fields(base, ours, path, self._values, self._similarity):
                self._add(where, Three(old, new, old), new, OURS_ONLY)
        elif (ours and ours.text) == before:
            for where, old, new in changed_fields(base, theirs, path, self._values, self._similarity):
                self._add(where, Three(old, old, new), new, THEIRS_ONLY)

    def agreed(self, triple: Triple, path: Path) -> None:
        """Both sides made one change: worth telling, since two upgrades may have met by chance."""
        base, ours, _ = triple
        if ours and not ours.is_note and (base is None or base.text != ours.text):
            self._add(path, _sources(triple), source(ours), SAME_CHANGE)

    def merged_leaf(self, triple: Triple, path: Path, result: str) -> None:
        """A value was merged, or is the same on both sides but for its spelling or comment."""
        base, ours, theirs = triple
        if ours and theirs and ours.data == theirs.data and not (base and base.data == ours.data):
            self._add(path, _sources(triple), result, SAME_CHANGE)
        elif self._explains:
            rule = BY_ITEMS
            if base and ours and theirs and base.data in (ours.data, theirs.data):
                rule = THEIRS_ONLY if ours.data == base.data else OURS_ONLY
            self._add(path, _sources(triple), result, rule)

    def merged_lines(self, triple: Triple, path: Path, result: str) -> None:
        """A block scalar was merged line by line."""
        if self._explains:
            self._add(path, _sources(triple), result, BY_LINES)

    def reordered(self, path: Path) -> None:
        """Both sides re-ordered a collection, differently."""
        self._add(path, Three(None, None, None), None, OUR_ORDER)

    def settled(self, path: Path, sides: Three[Sequence[str]], policy: Policy) -> None:
        """A policy settled a conflict for one side; the sides are given as lines."""
        texts = [_text(side) for side in sides]
        result = texts[1] if policy.side == "ours" else texts[2]
        self._add(path, Three(*texts), result, f"policy: keep {policy.side}")

    def _add(self, path: Path, sides: Three[str | None], result: str | None, rule: str) -> None:
        self.decisions.append(
            Decision(path, self.document, sides.base, sides.ours, sides.theirs, result, rule)
        )


def _sources(triple: Triple) -> Three[str | None]:
    return Three(*map(source, triple))


def _text(lines: Sequence[str]) -> str | None:
    return "\n".join(line.strip() for line in lines) or None


def entry_sources(entries: Sequence[Entry]) -> list[str]:
    """Return the short source of each entry that has one."""
    return [text for text in map(source, entries) if text]
