"""Tokens to the tree of a template, by the grammar of Go's text/template.

Functions are looked up here, so that an unknown one is an error even where it would never be called,
as in Go. A variable must be declared before its use in the text; whether it has a value is seen when it runs.
"""

from __future__ import annotations

from wildgit.core.template import nodes as n
from wildgit.core.template.constants import parse_char, parse_number, unquote
from wildgit.core.template.functions import FUNCTIONS, NAMESPACES
from wildgit.core.template.lexer import Token, line_of, tokenize
from wildgit.core.template.values import Fault
from wildgit.errors import InputError

MAX_NESTING = 60  # of blocks and parentheses in each other

MAX_VARIABLES = 1000  # in one scope: they are looked up one by one

_END_OF_TEXT = "end of text"
_OPERANDS = frozenset(
    ("bool", "char", "dot", "field", "identifier", "number", "nil", "string", "variable", "(")
)


class Parser:
    """Reads the tokens of one template once, from front to back."""

    def __init__(self, text: str, source: str) -> None:
        self.definitions: dict[str, n.Nodes] = {}
        self._text = text
        self._source = source
        self._tokens = [token for token in tokenize(text, source) if token.kind != "comment"]
        self._tokens.append(Token(_END_OF_TEXT, "", len(text)))
        self._at = 0
        self._variables = ["$"]
        self._loops = 0
        self._nesting = 0

    def parse(self) -> n.Nodes:
        """Return the nodes of the text outside of definitions; fill `definitions`."""
        found: list[n.Node] = []
        while self._tokens[self._at].kind != _END_OF_TEXT:
            if self._is_definition():
                self._definition()
                continue
            node = self._node()
            if isinstance(node, Token):
                raise self._error(f"unexpected {{{{{node.kind}}}}}", node)
            found.append(node)
        return tuple(found)

    def _error(self, message: str, token: Token) -> InputError:
        line = line_of(self._text, token.offset)
        return InputError(f"template: {message}", source=self._source, line=line)

    def _unexpected(self, token: Token, where: str) -> InputError:
        what = token.kind if token.kind == _END_OF_TEXT else f"{token.text.strip()!r}"
        return self._error(f"unexpected {what} in {where}", token)

    def _next(self) -> Token:
        """Return the next token that is not space."""
        token = self._tokens[self._at]
        if token.kind == "space":
            self._at += 1
            token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> Token:
        token = self._tokens[self._at]
        return self._tokens[self._at + 1] if token.kind == "space" else token

    def _expect(self, kind: str, where: str) -> Token:
        token = self._next()
        if token.kind != kind:
            raise self._unexpected(token, where)
        return token

    def _is_definition(self) -> bool:
        opening = self._tokens[self._at]
        if opening.kind != "{{":
            return False
        after = self._tokens[self._at + 1]
        return (self._tokens[self._at + 2] if after.kind == "space" else after).kind == "define"

    def _definition(self) -> None:
        self._at += 1
        start = self._next()
        name = self._name("define clause")
        self._expect("}}", "define clause")
        self._define(name, start)

    def _define(self, name: str, start: Token) -> None:
        """Parse up to `end` and keep that as a template of its own, which sees no variable and no loop."""
        outer = self._variables, self._loops
        self._variables, self._loops = ["$"], 0
        body, end = self._body(start)
        if end.kind != "end":
            raise self._error(f"unexpected {{{{{end.kind}}}}} in {start.kind}", end)
        self._variables, self._loops = outer
        if _is_blank(self.definitions.get(name, ())):
            self.definitions[name] = body
        elif not _is_blank(body):
            raise self._error(f'template "{name}" is defined twice', start)

    def _name(self, where: str) -> str:
        return self._unquote(self._expect("string", where))

    def _unquote(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except Fault as fault:
            raise self._error(str(fault), token) from fault

    def _body(self, start: Token) -> tuple[n.Nodes, Token]:
        """Return the nodes up to `else`, `else if`, `else with` or `end`, and that as a token."""
        self._enter(start)
        found: list[n.Node] = []
        while self._tokens[self._at].kind != _END_OF_TEXT:
            node = self._node()
            if isinstance(node, Token):
                self._nesting -= 1
                return tuple(found), node
            found.append(node)
        raise self._error(f"{{{{{start.kind}}}}} without {{{{end}}}}", start)

    def _enter(self, token: Token) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._error(f"nesting of more than {MAX_NESTING} levels is not supported", token)

    def _node(self) -> n.Node | Token:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "text":
            return n.Text(token.text)
        start = self._peek()
        match start.kind:
            case "if" | "with":
                self._next()
                return self._branch(start)
            case "range":
                self._next()
                return self._range(start)
            case "template":
                self._next()
                return self._invocation(start)
            case "block":
                self._next()
                return self._block(start)
            case "break" | "continue":
                self._next()
                return self._jump(start)
            case "end":
                self._next()
                self._expect("}}", "end")
                return start
            case "else":
                self._next()
                if self._peek().kind in ("if", "with"):
                    return start._replace(kind=f"else {self._next().kind}")
                self._expect("}}", "else")
                return start
        return n.Action(self._pipe("command"))

    def _branch(self, start: Token) -> n.Branch:
        declared = len(self._variables)
        arms: list[tuple[n.Pipe, n.Nodes]] = []
        while True:
            pipe = self._pipe(start.kind)
            body, end = self._body(start)
            arms.append((pipe, body))
            if end.kind != f"else {start.kind}":
                break
        otherwise = self._otherwise(end)
        del self._variables[declared:]
        return n.Branch(start.kind == "with", tuple(arms), otherwise)

    def _otherwise(self, start: Token) -> n.Nodes:
        """Return what stands between `start` and `end`, where `start` is not itself the end."""
        if start.kind == "end":
            return ()
        if start.kind != "else":
            raise self._error(f"unexpected {{{{{start.kind}}}}}", start)
        body, end = self._body(start)
        if end.kind != "end":
            raise self._error(f"expected {{{{end}}}}, found {{{{{end.kind}}}}}", end)
        return body

    def _range(self, start: Token) -> n.Range:
        declared = len(self._variables)
        pipe = self._pipe("range")
        self._loops += 1
        body, end = self._body(start)
        self._loops -= 1
        otherwise = self._otherwise(end)
        del self._variables[declared:]
        return n.Range(pipe, body, otherwise)

    def _jump(self, start: Token) -> n.Jump:
        self._expect("}}", f"{{{{{start.kind}}}}}")
        if not self._loops:
            raise self._error(f"{{{{{start.kind}}}}} outside {{{{range}}}}", start)
        return n.Jump(start.kind)

    def _invocation(self, start: Token) -> n.Invocation:
        name = self._name("template clause")
        if self._peek().kind == "}}":
            self._next()
            return n.Invocation(name, None, start.offset)
        return n.Invocation(name, self._pipe("template clause"), start.offset)

    def _block(self, start: Token) -> n.Invocation:
        name = self._name("block clause")
        pipe = self._pipe("block clause")
        self._define(name, start)
        return n.Invocation(name, pipe, start.offset)

    def _pipe(self, where: str, closing: str = "}}") -> n.Pipe:
        """Return the pipeline up to `closing`, which is consumed."""
        start = self._peek()
        variables, assigns = self._declarations(where)
        commands: list[n.Command] = []
        while (token := self._peek()).kind != closing:
            if token.kind not in _OPERANDS:
                raise self._unexpected(token, where)
            commands.append(self._command())
            if len(commands) > 1 and _is_constant(commands[-1].first):
                raise self._error(f"stage {len(commands)} of the pipeline is no function", token)
        if not commands:
            raise self._error(f"missing value for {where}", start)
        self._next()
        return n.Pipe(tuple(commands), variables, assigns)

    def _declarations(self, where: str) -> tuple[tuple[str, ...], bool]:
        variables: list[str] = []
        while self._peek().kind == "variable":
            before = self._at
            name = self._next().text
            symbol = self._peek()
            if symbol.kind in (":=", "="):
                self._next()
                self._declare(name, symbol)
                return (*variables, name), symbol.kind == "="
            if symbol.kind != ",":
                self._at = before
                break
            self._next()
            variables.append(name)
            self._declare(name, symbol)
            if where != "range" or len(variables) > 1:
                raise self._error(f"too many declarations in {where}", symbol)
            if self._peek().kind not in ("variable", "}}", ")"):
                raise self._error("range can only initialize variables", symbol)
        return tuple(variables), False

    def _declare(self, name: str, token: Token) -> None:
        self._variables.append(name)
        if len(self._variables) > MAX_VARIABLES:
            raise self._error(f"more than {MAX_VARIABLES} variables are not supported", token)

    def _command(self) -> n.Command:
        start = self._peek()
        operands: list[n.Operand] = []
        while True:
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._tokens[self._at]
            if token.kind == "space":
                self._at += 1
                continue
            if token.kind == "|":
                self._at += 1
            elif token.kind not in ("}}", ")"):
                raise self._unexpected(token, "operand")
            return n.Command(operands[0], tuple(operands[1:]), start.offset)

    def _operand(self) -> n.Operand | None:
        token = self._peek()
        term = self._term(token)
        after = self._tokens[self._at]
        if term is None or after.kind != "field":
            return term
        if _is_constant(term):
            raise self._error(f"unexpected . after {token.text}", after)
        self._at += 1
        names = tuple(after.text[1:].split("."))
        if isinstance(term, n.Variable):
            return n.Variable(term.name, names)
        return n.Chain(term, names)

    def _term(self, token: Token) -> n.Operand | None:
        if token.kind not in _OPERANDS:
            return None
        self._next()
        match token.kind:
            case "field":
                return n.Field(tuple(token.text[1:].split(".")))
            case "identifier":
                return self._callee(token)
            case "string":
                return n.Literal(self._unquote(token))
            case "variable":
                if token.text not in self._variables:
                    raise self._error(f"undefined variable {token.text}", token)
                return n.Variable(token.text, ())
            case "dot":
                return n.Field(())
            case "(":
                self._enter(token)
                pipe = self._pipe("parenthesized pipeline", ")")
                self._nesting -= 1
                return pipe
            case "bool":
                return n.Literal(token.text == "true")
            case "nil":
                return n.Literal(None)
        return self._number(token)

    def _number(self, token: Token) -> n.Number:
        try:
            if token.kind == "char":
                code = parse_char(token.text)
                return n.Number(code, code, token.text)
            return n.Number(*parse_number(token.text), token.text)
        except Fault as fault:
            raise self._error(str(fault), token) from fault

    def _callee(self, token: Token) -> n.Operand:
        name = token.text
        after = self._tokens[self._at]
        if name not in NAMESPACES:
            function = FUNCTIONS.get(name)
            if function is None:
                raise self._error(f'function "{name}" is unknown or not supported', token)
            return n.Callee(name, function)
        if after.kind != "field":
            raise self._error(f'the namespace "{name}" as a value is not supported', token)
        self._at += 1
        method, *names = after.text[1:].split(".")
        function = FUNCTIONS.get(f"{name}.{method}")
        if function is None:
            raise self._error(f'function "{name}.{method}" is unknown or not supported', token)
        callee = n.Callee(f"{name}.{method}", function)
        return n.Chain(callee, tuple(names)) if names else callee


def _is_blank(nodes: n.Nodes) -> bool:
    return all(isinstance(node, n.Text) and not node.text.strip() for node in nodes)


def _is_constant(operand: n.Operand) -> bool:
    """Tell whether Go sees at once that this can't be called: a literal, or dot."""
    return isinstance(operand, n.Literal | n.Number) or (isinstance(operand, n.Field) and not operand.names)
