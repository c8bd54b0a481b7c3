"""What the evaluator knows about a function: its parameters, and what it does with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Reads(Enum):
    """How far a function looks into lists and maps that it is given."""

    TOP = "only the list or map itself"
    ALL = "everything in it"
    TEXT = "everything in it, printed as text: a null is refused in a manifest"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template language.

    `parameters` and `rest` name the types that Go's function declares: any, string, int, map. A call is
    checked against them before it is made. `rest` is the type of a variadic function's further arguments.
    """

    call: Callable[..., object]
    parameters: tuple[str, ...]
    rest: str | None
    reads: Reads


def declare(call: Callable[..., object], signature: str, reads: Reads = Reads.ALL) -> Function:
    """Return the function with a signature such as `string any` or `any...`, the last variadic."""
    kinds = signature.split()
    rest = kinds.pop().removesuffix("...") if signature.endswith("...") else None
    return Function(call, tuple(kinds), rest, reads)
