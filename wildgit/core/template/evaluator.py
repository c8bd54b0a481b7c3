"""Runs a parsed template over a context, by the rules of Go's text/template with missingkey=error.

Every step, and every character that a function looks at or makes, is paid for from a budget: a template
ends, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from wildgit.core.template import nodes as n
from wildgit.core.template.functions.table import Function, Looks
from wildgit.core.template.printing import print_value
from wildgit.core.template.reads import Reads, dotted
from wildgit.core.template.values import MAX_ITEMS, MAX_TEXT, Fault, Place, go_type, is_integer, measure

MAX_OUTPUT = 8 << 20  # characters; as much as is read of a YAML file
BUDGET = 10_000_000  # characters that functions may look at and make, and steps at their cost
STEP_COST = 100  # of one action, command or iteration: so there are at most 100,000 of them
MAX_CALLS = 50  # templates that call each other

_NO_VALUE: Final = "<no value>"
_MISSING: Final = object()  # nothing comes down the pipeline; a null would be an argument


class Evaluator:
    """One rendering.

    Args:
        definitions: the templates that others can call, by name.
        datasources: what `ds` returns, by name.
        strict: a null that would be printed is an error.
    """

    def __init__(
        self, definitions: Mapping[str, n.Nodes], datasources: Mapping[str, object], *, strict: bool
    ) -> None:
        self.reads = Reads()
        self.offset = 0  # of the command that runs
        self._definitions = definitions
        self._datasources = datasources
        self._strict = strict
        self._output: list[str] = []
        self._printed = 0
        self._left = BUDGET
        self._calls = 0
        self._variables: list[tuple[str, object]] = []

    def run(self, nodes: n.Nodes, context: object) -> str:
        """Return what the nodes print; after a Fault, `offset` says where."""
        root = self.reads.reach(context, ())
        self._variables = [("$", root)]
        try:
            self._walk(nodes, root)
        except RecursionError as error:
            raise Fault("values are nested too deeply") from error
        return "".join(self._output)

    def _spend(self, cost: int) -> None:
        self._left -= cost
        if self._left < 0:
            raise Fault("the template runs for too long")

    def _walk(self, nodes: n.Nodes, dot: object) -> str | None:
        """Print the nodes; return `break` or `continue` where one of them leaves a loop."""
        for node in nodes:
            if type(node) is n.Text:
                self._print(node.text)
            elif type(node) is n.Action:
                self.reads.last_null = None
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
        value = self.reads.take(value)
        size, has_null = measure(value)
        self._spend(size)
        if has_null and self._strict:
            raise self._null_fault("printed")
        return _NO_VALUE if value is None else print_value(value)

    def _null_fault(self, what: str) -> Fault:
        path = self.reads.last_null
        what = f"a null would be {what}"
        return Fault(what if path is None else f"{dotted(path)} is null: {what}", path)

    def _branch(self, node: n.Branch, dot: object) -> str | None:
        mark = len(self._variables)
        body, inner = node.otherwise, dot
        for pipe, arm in node.arms:
            value = self._pipe(pipe, dot)
            if self.reads.truth(value):
                body, inner = arm, value if node.sets_dot else dot
                break
        jump = self._walk(body, inner)
        del self._variables[mark:]
        return jump

    def _range(self, node: n.Range, dot: object) -> None:
        mark = len(self._variables)
        names = node.pipe.variables
        items = self._items(self.reads.take(self._pipe(node.pipe, dot)), len(names))
        body_mark = len(self._variables)
        is_empty = True
        for key, item in items:
            is_empty = False
            self._spend(STEP_COST)
            # One variable is the item; of two, the first is its index or key.
            for place, name in enumerate(names):
                value = item if place == len(names) - 1 else key
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

    def _items(self, value: object, variables: int) -> Iterable[tuple[object, object]]:
        if isinstance(value, list):
            return enumerate(value)
        if isinstance(value, dict):
            self._spend(len(value))
            return [(key, value[key]) for key in sorted(value)]
        if isinstance(value, int) and is_integer(value):
            if variables > 1:
                raise Fault("range over an integer sets one variable only")
            return enumerate(map(type(value), range(value)))
        if value is None:
            return ()
        raise Fault(f"range can't iterate over a value of type {go_type(value)}")

    def _invoke(self, node: n.Invocation, dot: object) -> None:
        self.offset = node.offset
        self._spend(STEP_COST)
        body = self._definitions.get(node.name)
        if body is None:
            raise Fault(f'template "{node.name}" is not defined')
        if self._calls >= MAX_CALLS:
            raise Fault(f"templates that call each other more than {MAX_CALLS} levels deep are not supported")
        argument = None if node.pipe is None else self._pipe(node.pipe, dot)
        outer, self._variables = self._variables, [("$", argument)]
        self._calls += 1
        self._walk(body, argument)
        self._calls -= 1
        self._variables = outer

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
        self.offset = command.offset
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
            return self.reads.fields(dot, node.names)
        if type(node) is n.Variable:
            return self.reads.fields(self._variable(node.name), node.names)
        if type(node) is n.Literal:
            return node.value
        if type(node) is n.Number:
            if node.value is None:
                raise Fault(f"{node.text} overflows int")
            return node.value
        if type(node) is n.Pipe:
            offset = self.offset
            value = self._pipe(node, dot)
            self.offset = offset
            return value
        if type(node) is n.Chain:
            return self.reads.fields(self._operand(node.base, dot), node.names)
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

    def _call(self, callee: n.Callee, operands: tuple[n.Operand, ...], dot: object, final: object) -> object:
        name, function = callee
        _check_count(callee, len(operands) + (final is not _MISSING))
        if name in ("and", "or"):
            return self._first_deciding(name == "or", operands, dot, final)
        values = [self._argument(node, function.kind(place), dot) for place, node in enumerate(operands)]
        if final is not _MISSING:
            values.append(_typed(final, function.kind(len(values))))
        try:
            return self._apply(name, function, values)
        except Fault as fault:
            raise Fault(f"{name}: {fault}", fault.path) from fault

    def _first_deciding(
        self, is_or: bool, operands: tuple[n.Operand, ...], dot: object, final: object
    ) -> object:
        value: object = None
        for node in operands:
            value = self._operand(node, dot)
            if self.reads.truth(value) == is_or:
                return value
        return value if final is _MISSING else final

    def _argument(self, node: n.Operand, kind: str, dot: object) -> object:
        if type(node) is n.Number and kind == "int":
            if node.integer is None:
                raise Fault(f"expected an integer, found {node.text}")
            return node.integer
        return _typed(self._operand(node, dot), kind)

    def _apply(self, name: str, function: Function, values: list[object]) -> object:
        if name == "index":
            item, keys = self.reads.index(values[0], values[1:])
            if len(values) > 1 and not keys:
                return item
            values = [item, *keys]
        elif name in ("has", "coll.Has") and type(values[0]) is Place and isinstance(values[0].value, dict):
            return self.reads.has(values[0], str(values[1]))
        elif name in ("ds", "datasource"):
            return self._datasource(values)
        values = [self.reads.take(value) for value in values]
        self._pay(name, function, values)
        result = function.call(*values)
        if isinstance(result, str | list | dict):
            self._spend(len(result))
            if len(result) > (MAX_TEXT if isinstance(result, str) else MAX_ITEMS):
                raise Fault("the result is too large")
        return result

    def _pay(self, name: str, function: Function, values: list[object]) -> None:
        """Spend what the function looks at; refuse a null that it would print into a manifest."""
        for value in values:
            if isinstance(value, str):
                self._spend(len(value))
            elif function.looks is Looks.TOP:
                self._spend(len(value) if isinstance(value, list | dict) else 0)
            else:
                size, has_null = measure(value)
                self._spend(size)
                if has_null and self._strict and function.looks is Looks.TEXT:
                    raise self._null_fault(f"printed by {name}")

    def _datasource(self, values: list[object]) -> object:
        if len(values) > 1:
            raise Fault("parts of a datasource are not supported")
        name = str(values[0])
        if name not in self._datasources:
            raise Fault(f'no datasource "{name}"')
        return self.reads.reach(self._datasources[name], (name,))


def _check_count(callee: n.Callee, count: int) -> None:
    least = len(callee.function.parameters)
    is_variadic = callee.function.rest is not None
    if count < least or (count > least and not is_variadic):
        raise Fault(f"{callee.name} takes {'at least ' if is_variadic else ''}{least} arguments, not {count}")


def _typed(value: object, kind: str) -> object:
    """Return `value` if it is of the parameter's type; nothing is converted."""
    if kind == "any":
        return value
    found = go_type(value.value if type(value) is Place else value)
    if found != {"map": "map[string]interface {}"}.get(kind, kind):
        raise Fault(f"expected {kind}, found {found}")
    return value
