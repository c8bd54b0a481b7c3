"""gomplate templates (Go text/template): text and values in, text out.

`parse` once, `Template.render` as often as needed. A rendering says which paths of the context it
depends on; `project` cuts a context down to them, and rendering with that gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wildgit.core.template.evaluator import Evaluator
from wildgit.core.template.lexer import line_of
from wildgit.core.template.nodes import Nodes
from wildgit.core.template.parser import Parser
from wildgit.core.template.reads import project
from wildgit.core.template.values import Fault, Path
from wildgit.errors import InputError

__all__ = ["Path", "Rendered", "Template", "parse", "project"]

_NO_DATASOURCES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template gave, and the shortest paths of the context that determine it."""

    text: str
    reads: frozenset[Path]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that parsed; it may be rendered any number of times."""

    source: str
    text: str
    nodes: Nodes
    definitions: Mapping[str, Nodes]

    def render(
        self,
        context: object,
        *,
        datasources: Mapping[str, object] = _NO_DATASOURCES,
        hint: Callable[[Path], str | None] | None = None,
        strict: bool = True,
    ) -> Rendered:
        """Return the text of the template for a context of plain values, as `load_yaml` returns them.

        Args:
            context: what `.` is.
            datasources: what `ds "name"` returns. Their reads begin with the name, as if they were keys of
                the context; a context that has such a key should have the same value there.
            hint: called with the path of a value that is missing or null; what it returns becomes the
                error's hint.
            strict: a null that would be printed is an error; without it, it prints what Go prints.

        Raises:
            InputError: with source and line: a missing value, a type that doesn't fit, a template that
                runs too long or grows too large, something that is not supported.
        """
        evaluator = Evaluator(self.definitions, datasources, strict=strict)
        try:
            text = evaluator.run(self.nodes, context)
        except Fault as fault:
            advice = hint(fault.path) if hint is not None and fault.path is not None else None
            line = line_of(self.text, evaluator.offset)
            raise InputError(f"template: {fault}", source=self.source, line=line, hint=advice) from fault
        return Rendered(text, evaluator.reads.shortest())


def parse(text: str, source: str) -> Template:
    """Return the template that `text` spells.

    Args:
        text: the template.
        source: how errors name it.

    Raises:
        InputError: with source and line, for a syntax error or a function that is unknown or not supported.
    """
    parser = Parser(text, source)
    return Template(source, text, parser.parse(), parser.definitions)
