"""gomplate's test functions: what must hold, and which of two.

Source: gomplate's documentation of test.
"""

from __future__ import annotations

from typing import NoReturn

from wildgit.core.template.functions.conv import to_bool
from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printing import to_text
from wildgit.core.template.values import Fault, go_kind, go_type, is_integer


def required(*arguments: object) -> object:
    """Return the last argument; a null and the empty string are an error, with the first for message."""
    if not 1 <= len(arguments) <= 2:
        raise Fault(f"required takes 1 or 2 arguments, not {len(arguments)}")
    message = arguments[0] if len(arguments) == 2 else "a required value is not set"
    if not isinstance(message, str):
        raise Fault(f"the message must be a string, not {go_type(message)}")
    if arguments[-1] is None or arguments[-1] == "":
        raise Fault(message)
    return arguments[-1]


def fail(*message: object) -> NoReturn:
    """Stop the template."""
    if len(message) > 1:
        raise Fault("fail takes one message")
    raise Fault("template generation failed" + "".join(f": {to_text(text)}" for text in message))


def check(*arguments: object) -> str:
    """Print nothing; stop the template unless the last argument is true."""
    if not 1 <= len(arguments) <= 2 or not isinstance(arguments[-1], bool):
        raise Fault("assert takes a message and a bool")
    if len(arguments) == 2 and not isinstance(arguments[0], str):
        raise Fault("assert takes a message and a bool")
    if not arguments[-1]:
        raise Fault("assertion failed" + (f": {arguments[0]}" if len(arguments) == 2 else ""))
    return ""


def is_kind(kind: str, value: object) -> bool:
    """Tell whether the value's kind is `kind`; `number` stands for all kinds of number."""
    return is_integer(value) or isinstance(value, float) if kind == "number" else go_kind(value) == kind


FUNCTIONS: dict[str, Function] = {
    "test.Required": declare(required, "any...", Looks.TOP),
    "test.Ternary": declare(lambda yes, no, value: yes if to_bool(value) else no, "any any any", Looks.TOP),
    "test.Fail": declare(fail, "any...", Looks.TOP),
    "test.Assert": declare(check, "any...", Looks.TOP),
    "test.Kind": declare(go_kind, "any", Looks.TOP),
    "test.IsKind": declare(is_kind, "string any", Looks.TOP),
}
GLOBAL = {
    "required": "test.Required",
    "ternary": "test.Ternary",
    "fail": "test.Fail",
    "assert": "test.Assert",
    "kind": "test.Kind",
    "isKind": "test.IsKind",
}
