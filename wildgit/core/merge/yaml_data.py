"""YAML data as integers: two nodes have the same number exactly if they mean the same.

The same file is read by Kubernetes under YAML 1.1 (`yes` is true, `0644` is octal) and by templates under
1.2 (`yes` is a string, `0644` is decimal), so scalars are equal only if they are so under both. Nodes are
hash-consed: a node's number is looked up by the numbers of its parts, which makes comparing subtrees free.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

MERGE_KEY = "<<"

# A plain scalar that starts with none of these is a string under both versions.
_SUSPICIOUS = frozenset("+-.0123456789~nNyYtTfFoO=<")

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL_12 = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_BOOL_11 = re.compile(
    r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)\Z"
)
_INT_12 = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_INT_11 = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_FLOAT_12 = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_FLOAT_11 = re.compile(
    r"(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_DATE_11 = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?\Z")
_BASES = {"0b": 2, "0o": 8, "0x": 16}


def resolve(text: str) -> Hashable:
    """Return what a plain scalar means: the string itself, or what it is under YAML 1.1 and under 1.2.

    Source: https://yaml.org/type/ for 1.1, the core schema of YAML 1.2.2 for 1.2.
    """
    if text and (text[0] not in _SUSPICIOUS or len(text) > 64):
        return text
    old, new = _resolve_11(text), _resolve_12(text)
    return text if old == new == ("str", text) else (old, new)


def _resolve_11(text: str) -> tuple[str, object]:
    if _NULL.match(text):
        return "null", None
    if _BOOL_11.match(text):
        return "bool", text.lower() in ("y", "yes", "true", "on")
    if _INT_11.match(text):
        return "int", _integer(text.replace("_", ""), leading_zero_is_octal=True)
    if _SEXAGESIMAL.match(text):
        return "sexagesimal", text
    if _FLOAT_11.match(text):
        return _float(text.replace("_", ""))
    if _DATE_11.match(text):
        return "timestamp", text
    return "str", text


def _resolve_12(text: str) -> tuple[str, object]:
    if _NULL.match(text):
        return "null", None
    if _BOOL_12.match(text):
        return "bool", text.lower() == "true"
    if _INT_12.match(text):
        return "int", _integer(text, leading_zero_is_octal=False)
    if _FLOAT_12.match(text):
        return _float(text)
    return "str", text


def _integer(text: str, *, leading_zero_is_octal: bool) -> int:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    base = _BASES.get(digits[:2])
    if base:
        return sign * int(digits[2:] or "0", base)
    if leading_zero_is_octal and len(digits) > 1 and digits[0] == "0":
        return sign * int(digits, 8)
    return sign * int(digits)


def _float(text: str) -> tuple[str, object]:
    word = text.lower()
    if word.endswith((".inf", ".nan")):
        return "float", word.lstrip("+")
    try:
        return "float", repr(float(text))
    except ValueError:  # "." or "_" alone
        return "str", text


class Values:
    """The numbers of one merge: every node of the three sides and of the result gets its number here."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._nodes: list[Hashable] = []
        self._plain: dict[str, int] = {}
        self.null = self.scalar("", tag=None, plain=True)
        self.empty_map = self.mapping((), None)
        self.empty_list = self.sequence((), None)

    def number(self, node: Hashable) -> int:
        """Return the number of anything hashable, the same for equal things."""
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
        return number

    def plain_scalar(self, text: str) -> int:
        """Return the number of a plain scalar without a tag: most of a file is these, many of them equal."""
        number = self._plain.get(text)
        if number is None:
            number = self._plain[text] = self.number(resolve(text))
        return number

    def scalar(self, text: str, *, tag: str | None, plain: bool) -> int:
        """Return the number of a scalar; a quoted one is a string whatever it looks like."""
        if tag is not None and tag != "!":
            return self.number(("tagged", tag, text))
        return self.plain_scalar(text) if plain and tag is None else self.number(text)

    def mapping(self, pairs: Iterable[tuple[int, int]], tag: str | None) -> int:
        """Return the number of a mapping from key numbers to value numbers; order means nothing."""
        return self.number(("map", tag, frozenset(pairs)))

    def sequence(self, items: Iterable[int], tag: str | None) -> int:
        """Return the number of a sequence of value numbers."""
        return self.number(("seq", tag, tuple(items)))

    def opaque(self, kind: str, name: str, data: int = -1) -> int:
        """Return the number of something that is compared by its source: an alias, or an anchored node."""
        return self.number((kind, name, data))

    def node(self, number: int) -> Hashable:
        """Return what a number stands for: a string, or a tuple that names its kind first."""
        return self._nodes[number]

    def plain(self, number: int) -> int:
        """Return the number of an anchored node's content, any other number as it is."""
        node = self._nodes[number]
        while isinstance(node, tuple) and node[0] == "&":
            number = node[2]
            node = self._nodes[number]
        return number

    def tag(self, number: int) -> str | None:
        """Return the tag of a collection."""
        node = self._nodes[self.plain(number)]
        return node[1] if isinstance(node, tuple) else None

    def anchored_like(self, like: int, number: int) -> int:
        """Return a node's number with the anchor that another node has, if it has one."""
        node = self._nodes[like]
        return self.opaque("&", node[1], number) if isinstance(node, tuple) and node[0] == "&" else number

    def fields(self, number: int) -> dict[int, int] | None:
        """Return a mapping's pairs, None for anything else."""
        node = self._nodes[self.plain(number)]
        return dict(node[2]) if isinstance(node, tuple) and node[0] == "map" else None

    def items(self, number: int) -> tuple[int, ...] | None:
        """Return a sequence's items, None for anything else."""
        node = self._nodes[self.plain(number)]
        return node[2] if isinstance(node, tuple) and node[0] == "seq" else None

    def is_scalar(self, number: int) -> bool:
        """Whether it is a scalar of any type; aliases are none."""
        node = self._nodes[self.plain(number)]
        return isinstance(node, str) or node[0] not in ("map", "seq", "*")  # type: ignore[index]

    def text(self, number: int) -> str:
        """Return a scalar's value as people would write it; for messages and comparisons of spelling."""
        node = self._nodes[self.plain(number)]
        if isinstance(node, str):
            return node
        assert isinstance(node, tuple)
        if node[0] == "tagged":
            return str(node[2])
        if node[0] in ("map", "seq", "*"):
            return str(node[1])
        if node[0] == MERGE_KEY:
            return MERGE_KEY
        value = node[1][1]
        return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
