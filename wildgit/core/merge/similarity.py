"""How alike two list elements or resources are, by the leaves they have in common.

Two elements that are 60 % alike are taken for one that was edited. Scalars are alike if they say something
about the same name (`--flag=`, `NAME=`), or differ only in their digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from wildgit.core.merge.list_keys import own_name
from wildgit.core.merge.yaml_data import Values

ALIKE = 0.6
NEARLY_SAME = 0.9

_DIGITS = re.compile(r"[0-9]+")
_NAME = re.compile(r"(-{0,2}[\w./-]+?)\s?[=:@]")
_QUALIFIED = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*\.([a-z_][a-z0-9_]*)\Z")

_Leaf = tuple[int, ...]  # the keys that lead to a scalar (-1 for an item), then the scalar


class Similarity:
    """Compares data numbers; what it learned about a number it remembers."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._leaves: dict[int, Counter[_Leaf]] = {}
        self._keys: dict[int, int] = {}

    def of(self, a: int, b: int) -> float:
        """Return 0 for nothing in common to 1 for equal."""
        if a == b:
            return 1.0
        values = self._values
        if values.is_scalar(a) and values.is_scalar(b):
            return _scalars(values.text(a), values.text(b))
        left, right = self._leaves_of(a), self._leaves_of(b)
        total = left.total() + right.total()
        if not total:
            return 0.0
        common = left & right
        return 2 * (common.total() + self._edited(left - common, right - common)) / total

    def same_shape(self, a: int, b: int) -> bool:
        """Whether both are scalars, or mappings with the same keys."""
        left, right = self._values.fields(a), self._values.fields(b)
        if left is None or right is None:
            return left is right and self._values.is_scalar(a) and self._values.is_scalar(b)
        return left.keys() == right.keys()

    def same_subject(self, a: int, b: int) -> bool:
        """Whether one of two mappings only has more keys, and both say the same: perhaps of another version.

        A value without a name in it, such as a port or an address, says what it is about by all of itself.
        """
        values = self._values
        left, right = values.fields(a), values.fields(b)
        if not left or not right or not (left.keys() <= right.keys() or right.keys() <= left.keys()):
            return False
        shared = [(left[key], right[key]) for key in left.keys() & right.keys()]
        scalars = [pair for pair in shared if all(map(values.is_scalar, pair))]
        texts = ((values.text(a), values.text(b)) for a, b in scalars)
        return bool(scalars) and all(a == b or _share_name(a, b) for a, b in texts)

    def name_of(self, number: int) -> tuple[int, int] | None:
        """Return what a list element calls itself, None if it has no name."""
        return own_name(number, self._values) if number >= 0 else None

    def share_name(self, a: int, b: int) -> bool:
        """Whether both are mappings with one and the same `name`."""
        key = self._values.number("name")
        left, right = [(self._values.fields(number) or {}).get(key) for number in (a, b)]
        return left is not None and left == right

    def differ_in_digits(self, a: int, b: int) -> bool:
        """Whether two scalars, or all leaves of two mappings, differ in nothing but digits."""
        if a == b:
            return True
        values = self._values
        if values.is_scalar(a) and values.is_scalar(b):
            return _DIGITS.sub("0", values.text(a)) == _DIGITS.sub("0", values.text(b))
        left, right = values.fields(a), values.fields(b)
        if left is None or right is None or left.keys() != right.keys():
            return False
        return all(self.differ_in_digits(value, right[key]) for key, value in left.items())

    def _leaves_of(self, number: int) -> Counter[_Leaf]:
        leaves = self._leaves.get(number)
        if leaves is None:
            leaves = self._leaves[number] = Counter(self._walk(number, ()))
        return leaves

    def _walk(self, number: int, path: _Leaf) -> list[_Leaf]:
        fields = self._values.fields(number)
        if fields:
            return [
                leaf for key, value in fields.items() for leaf in self._walk(value, (*path, self._key(key)))
            ]
        items = self._values.items(number)
        if items:
            return [leaf for item in items for leaf in self._walk(item, (*path, -1))]
        return [(*path, self._values.plain(number))]

    def _key(self, number: int) -> int:
        """The number of a key without its qualification."""
        short = self._keys.get(number)
        if short is None:
            text = self._values.text(number) if self._values.is_scalar(number) else ""
            known = unqualified(text)
            short = self._keys[number] = number if known == text else self._values.number(known)
        return short

    def _edited(self, left: Counter[_Leaf], right: Counter[_Leaf]) -> float:
        """Credit for long texts at one path that have most of their words in common: an edited script."""
        texts: dict[_Leaf, Counter[str]] = {}
        for leaf in left:
            words = self._words(leaf[-1])
            if words:
                texts[leaf[:-1]] = words
        credit = 0.0
        for leaf in right if texts else ():
            words, known = self._words(leaf[-1]), texts.get(leaf[:-1])
            if words and known:
                common = 2 * (words & known).total() / (words.total() + known.total())
                credit = credit + common if common >= ALIKE else credit
        return credit

    def _words(self, number: int) -> Counter[str] | None:
        text = self._values.text(number) if self._values.is_scalar(number) else ""
        words = text.split()
        return Counter(words) if len(words) > 3 else None


def unqualified(key: str) -> str:
    """Return the last part of a key such as `ansible.builtin.debug`, which is `debug` written out."""
    found = _QUALIFIED.match(key) if "." in key else None
    return found.group(1) if found else key


def lines_alike(a: Sequence[str], b: Sequence[str]) -> float:
    """Return how many lines two comments have in common, from 0 to 1."""
    total = len(a) + len(b)
    return 2 * (Counter(a) & Counter(b)).total() / total if total else 0.0


def _scalars(a: str, b: str) -> float:
    if _DIGITS.sub("0", a) == _DIGITS.sub("0", b):
        return NEARLY_SAME
    return NEARLY_SAME if _share_name(a, b) else 0.0


def _share_name(a: str, b: str) -> bool:
    left, right = _NAME.match(a), _NAME.match(b)
    return bool(left and right and left.group(1) == right.group(1))
