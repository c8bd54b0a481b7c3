"""Go's Sprintf: verbs, flags, width, precision, argument indexes, and its complaints inside the text."""

from __future__ import annotations

import re
from math import isinf, isnan
from typing import NamedTuple

from wildgit.core.go_numbers import INT64_MAX, format_float
from wildgit.core.template.printing import print_value, quote
from wildgit.core.template.values import Fault, Uint8, check_text, go_type, is_integer, measure
from wildgit.core.yaml_values import Timestamp

_MAX_NUMBER = 1_000_000  # a width beyond is no width, in Go
_DIGITS = re.compile("[0-9]+")
_INDEX = re.compile(r"\[([0-9]+)\]")


class _Spec(NamedTuple):
    """One verb with what stands before it."""

    verb: str
    flags: frozenset[str]
    width: int | None = None
    precision: int | None = None

    def pad(self, text: str) -> str:
        width = self.width or 0
        if width > len(text) and "0" in self.flags and "-" not in self.flags:
            raise _unsupported(self)  # Go's versions differ on zeros before what is no number
        return text.ljust(width) if "-" in self.flags else text.rjust(width)


class _Formatter:
    def __init__(self, template: str, arguments: tuple[object, ...]) -> None:
        self._template = template
        self._arguments = arguments
        self._at = 0
        self._next = 0  # argument
        self._is_index_good = True
        self._is_reordered = False

    def run(self) -> str:
        parts: list[str] = []
        size = 0
        while self._at < len(self._template):
            percent = self._template.find("%", self._at)
            if percent < 0:
                parts.append(self._template[self._at :])
                break
            parts.append(self._template[self._at : percent])
            self._at = percent + 1
            parts.append(self._directive())
            size += len(parts[-1]) + len(parts[-2])
            check_text(size)
        if not self._is_reordered and self._next < len(self._arguments):
            extra = self._arguments[self._next :]
            listed = ", ".join(
                "<nil>" if value is None else f"{go_type(value)}={print_value(value)}" for value in extra
            )
            parts.append(f"%!(EXTRA {listed})")
        return "".join(parts)

    def _directive(self) -> str:
        """Return what the text after a `%` prints; the complaints are Go's."""
        complaints = ""
        self._is_index_good = True
        flags = self._flags()
        after_index = self._index()
        width, precision = None, None
        if self._peek() == "*":
            self._at += 1
            width = self._star()
            if width is None:
                complaints += "%!(BADWIDTH)"
            elif width < 0:
                width, flags = -width, flags | {"-"}
            after_index = False
        else:
            width = self._number()
            if after_index and width is not None:
                self._is_index_good = False
        if self._peek() == ".":
            self._at += 1
            if after_index:
                self._is_index_good = False
            after_index = self._index()
            if self._peek() == "*":
                self._at += 1
                precision = self._star()
                if precision is None or precision < 0:
                    complaints += "%!(BADPREC)"
                    precision = None
                after_index = False
            else:
                precision = self._number() or 0
        if not after_index:
            self._index()
        if self._at >= len(self._template):
            return complaints + "%!(NOVERB)"
        verb = self._template[self._at]
        self._at += 1
        return complaints + self._verb(_Spec(verb, frozenset(flags), width, precision))

    def _verb(self, spec: _Spec) -> str:
        if spec.verb == "%":
            return "%"
        if not self._is_index_good:
            return f"%!{spec.verb}(BADINDEX)"
        if self._next >= len(self._arguments):
            return f"%!{spec.verb}(MISSING)"
        value = self._arguments[self._next]
        self._next += 1
        if isinstance(value, list | dict):
            check_text(measure(value)[0] * max(spec.width or 1, spec.precision or 1))
        return _format(spec, value)

    def _peek(self) -> str:
        return self._template[self._at : self._at + 1]

    def _flags(self) -> set[str]:
        flags: set[str] = set()
        while (char := self._peek()) and char in "+-# 0":
            flags.add(char)
            self._at += 1
        return flags

    def _number(self) -> int | None:
        match = _DIGITS.match(self._template, self._at)
        if match is None:
            return None
        number = int(match[0]) if len(match[0]) < 8 else _MAX_NUMBER + 1
        if number > _MAX_NUMBER:
            self._at = len(self._template)
            return None
        self._at = match.end()
        return number

    def _star(self) -> int | None:
        if self._next >= len(self._arguments):
            return None
        value = self._arguments[self._next]
        self._next += 1
        if not isinstance(value, int) or not is_integer(value) or abs(value) > _MAX_NUMBER:
            return None
        return int(value)

    def _index(self) -> bool:
        if self._peek() != "[":
            return False
        self._is_reordered = True
        match = _INDEX.match(self._template, self._at)
        if match is None:
            raise Fault("a malformed argument index in a format is not supported")
        self._at = match.end()
        number = int(match[1]) if len(match[1]) < 8 else 0
        if not 1 <= number <= len(self._arguments):
            self._is_index_good = False
            return True
        self._next = number - 1
        return True


def sprintf(template: str, *arguments: object) -> str:
    """Return what Go's fmt.Sprintf makes of a format and its arguments.

    Raises:
        Fault: the text grows too large, or uses one of the few combinations that are not supported.

    Source: Go's package fmt, "Printing".
    """
    return _Formatter(template, arguments).run()


def _format(spec: _Spec, value: object, *, inside: bool = False) -> str:
    if spec.verb in "pw" or (spec.verb == "T" and spec.precision is not None):
        raise _unsupported(spec)
    if spec.verb == "T":
        return spec.pad(go_type(value))
    if value is None:
        return _format_null(spec, inside)
    if isinstance(value, list | dict):
        return _format_collection(spec, value)
    if isinstance(value, bool):
        return spec.pad(print_value(value)) if spec.verb in "tv" else _bad_verb(spec, value)
    if isinstance(value, int):
        return _format_integer(spec, value)
    if isinstance(value, float):
        return _format_float(spec, value)
    if isinstance(value, Timestamp):
        if spec.verb in "vs" and not spec.flags:
            return spec.pad(value)
        raise _unsupported(spec)
    if isinstance(value, str):
        return _format_text(spec, value)
    raise Fault(f"values of type {go_type(value)} are not supported")


def _unsupported(spec: _Spec) -> Fault:
    return Fault(f"%{''.join(sorted(spec.flags))}{spec.verb} of this value is not supported")


def _bad_verb(spec: _Spec, value: object) -> str:
    if spec.flags - {"-"}:
        raise _unsupported(spec)
    return f"%!{spec.verb}({go_type(value)}={_format(spec._replace(verb='v'), value)})"


def _format_null(spec: _Spec, inside: bool) -> str:
    if inside:
        return "interface {}(nil)" if spec.verb == "v" and "#" in spec.flags else "<nil>"
    return spec.pad("<nil>") if spec.verb == "v" else f"%!{spec.verb}(<nil>)"


def _format_collection(spec: _Spec, value: list[object] | dict[str, object]) -> str:
    if spec.verb == "v" and "#" in spec.flags:
        return _format_go_syntax(spec, value)
    if isinstance(value, list):
        return f"[{' '.join(_format(spec, item, inside=True) for item in value)}]"
    items = (f"{_format(spec, key)}:{_format(spec, value[key], inside=True)}" for key in sorted(value))
    return f"map[{' '.join(items)}]"


def _format_go_syntax(spec: _Spec, value: list[object] | dict[str, object]) -> str:
    if isinstance(value, list):
        items = [_format(spec, item, inside=True) for item in value]
    else:
        items = [f"{_format(spec, key)}:{_format(spec, value[key], inside=True)}" for key in sorted(value)]
    return f"{go_type(value)}{{{', '.join(items)}}}"


def _format_text(spec: _Spec, text: str) -> str:
    if spec.verb == "v" and "#" in spec.flags:
        spec = spec._replace(verb="q", flags=spec.flags - {"#"})
    if spec.flags & {"0", "#"} or (spec.verb in "xX" and " " in spec.flags):
        raise _unsupported(spec)
    if spec.precision is not None and spec.verb in "vsq":
        text = text[: spec.precision]
    match spec.verb:
        case "v" | "s":
            return spec.pad(text)
        case "q":
            return spec.pad(quote(text, ascii_only="+" in spec.flags))
        case "x" | "X":
            data = text.encode()[: spec.precision].hex()
            return spec.pad(data.upper() if spec.verb == "X" else data)
    return _bad_verb(spec, text)


def _format_integer(spec: _Spec, number: int) -> str:
    match spec.verb:
        case "v" if "#" in spec.flags and (isinstance(number, Uint8) or number > INT64_MAX):
            raise _unsupported(spec)
        case "v":
            # %+v and %#v ask for field names and Go syntax: nothing of a number changes.
            return _format_digits(spec._replace(flags=spec.flags - {"+", "#"}), number, "d")
        case "d" | "b" | "o" | "O" | "x" | "X":
            return _format_digits(spec, number, spec.verb)
        case "c" | "q" | "U":
            return _format_char(spec, number)
    return _bad_verb(spec, number)


def _format_digits(spec: _Spec, number: int, verb: str) -> str:
    digits = format(abs(number), {"O": "o"}.get(verb, verb))
    sign = "-" if number < 0 else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    width = spec.precision
    if width is None and "0" in spec.flags and "-" not in spec.flags and spec.width is not None:
        width = spec.width - len(sign)
    if spec.precision == 0 and number == 0:
        return spec.pad("")
    digits = digits.rjust(width or 0, "0")
    prefix = ""
    if "#" in spec.flags:
        prefix = {"x": "0x", "X": "0X", "b": "0b"}.get(verb, "")
        if verb == "o" and not digits.startswith("0"):
            prefix = "0"
    if verb == "O":
        prefix = "0o"
    return spec.pad(sign + prefix + digits)


def _format_char(spec: _Spec, number: int) -> str:
    if spec.flags & {"0", "#"} or not 0 <= number <= 0x10FFFF or 0xD800 <= number < 0xE000:
        raise _unsupported(spec)
    if spec.precision is not None:
        raise _unsupported(spec)
    match spec.verb:
        case "c":
            return spec.pad(chr(number))
        case "q":
            return spec.pad(quote(chr(number), ascii_only="+" in spec.flags, delimiter="'"))
    return spec.pad(f"U+{number:04X}")


def _format_float(spec: _Spec, number: float) -> str:
    if spec.verb not in "bxXeEfFgGv":
        return _bad_verb(spec, number)
    if spec.verb in "bxX" or "#" in spec.flags:
        raise _unsupported(spec)
    if isnan(number) or isinf(number):
        if spec.flags & {"+", " ", "0"}:
            raise _unsupported(spec)
        return spec.pad(format_float(number))
    text = _float_digits(spec, number)
    if not text.startswith("-"):
        text = ("+" if "+" in spec.flags and spec.verb != "v" else " " if " " in spec.flags else "") + text
    if "0" in spec.flags and "-" not in spec.flags and spec.width is not None:
        sign = text[:1] if text[:1] in "+- " else ""
        return sign + text[len(sign) :].rjust(spec.width - len(sign), "0")
    return spec.pad(text)


def _float_digits(spec: _Spec, number: float) -> str:
    verb = {"v": "g", "F": "f"}.get(spec.verb, spec.verb)
    if verb in "gG" and spec.precision is None:
        text = format_float(number)
        return text.upper() if verb == "G" else text
    precision = 6 if spec.precision is None else spec.precision
    if precision > 1000:
        raise Fault(f"a precision of {precision} is not supported")
    return f"{number:.{precision}{verb}}"
