"""Template text to tokens, by the rules of Go's text/template.

The texts of all tokens together are the source: white space that a trim marker removes belongs to
the token of the marker's delimiter.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wildgit.errors import InputError

KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with")
)
MAX_TEXT = 8 << 20  # characters of a template
MAX_TOKENS = 200_000
_SPACE = " \t\r\n"
_END = r"(?=[ \t\r\n.,|:()]|\}\}|\Z)"  # what may follow a name
_INSIDE = re.compile(
    r"(?P<close>[ \t\r\n]-\}\}[ \t\r\n]*|\}\})"
    r"|(?P<space>[ \t\r\n]+(?!-\}\}))"
    rf"|(?P<field>(?:\.(?![0-9])\w+)+{_END})"
    rf"|(?P<dot>\.(?![0-9]){_END})"
    rf"|(?P<variable>\$\w*{_END})"
    r"|(?P<number>(?=[-+0-9]|\.[0-9])(?>[-+]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?)i?)(?!\w))"
    rf"|(?P<word>(?![0-9])\w+{_END})"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)'
    r"|(?P<char>'(?:[^'\\\n]|\\[^\n])*')"
    r"|(?P<symbol>:=|[=|()]|(?![\"'`:.$0-9+-])[!-~](?<!\w))"
)


class Token(NamedTuple):
    """A piece of the source.

    The kind is `text`, `comment`, `{{`, `}}`, `space`, `field` (`.a.b`), `dot`, `variable`, `number`, `char`,
    `string`, `bool`, `identifier`; a keyword or a symbol is its own kind.
    """

    kind: str
    text: str
    offset: int


def tokenize(text: str, source: str) -> list[Token]:
    """Return the tokens of a template.

    Raises:
        InputError: with line, where no token fits; and where there is too much to read.

    Source: text/template/parse/lex.go of Go 1.24, for the rules.
    """
    tokens: list[Token] = []
    at = 0
    if len(text) > MAX_TEXT:
        raise InputError(f"a template of {len(text)} characters; at most {MAX_TEXT} are read", source=source)
    while at < len(text):
        if len(tokens) > MAX_TOKENS:
            raise _error("too many actions", text, at, source)
        opening = text.find("{{", at)
        if opening < 0:
            tokens.append(Token("text", text[at:], at))
            break
        trims = text[opening + 2 : opening + 3] == "-" and text[opening + 3 : opening + 4] in tuple(_SPACE)
        start = at + len(text[at:opening].rstrip(_SPACE)) if trims else opening
        inside = opening + (4 if trims else 2)
        if start > at:
            tokens.append(Token("text", text[at:start], at))
        if text.startswith("/*", inside):
            at = _comment_end(text, inside, source)
            tokens.append(Token("comment", text[start:at], start))
        else:
            tokens.append(Token("{{", text[start:inside], start))
            at = _tokenize_action(text, inside, tokens, source)
    return tokens


def _comment_end(text: str, start: int, source: str) -> int:
    end = text.find("*/", start + 2)
    if end < 0:
        raise _error("unclosed comment", text, start, source)
    closing = _INSIDE.match(text, end + 2)
    if closing is None or closing.lastgroup != "close":
        raise _error("comment ends before closing delimiter", text, end, source)
    return closing.end()


def _tokenize_action(text: str, at: int, tokens: list[Token], source: str) -> int:
    """Append the tokens up to and with the closing delimiter; return where the text goes on."""
    depth = 0
    opening = at
    match = _INSIDE.match
    while (found := match(text, at)) and len(tokens) <= MAX_TOKENS:
        kind, piece = found.lastgroup or "", found[0]
        if kind == "close":
            if depth:
                raise _error("unclosed left paren", text, at, source)
            tokens.append(Token("}}", piece, at))
            return found.end()
        if kind in ("word", "field", "variable"):
            if not piece.isascii():
                _check_letters(piece, text, at, source)
            if kind == "word":
                kind = piece if piece in KEYWORDS else "bool" if piece in ("true", "false") else "identifier"
        elif kind == "symbol":
            kind = piece
            depth += (piece == "(") - (piece == ")")
            if depth < 0:
                raise _error("unexpected right paren", text, at, source)
        tokens.append(Token(kind, piece, at))
        at = found.end()
    if len(tokens) > MAX_TOKENS:
        raise _error("too many actions", text, at, source)
    if at >= len(text):
        raise _error("unclosed action", text, opening, source)
    raise _error(_complaint(text, at), text, at, source)


def _check_letters(piece: str, text: str, at: int, source: str) -> None:
    # \w knows more digits than Go does.
    for char in piece.strip(".$"):
        if not (char in "_." or char.isalpha() or char.isdecimal()):
            raise _error(f"bad character {char!r}", text, at, source)


def _complaint(text: str, at: int) -> str:
    match text[at]:
        case '"':
            return "unterminated quoted string"
        case "`":
            return "unterminated raw quoted string"
        case "'":
            return "unterminated character constant"
        case ":":
            return "expected :="
        case char if char in "+-0123456789":
            return "bad number"
    rest = re.compile(r"[.$]?[\w.]*").match(text, at)
    bad = text[max(at, rest.end() if rest else at) :][:1] or text[at]
    return f"bad character U+{ord(bad):04X} {bad!r}"


def line_of(text: str, offset: int) -> int:
    """Return the 1-based line of `offset`."""
    return text.count("\n", 0, offset) + 1


def _error(message: str, text: str, offset: int, source: str) -> InputError:
    return InputError(f"template: {message}", source=source, line=line_of(text, offset))
