"""YAML text to plain values, by the rules of yaml.v3, which gomplate reads its data with.

libyaml parses; what a scalar means is decided here: `yes` and `on` are strings, `0755` and `0o755` are
493, an integer past int64 stays exact up to uint64, `<<` merges, a key that stands twice is an error.
Keys become strings, as templates see them. Whoever wrote the text does not decide how much memory
and time it takes: size, depth and what aliases expand to are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from wildgit.core.go_numbers import format_float, parse_float, parse_int
from wildgit.errors import InputError

MAX_BYTES = 8 << 20  # five objects of the largest size that a cluster stores
MAX_DEPTH = 100  # custom resource definitions, the deepest manifests there are, reach about 30
MAX_ALIASED = 1 << 20  # what all aliases of a text may add, in characters of YAML

_NODE_WEIGHT = 16  # characters that a value weighs beside its text
_WORDS: dict[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_DECIMAL = re.compile(r"-?[1-9][0-9]{0,17}|0")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?P<t>[Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TAG_PREFIX = "tag:yaml.org,2002:"


class Timestamp(str):
    """A point in time, as the text that Go prints for it; templates print it and do nothing else with it."""

    __slots__ = ()


def load_yaml(text: str | bytes, source: str) -> object:
    """Return the value of a text with one document; None where it is empty.

    Args:
        text: the YAML; bytes are UTF-8, or UTF-16 with a byte order mark.
        source: how errors name the text.

    Raises:
        InputError: with source and line, where the text is broken, too large, or has several documents.
    """
    documents = load_yaml_all(text, source)
    if len(documents) > 1:
        raise InputError(f"expected one YAML document, found {len(documents)}", source=source)
    return documents[0] if documents else None


def load_mapping(text: str | bytes, source: str) -> dict[str, object]:
    """Return the values of a YAML file that holds one mapping; an empty file is an empty mapping.

    Raises:
        InputError: broken YAML or something else than a mapping.
    """
    value = load_yaml(text, source)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError("is not a mapping", source=source, line=1)
    return value


def load_yaml_all(text: str | bytes, source: str) -> list[object]:
    """Return the value of each document of `text`; raises as `load_yaml` does."""
    import yaml

    data = _encode(text, source)
    if len(data) > MAX_BYTES:
        raise InputError(f"YAML of {len(data)} bytes; at most {MAX_BYTES} are read", source=source)
    builder = _Builder(source)
    try:
        for event in _events(data):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise InputError(problem, source=source, line=mark.line + 1 if mark else None) from error
    except yaml.reader.ReaderError as error:
        line = data.count(b"\n", 0, error.position) + 1
        raise InputError(f"not text: {error.reason}", source=source, line=line) from error
    return builder.documents


def _encode(text: str | bytes, source: str) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise InputError("not text: half of a surrogate pair", source=source, line=line) from error


def _events(data: bytes) -> Iterator[Any]:
    from yaml._yaml import CParser

    parser = CParser(data)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


class _Open:
    """A collection whose end has not come yet; a mapping holds the key that waits for its value."""

    __slots__ = ("anchor", "key", "keys", "merged", "merging", "value", "weight")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.weight = _NODE_WEIGHT
        self.keys: dict[str, int] = {}  # as written, and as read → line
        self.key: str | None = None
        self.merging = False
        self.merged: dict[str, object] | None = None

    def awaits_key(self) -> bool:
        return self.key is None and not self.merging and type(self.value) is dict


class _Anchored(NamedTuple):
    value: object
    weight: int


class _Builder:
    """Turns events into values; knows the collections that are open and the anchors seen."""

    def __init__(self, source: str) -> None:
        self.documents: list[object] = []
        self._source = source
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._aliased = 0
        self._handlers: dict[str, Callable[[Any], None]] = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": lambda event: self._open(event, {}),
            "SequenceStartEvent": lambda event: self._open(event, []),
            "MappingEndEvent": self._close,
            "SequenceEndEvent": self._close,
            "AliasEvent": self._alias,
            "DocumentStartEvent": lambda _: self._anchors.clear(),
        }

    def take(self, event: Any) -> None:
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(event)

    def _error(self, message: str, event: Any) -> InputError:
        return InputError(message, source=self._source, line=event.start_mark.line + 1)

    def _scalar(self, event: Any) -> None:
        text = event.value
        plain = event.implicit[0] and not event.style
        top = self._stack[-1] if self._stack else None
        if top is not None and top.awaits_key():
            self._key(top, text, plain, event)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(text, _NODE_WEIGHT + len(text))
            return
        try:
            value = resolve_plain(text) if plain and event.tag is None else self._tagged(event)
        except ValueError as error:
            raise self._error(str(error), event) from error
        weight = _NODE_WEIGHT + len(text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, weight)
        self._add(value, weight, event)

    def _tagged(self, event: Any) -> object:
        tag = event.tag
        if tag is None or tag == "!":
            return event.value if event.style else resolve_plain(event.value)
        return resolve_tagged(tag.replace(_TAG_PREFIX, "!!"), event.value)

    def _key(self, top: _Open, text: str, plain: bool, event: Any) -> None:
        if plain and text == "<<":
            name, top.merging = "<<", True
        else:
            # yaml.v3 keeps the text of a top-level key; below, gomplate prints the key's value.
            nested = plain and len(self._stack) > 1
            name = key_text(resolve_plain(text)) if nested else text
            top.key = name
        for spelled in {text, name}:
            if spelled in top.keys:
                raise self._error(f'key "{spelled}" stands already in line {top.keys[spelled]}', event)
        top.keys[text] = top.keys[name] = event.start_mark.line + 1
        top.weight += _NODE_WEIGHT + len(text)

    def _open(self, event: Any, value: dict[str, object] | list[object]) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} levels deep", event)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.awaits_key():
            raise self._error("a key must be a scalar", event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(value, event.anchor))

    def _close(self, event: Any) -> None:
        closed = self._stack.pop()
        value = closed.value
        if closed.merged is not None and isinstance(value, dict):
            for key, merged in closed.merged.items():
                value.setdefault(key, merged)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = _Anchored(value, closed.weight)
        self._add(value, closed.weight, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise self._error(f'no anchor "{event.anchor}" before this alias', event)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._error(f'anchor "{event.anchor}" contains itself', event)
        self._aliased += anchored.weight
        if self._aliased > MAX_ALIASED:
            raise self._error("aliases expand to too much", event)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.awaits_key():
            if isinstance(anchored.value, dict | list):
                raise self._error("a key must be a scalar", event)
            self._key(top, key_text(anchored.value), False, event)
            return
        # A copy: whoever changes one place must not change the other.
        self._add(_copy(anchored.value), anchored.weight, event)

    def _add(self, value: object, weight: int, event: Any) -> None:
        if not self._stack:
            self.documents.append(value)
            return
        top = self._stack[-1]
        top.weight += weight
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.merging:
            top.merging = False
            top.merged = self._merge_source(value, event)
        else:
            assert top.key is not None
            top.value[top.key] = value
            top.key = None

    def _merge_source(self, value: object, event: Any) -> dict[str, object]:
        merged: dict[str, object] = {}
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise self._error("<< takes a mapping or a list of mappings", event)
            for key, item in source.items():
                merged.setdefault(key, item)
        return merged


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def key_text(value: object) -> str:
    """Return the text of a key that is no string: its value as Go prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_float(value) if isinstance(value, float) else str(value)


def resolve_plain(text: str) -> object:
    """Return what an unquoted scalar without a tag means.

    Source: yaml.v3 resolve.go; YAML 1.2 core schema, with 0755 and 1_000 kept from 1.1.
    """
    first = text[:1]
    if first not in "0123456789+-.":
        return _WORDS.get(text, text)  # includes the empty text
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    number = parse_float(text) if first == "." else _timestamp(text) or _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    bare = text.replace("_", "")
    number = parse_int(bare)
    if number is not None:
        return number
    return parse_float(bare) if _FLOAT.fullmatch(bare) else None


def resolve_tagged(tag: str, text: str) -> object:
    """Return what a scalar with an explicit tag (`!!int`) means.

    Raises:
        ValueError: the text can't be read as the tag says.
    """
    if tag == "!!str":
        return text
    if tag == "!!binary":
        return _decode_binary(text)
    value = resolve_plain(text)
    kinds = {"!!int": int, "!!float": float, "!!bool": bool, "!!null": type(None), "!!timestamp": Timestamp}
    kind = kinds.get(tag)
    if kind is not None and type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise ValueError(f'"{text}" can\'t be read as {tag}')


def _decode_binary(text: str) -> str:
    import base64

    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except UnicodeDecodeError:
        raise ValueError("!!binary that is no UTF-8 text is not supported") from None
    except ValueError:
        raise ValueError("!!binary that is no base64") from None


def _timestamp(text: str) -> Timestamp | None:
    # The formats of yaml.v3: RFC 3339 with short fields, a space without zone, a bare date.
    match = _TIMESTAMP.fullmatch(text) if text[4:5] == "-" else None
    if match is None or (match["t"] == " ") != (match["t"] is not None and match["zone"] is None):
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(match[group] or 0) for group in (5, 6, 7))
    if not 1 <= month <= 12 or not 1 <= day <= _days(year, month) or hour > 23 or minute > 59 or second > 59:
        return None
    zone = match["zone"] or "Z"
    if zone != "Z" and (int(zone[1:3]) > 24 or int(zone[4:6]) > 59):
        return None
    fraction = (match[8] or "")[:9].rstrip("0")
    offset = "+0000" if zone == "Z" else zone.replace(":", "")
    name = "UTC" if offset in ("+0000", "-0000") else offset
    clock = f"{hour:02d}:{minute:02d}:{second:02d}{'.' + fraction if fraction else ''}"
    return Timestamp(f"{year:04d}-{month:02d}-{day:02d} {clock} {offset.replace('-0000', '+0000')} {name}")


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _MONTH_DAYS[month - 1]


def is_same(left: object, right: object) -> bool:
    """Whether two values are the same in YAML: to Python's `==`, `1`, `true` and `1.0` are one."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(is_same(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return type(left) is type(right) and left == right
