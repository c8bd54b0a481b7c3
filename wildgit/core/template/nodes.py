"""The tree of a parsed template. Offsets point into its text, for the lines of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from wildgit.core.template.functions.table import Function


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b` read from dot; `.` alone has no names."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name.a.b`; the name is with its `$`."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of something in parentheses, or of what a function returns: `(…).a.b`."""

    base: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Callee:
    """A function by its name, with namespace where it has one."""

    name: str
    function: Function


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, a bool or nil."""

    value: str | bool | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number constant: what it is by itself (None: too large for an int), and as an integer parameter."""

    value: int | float | None
    integer: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One stage of a pipeline: an operand, or a function and its arguments."""

    first: Operand
    arguments: tuple[Operand, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given the result of the one before as last argument; and the variables it sets."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False  # `=`; else `:=`


Operand: TypeAlias = Field | Variable | Chain | Callee | Literal | Number | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """What stands between actions."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed, unless it sets a variable."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if` or `with`, all its `else if` or `else with`, and `else`."""

    sets_dot: bool
    arms: tuple[tuple[Pipe, Nodes], ...]
    otherwise: Nodes


@dataclass(frozen=True, slots=True)
class Range:
    """A loop."""

    pipe: Pipe
    body: Nodes
    otherwise: Nodes


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """`{{ template "name" pipeline }}`, or the call that a `block` leaves behind."""

    name: str
    pipe: Pipe | None
    offset: int


Node: TypeAlias = Text | Action | Branch | Range | Jump | Invocation
Nodes: TypeAlias = tuple[Node, ...]
