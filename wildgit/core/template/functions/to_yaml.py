"""Values to YAML as yaml.v3 writes it with an indent of 2.

Block style, sequences indented under their key, keys in natural order, a string quoted only where it
would else be read as something else. The few texts whose style depends on the emitter's inner state
are refused.
"""

from __future__ import annotations

import re
from functools import cmp_to_key

from wildgit.core.go_numbers import format_float
from wildgit.core.template.values import Fault, go_type
from wildgit.core.yaml_values import Timestamp, resolve_plain

_OLD_BOOLS = frozenset(
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"]
)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
# What the emitter would write in double quotes with escapes, or doesn't take for printable.
_UNUSUAL = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u2028\u2029]| \n")
_INDICATOR_FIRST = re.compile(r"[#,\[\]{}&*!|>'\"%@`]|[?:-](?:\s|\Z)|---|\.\.\.")
_INDICATOR_LATER = re.compile(r":(?:\s|\Z)|\s#")
_LONGEST_KEY = 100
_KEY_PART = re.compile(r"[0-9]+")


def to_yaml(value: object) -> str:
    """Return the YAML document of `value`, with its newline.

    Source: yaml.v3 encode.go, sorter.go and emitterc.go, for the rules.
    """
    if isinstance(value, str) and "\n" in value:
        raise Fault("toYAML of a text of several lines by itself is not supported")
    return "\n".join(_lines(value, 0)) + "\n"


def _lines(value: object, indent: int) -> list[str]:
    """Return the lines of a value that stands at the start of its line, the first without indent."""
    if isinstance(value, dict) and value:
        lines: list[str] = []
        for key in sorted(value, key=cmp_to_key(_compare_keys)):
            lines += _entry(key, value[key], indent)
        lines[0] = lines[0][indent:]
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            if isinstance(item, list) and item:
                raise Fault("toYAML of a list directly in a list is not supported")
            first, *rest = _lines(item, indent + 2)
            lines += [f"{' ' * indent}- {first}", *rest]
        lines[0] = lines[0][indent:]
        return lines
    if isinstance(value, str) and "\n" in value:
        return _literal(value, indent)
    return [_scalar(value)]


def _entry(key: str, value: object, indent: int) -> list[str]:
    if len(key) > _LONGEST_KEY or "\n" in key:
        raise Fault("toYAML of a key that is long or has several lines is not supported")
    label = f"{' ' * indent}{_string(key)}:"
    if isinstance(value, dict | list) and value:
        first, *rest = _lines(value, indent + 2)
        return [label, f"{' ' * (indent + 2)}{first}", *rest]
    first, *rest = _lines(value, indent + 2)
    return [f"{label} {first}", *rest]


def _literal(text: str, indent: int) -> list[str]:
    if _UNUSUAL.search(text) or text[0] in " \n" or text[-1] == " ":
        raise Fault("toYAML of this text of several lines is not supported")
    body = text.rstrip("\n")
    ending = len(text) - len(body)
    lines = [f"{' ' * indent}{line}" if line else "" for line in body.split("\n")]
    return [("|-", "|")[ending] if ending < 2 else "|+", *lines, *[""] * (ending - 1)]


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        text = format_float(value)
        return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(text, text)
    if isinstance(value, Timestamp):
        raise Fault("toYAML of a date is not supported")
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | dict):
        return "[]" if isinstance(value, list) else "{}"
    raise Fault(f"values of type {go_type(value)} are not supported in YAML")


def _string(text: str) -> str:
    if _UNUSUAL.search(text):
        raise Fault("toYAML of tabs, control characters and rare characters is not supported")
    meaning = resolve_plain(text)
    if type(meaning) is not str or text in _OLD_BOOLS or _BASE_60.fullmatch(text) or text == "<<":
        return f'"{text}"'
    if _INDICATOR_FIRST.match(text) or _INDICATOR_LATER.search(text) or text.strip(" ") != text:
        return "'" + text.replace("'", "''") + "'"
    return text


def _compare_keys(first: str, second: str) -> int:
    """Return -1 or 1: digits in keys count as numbers, letters come after what is none."""
    digits = False
    for at, (a, b) in enumerate(zip(first, second, strict=False)):
        if a == b:
            digits = a.isdecimal()
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            return -1 if (a if digits else b).isalpha() else 1
        return _compare_numbers(first, second, at)
    return len(first) - len(second)


def _compare_numbers(first: str, second: str, at: int) -> int:
    leading = 0
    if "0" in (first[at], second[at]):
        before = re.search(r"[0-9]*\Z", first[:at])
        leading = 1 if before and before[0].strip("0") else 0
    numbers = []
    for key in (first, second):
        match = _KEY_PART.match(key, at)
        digits = match[0] if match else ""
        if len(digits) > 17:
            raise Fault("toYAML of keys with long numbers is not supported")
        numbers.append((int(f"{leading}{digits}"), len(digits), key[at]))
    return -1 if numbers[0] < numbers[1] else 1
