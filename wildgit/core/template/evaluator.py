"""Runs a parsed template over a context, by the rules of Go's text/template with missingkey=error.

Maps and lists of the context travel as `Place`s, so that what is read of them is recorded where it is
read. Every step, and every character that a function looks at or makes, is paid for from a budget:
a template ends, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from wildgit.core.template import nodes as n
from wildgit.core.template.functions.builtin import index
from wildgit.core.template.functions.coll import has
from wildgit.core.template.functions.table import Function, Reads
from wildgit.core.template.lexer import line_of
from wildgit.core.template.printing import print_value
from wildgit.core.template.reads import Path
from wildgit.core.template.reads import Reads as ReadPaths
from wildgit.core.template.values import (
    MAX_ITEMS,
    MAX_TEXT,
    Fault,
    Place,
    go_type,
    is_integer,
    measure,
)
from wildgit.errors import InputError

MAX_OUTPUT = 8 << 20  # characters; as much as is read of a YAML file
BUDGET = 20_000_000  # characters and values that functions may look at and make
STEP_COST = 100  # of one action, command or iteration: so there are at most 200,000 of them
MAX_CALLS = 50  # templates that call each other

Hint = Callable[[Path], str | None]
_NO_VALUE: Final = "<no value>"


class _Missing:
    """Says that a command is first in its pipeline; a null would be an argument."""


_MISSING: Final = _Missing()


class Evaluator:
    """One rendering."""

    def __init__(
        self,
        text: str,
        source: str,
        definitions: Mapping[str, n.Nodes],
        datasources: Mapping[str, object],
        hint: Hint | None,
        *,
        strict: bool,
    ) -> None:
        self.reads = ReadPaths()
        self._text = text
        self._source = source
        self._definitions = definitions
        self._datasources = datasources
        self._hint = hint
        self._strict = strict
        self._output: list[str] = []
        self._printed = 0
        self._left = BUDGET
        self._offset = 0
        self._calls = 0
        self._variables: list[tuple[str, object]] = []
        self._null: Path | None = None  # where the last null was read

    def run(self, nodes: n.Nodes, context: object) -> str:
        """Return the text; raises InputError with line where the template can't be carried out."""
        try:
            root = self._reach(context, ())
            self._variables = [("$", root)]
            self._walk(nodes, root)
        except Fault as fault:
            raise self._error(str(fault)) from fault
        except RecursionError as error:
            raise self._error("nested too deeply") from error
        return "".join(self._output)

    def _error(self, message: str, path: Path | None = None) -> InputError:
        line = line_of(self._text, self._offset)
        hint = self._hint(path) if self._hint is not None and path is not None else None
        return InputError(f"template: {message}", source=self._source, line=line, hint=hint)

    def _spend(self, cost: int) -> None:
        self._left -= cost
        if self._left < 0:
            raise Fault("the template runs for too long")

    # --- nodes

    def _walk(self, nodes: n.Nodes, dot: object) -> str | None:
        """Print the nodes; return `break` or `continue` where one of them left a loop."""
        for node in nodes:
            if type(node) is n.Text:
                self._print(node.text)
            elif type(node) is n.Action:
                value = self._pipe(node.pipe, dot)
                if not node.pipe.variables:
                    self._print(value if type(value) is str else self._printable(value))
            elif type(node) is n.Branch:
                if jump := self._branch(node, dot):
                    return jump
            elif type(node) is n.Range:
                self._range(node, dot)
            elif type(node) is n.Invocation:
                self._invoke(node, dot)
            elif type(node) is n.Jump:
                return node.kind
        return None

    def _print(self, text: str) -> None:
        self._printed += len(text)
        if self._printed > MAX_OUTPUT:
            raise Fault(f"a text of more than {MAX_OUTPUT} characters")
        self._output.append(text)

    def _printable(self, value: object) -> str:
        value = self._read(value)
        size, has_null = measure(value)
        self._spend(size)
        if has_null and self._strict:
            raise self._null_error("printed")
        return _NO_VALUE if value is None else print_value(value)

    def _null_error(self, what: str) -> InputError:
        where = f"{_dotted(self._null)} is null" if self._null is not None else "null"
        return self._error(f"{where}, and would be {what}", self._null)

    def _branch(self, node: n.Branch, dot: object) -> str | None:
        mark = len(self._variables)
        try:
            for pipe, body in node.arms:
                value = self._pipe(pipe, dot)
                if self._truth(value):
                    return self._walk(body, value if node.sets_dot else dot)
            return self._walk(node.otherwise, dot)
        finally:
            del self._variables[mark:]

    def _range(self, node: n.Range, dot: object) -> None:
        mark = len(self._variables)
        items = self._items(self._read(self._pipe(node.pipe, dot)), node.pipe)
        names = node.pipe.variables
        body_mark = len(self._variables)
        is_empty = True
        for key, item in items:
            is_empty = False
            self._spend(STEP_COST)
            if names:
                values = (item,) if len(names) == 1 else (key, item)
                for place, (name, value) in enumerate(zip(names, values, strict=True)):
                    if node.pipe.assigns:
                        self._assign(name, value)
                    else:
                        self._variables[body_mark - len(names) + place] = (name, value)
            jump = self._walk(node.body, item)
            del self._variables[body_mark:]
            if jump == "break":
                break
        if is_empty:
            self._walk(node.otherwise, dot)
        del self._variables[mark:]

    def _items(self, value: object, pipe: n.Pipe) -> Sequence[tuple[object, object]] | enumerate[object]:
        if isinstance(value, list):
            return enumerate(value)
        if isinstance(value, dict):
            self._spend(len(value))
            return [(key, value[key]) for key in sorted(value)]
        if isinstance(value, int) and is_integer(value):
            if len(pipe.variables) > 1:
                raise Fault("range over an integer sets one variable only")
            kind = type(value)
            return enumerate(map(kind, range(value)))
        if value is None:
            return ()
        raise Fault(f"range can't iterate over a value of type {go_type(value)}")

    def _invoke(self, node: n.Invocation, dot: object) -> None:
        self._offset = node.offset
        body = self._definitions.get(node.name)
        if body is None:
            raise Fault(f'template "{node.name}" is not defined')
        self._spend(STEP_COST)
        argument = None if node.pipe is None else self._pipe(node.pipe, dot)
        if self._calls >= MAX_CALLS:
            raise Fault(f"templates that call each other more than {MAX_CALLS} levels deep")
        variables, self._variables = self._variables, [("$", argument)]
        self._calls += 1
        self._walk(body, argument)
        self._calls -= 1
        self._variables = variables

    # --- pipelines

    def _pipe(self, pipe: n.Pipe, dot: object) -> object:
        value: object = _MISSING
        for command in pipe.commands:
            value = self._command(command, dot, value)
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, command: n.Command, dot: object, final: object) -> object:
        self._offset = command.offset
        self._spend(STEP_COST)
        first = command.first
        if type(first) is n.Callee:
            return self._call(first, command.arguments, dot, final)
        if command.arguments or final is not _MISSING:
            raise Fault("arguments for something that is no function")
        if type(first) is n.Literal and first.value is None:
            raise Fault("nil is no command")
        return self._operand(first, dot)

    def _operand(self, node: n.Operand, dot: object) -> object:
        """Return the value of an operand; a map or list of the context as its place."""
        if type(node) is n.Field:
            return self._fields(dot, node.names) if node.names else dot
        if type(node) is n.Variable:
            return self._fields(self._variable(node.name), node.names)
        if type(node) is n.Literal:
            return node.value
        if type(node) is n.Number:
            if node.value is None:
                raise Fault(f"{node.text} overflows int")
            return node.value
        if type(node) is n.Pipe:
            offset = self._offset
            value = self._pipe(node, dot)
            self._offset = offset
            return value
        if type(node) is n.Chain:
            return self._fields(self._operand(node.base, dot), node.names)
        assert type(node) is n.Callee
        return self._call(node, (), dot, _MISSING)

    def _variable(self, name: str) -> object:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise Fault(f"undefined variable {name}")

    def _assign(self, name: str, value: object) -> None:
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return
        raise Fault(f"undefined variable {name}")

    # --- reading the context

    def _reach(self, value: object, path: Path) -> object:
        """Return a value of the context: a scalar as read, a map or list as the place it is at."""
        if isinstance(value, dict | list):
            if path:
                self.reads.reached[path] = value
            return Place(value, path)
        self.reads.used.add(path)
        if value is None:
            self._null = path
        return value

    def _read(self, value: object) -> object:
        """Return the value itself, and record that all of it was read."""
        if type(value) is Place:
            self.reads.used.add(value.path)
            return value.value
        return value

    def _truth(self, value: object) -> bool:
        if type(value) is not Place:
            return bool(value)
        if isinstance(value.value, dict) and value.value:
            self.reads.tested[value.path] = value.value
        else:
            self.reads.used.add(value.path)
        return bool(value.value)

    def _fields(self, start: object, names: tuple[str, ...]) -> object:
        if not names:
            return start
        is_place = type(start) is Place
        value = start.value if type(start) is Place else start
        path = start.path if type(start) is Place else ()
        for depth, name in enumerate(names, 1):
            if isinstance(value, dict):
                try:
                    value = value[name]
                except KeyError:
                    raise self._missing(path, names, depth, is_place) from None
            elif value is None:
                reached = names[: depth - 1]
                raise self._error(
                    f"{_dotted((*path, *reached)) if reached or path else 'dot'} is null, it has no .{name}",
                    (*path, *names) if is_place else None,
                )
            else:
                raise Fault(f"a value of type {go_type(value)} has no field .{name}")
        return self._reach(value, path + names) if is_place else value

    def _missing(self, path: Path, names: Path, depth: int, is_place: bool) -> InputError:
        full = path + names
        found = path + names[:depth]
        if not is_place:
            return self._error(f'no key "{names[depth - 1]}"')
        there = "" if found == full else f": there is no {_dotted(found)}"
        return self._error(f"{_dotted(full)} is not set{there}", full)

    # --- calls

    def _call(self, callee: n.Callee, arguments: tuple[n.Operand, ...], dot: object, final: object) -> object:
        function = callee.function
        count = len(arguments) + (final is not _MISSING)
        least = len(function.parameters)
        if count < least or (count > least and function.rest is None):
            expected = f"at least {least}" if function.rest is not None else str(least)
            raise Fault(f"{callee.name} takes {expected} arguments, not {count}")
        name = callee.name
        if name in ("and", "or"):
            return self._first_deciding(name == "or", arguments, dot, final)
        values = [self._argument(node, _kind(function, place), dot) for place, node in enumerate(arguments)]
        if final is not _MISSING:
            values.append(_typed(final, _kind(function, len(values))))
        try:
            if name in ("index", "has", "coll.Has"):
                return self._look_up(name, values)
            if name in ("ds", "datasource"):
                return self._datasource(values)
            return self._apply(function, name, [self._read(value) for value in values])
        except Fault as fault:
            raise Fault(f"{name}: {fault}") from fault

    def _apply(self, function: Function, name: str, values: list[object]) -> object:
        cost = 0
        for value in values:
            if isinstance(value, str):
                cost += len(value)
            elif function.reads is Reads.TOP:
                cost += len(value) if isinstance(value, list | dict) else 0
            else:
                size, has_null = measure(value)
                cost += size
                if has_null and self._strict and function.reads is Reads.TEXT:
                    raise self._null_error(f"printed by {name}")
        self._spend(cost)
        result = function.call(*values)
        if isinstance(result, str | list | dict):
            self._spend(len(result))
            if len(result) > (MAX_TEXT if isinstance(result, str) else MAX_ITEMS):
                raise Fault("the result is too large")
        return result

    def _argument(self, node: n.Operand, kind: str, dot: object) -> object:
        if type(node) is n.Number and kind == "int":
            if node.integer is None:
                raise Fault(f"expected an integer, found {node.text}")
            return node.integer
        return _typed(self._operand(node, dot), kind)

    def _first_deciding(
        self, is_or: bool, arguments: tuple[n.Operand, ...], dot: object, final: object
    ) -> object:
        value: object = None
        for node in arguments:
            value = self._operand(node, dot)
            if self._truth(value) == is_or:
                return value
        return value if final is _MISSING else final

    def _look_up(self, name: str, values: list[object]) -> object:
        """Answer `index` and `has`, reading of a map only the key that is looked for."""
        item, *keys = values
        while keys and type(item) is Place and isinstance(item.value, dict) and isinstance(keys[0], str):
            key = str(keys.pop(0))
            path = (*item.path, key)
            is_there = key in item.value
            if not is_there or name != "index":
                self.reads.used.add(path)
            if name != "index":
                return is_there
            item = self._reach(item.value.get(key), path)
            if keys and item is None:
                raise self._error(
                    f"{_dotted((*path, *map(str, keys)))} is not set: there is no {_dotted(path)}", path
                )
        if name != "index":
            return has(self._read(item), *map(str, keys))
        if not keys and type(item) is Place:
            return item
        if not keys and len(values) > 1:
            return item
        return index(self._read(item), *map(self._read, keys))

    def _datasource(self, values: list[object]) -> object:
        if len(values) > 1:
            raise Fault("parts of a datasource are not supported")
        name = str(values[0])
        if name not in self._datasources:
            raise Fault(f'no datasource "{name}"')
        return self._reach(self._datasources[name], (name,))


def _kind(function: Function, place: int) -> str:
    return function.parameters[place] if place < len(function.parameters) else function.rest or "any"


def _typed(value: object, kind: str) -> object:
    """Return `value` if it is of the parameter's type; nothing is converted."""
    if kind == "any":
        return value
    plain = value.value if type(value) is Place else value
    found = go_type(plain)
    if found != {"map": "map[string]interface {}"}.get(kind, kind):
        raise Fault(f"expected {kind}, found {found}")
    return value


def _dotted(path: Path) -> str:
    return "." + ".".join(path)
