"""What the evaluator knows about a function: its parameters, and what it does with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class Looks(Enum):
    """How far a function looks into lists and maps that it is given."""

    TOP = "only the list or map itself"
    ALL = "everything in it"
    TEXT = "everything in it, printed as text: a null is refused in a manifest"


class Function(NamedTuple):
    """A function of the template language.

    `parameters` and `rest` name the types that Go's function declares: any, string, int, map. A call is
    checked against them before it is made. `rest` is the type of a variadic function's further arguments.
    """

    call: Callable[..., object]
    parameters: tuple[str, ...]
    rest: str | None
    looks: Looks

    def kind(self, place: int) -> str:
        """Return the type of the argument at a place."""
        return self.parameters[place] if place < len(self.parameters) else self.rest or "any"


def declare(call: Callable[..., object], signature: str, looks: Looks = Looks.ALL) -> Function:
    """Return the function with a signature such as `string any` or `any...`, the last variadic."""
    kinds = signature.split()
    rest = kinds.pop().removesuffix("...") if signature.endswith("...") else None
    return Function(call, tuple(kinds), rest, looks)
