"""The tree of a parsed template. Offsets point into its text, for the lines of errors.

NamedTuples: with a dozen frozen dataclasses, importing this took longer than rendering ten manifests.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from wildgit.core.template.functions.table import Function


class Field(NamedTuple):
    """`.a.b` read from dot; `.` alone has no names."""

    names: tuple[str, ...]


class Variable(NamedTuple):
    """`$name.a.b`; the name is with its `$`."""

    name: str
    names: tuple[str, ...]


class Chain(NamedTuple):
    """Fields of something in parentheses, or of what a function returns: `(…).a.b`."""

    base: Operand
    names: tuple[str, ...]


class Callee(NamedTuple):
    """A function by its name, with namespace where it has one."""

    name: str
    function: Function


class Literal(NamedTuple):
    """A string, a bool or nil."""

    value: str | bool | None


class Number(NamedTuple):
    """A number constant: what it is by itself (None: too large for an int), and as an integer parameter."""

    value: int | float | None
    integer: int | None
    text: str


class Command(NamedTuple):
    """One stage of a pipeline: an operand, or a function and its arguments."""

    first: Operand
    arguments: tuple[Operand, ...]
    offset: int


class Pipe(NamedTuple):
    """Commands, each given the result of the one before as last argument; and the variables it sets."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False  # `=`; else `:=`


Operand: TypeAlias = Field | Variable | Chain | Callee | Literal | Number | Pipe


class Text(NamedTuple):
    """What stands between actions."""

    text: str


class Action(NamedTuple):
    """A pipeline whose value is printed, unless it sets a variable."""

    pipe: Pipe


class Branch(NamedTuple):
    """`if` or `with`, all its `else if` or `else with`, and `else`."""

    sets_dot: bool
    arms: tuple[tuple[Pipe, Nodes], ...]
    otherwise: Nodes


class Range(NamedTuple):
    """A loop."""

    pipe: Pipe
    body: Nodes
    otherwise: Nodes


class Jump(NamedTuple):
    """`break` or `continue`."""

    kind: str


class Invocation(NamedTuple):
    """`{{ template "name" pipeline }}`, or the call that a `block` leaves behind."""

    name: str
    pipe: Pipe | None
    offset: int


Node: TypeAlias = Text | Action | Branch | Range | Jump | Invocation
Nodes: TypeAlias = tuple[Node, ...]
