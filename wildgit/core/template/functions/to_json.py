"""Values to JSON as gomplate writes it: keys sorted, whole floats with `.0`, `<`, `>` and `&` escaped."""

from __future__ import annotations

import re

from wildgit.core.go_numbers import format_float
from wildgit.core.template.values import Fault, check_text, go_type
from wildgit.core.yaml_values import Timestamp

_SPECIAL = re.compile('["\\\\\n\r\t<>&\u2028\u2029]')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST_INDENT = 20


def to_json(value: object) -> str:
    """Return the JSON of `value` in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return f"[{','.join(map(to_json, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_string(key)}:{to_json(value[key])}' for key in sorted(value))}}}"
    raise Fault(f"values of type {go_type(value)} are not supported in JSON")


def to_json_pretty(indent: str, value: object) -> str:
    """Return the JSON of `value`, each item on a line of its own with `indent` for each level."""
    if len(indent) > _LONGEST_INDENT:
        raise Fault(f"an indent of more than {_LONGEST_INDENT} characters is not supported")
    lines: list[str] = []
    size = 0
    for line in _pretty(value, indent, ""):
        size += len(line) + 1
        check_text(size)
        lines.append(line)
    return "\n".join(lines)


def _pretty(value: object, indent: str, outer: str) -> list[str]:
    if not value or not isinstance(value, list | dict):
        return [to_json(value)]
    inner = outer + indent
    if isinstance(value, list):
        items, brackets = [("", item) for item in value], "[]"
    else:
        items, brackets = [(f"{_string(key)}: ", value[key]) for key in sorted(value)], "{}"
    lines = [brackets[0]]
    for number, (label, item) in enumerate(items, 1):
        first, *rest = _pretty(item, indent, inner)
        lines += [inner + label + first, *rest]
        if number < len(items):
            lines[-1] += ","
    return [*lines, outer + brackets[1]]


def _float(number: float) -> str:
    size = abs(number)
    if not (size == 0 or size >= 1e-6) or size == float("inf") or str(number) == "-0.0":
        raise Fault("JSON of infinity, NaN and numbers next to 0 is not supported")
    text = format_float(number, exponent_from=21)
    if "e-" in text:
        raise Fault("JSON of numbers next to 0 is not supported")
    return text if "." in text or "e" in text else text + ".0"


def _string(text: str) -> str:
    if isinstance(text, Timestamp):
        raise Fault("JSON of a date is not supported")
    if _CONTROL.search(text):
        raise Fault("JSON of control characters is not supported")
    return '"' + _SPECIAL.sub(lambda char: _ESCAPES.get(char[0]) or f"\\u{ord(char[0]):04x}", text) + '"'
