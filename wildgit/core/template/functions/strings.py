"""gomplate's strings functions. What they work on comes last, and may be of any type.

Source: gomplate's documentation of strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printing import quote, to_text
from wildgit.core.template.values import Fault, Strings, check_items, check_text

# Go's unicode.IsSpace; Python's own notion has four control characters more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_NO_PLAIN_WORD = re.compile(r"[^A-Za-z' \t\n-]|(?<![A-Za-z])'|'(?![A-Za-z])")
_WORD = re.compile(r"[A-Za-z']+")


def replace_all(old: str, new: str, text: object) -> str:
    """Return the text with `new` wherever `old` was."""
    subject = to_text(text)
    check_text(len(subject) + subject.count(old) * len(new))
    return subject.replace(old, new)


def repeat(count: int, text: object) -> str:
    """Return the text `count` times."""
    if count < 0:
        raise Fault(f"negative count {count}")
    subject = to_text(text)
    check_text(len(subject) * count)
    return subject * count


def split(separator: str, text: object) -> Strings:
    """Return the parts between separators; without a separator the characters."""
    return split_n(separator, -1, text)


def split_n(separator: str, limit: int, text: object) -> Strings:
    """Return at most `limit` parts, the last one with the rest; all of them where it is negative."""
    subject = to_text(text)
    check_items(len(subject) if not separator else subject.count(separator))
    if limit == 0:
        return Strings()
    if separator:
        return Strings(subject.split(separator, limit - 1 if limit > 0 else -1))
    if limit < 0 or limit >= len(subject):
        return Strings(subject)
    return Strings([*subject[: limit - 1], subject[limit - 1 :]])


def title(text: object) -> str:
    """Return the text with the first letter of each word in upper case, the others as they are."""
    subject = to_text(text)
    if _NO_PLAIN_WORD.search(subject):
        raise Fault("this is not supported beyond ASCII letters, spaces and hyphens")
    return _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:], subject)


def to_lower(text: object) -> str:
    """Return the text in lower case."""
    subject = to_text(text)
    if "Σ" in subject or "İ" in subject:
        raise Fault("strings.ToLower of Σ and İ is not supported")
    return subject.lower()


def truncate(limit: int, text: object) -> str:
    """Return the first `limit` bytes; all of them where it is negative."""
    subject = to_text(text)
    if limit < 0:
        return subject
    try:
        return subject.encode()[:limit].decode()
    except UnicodeDecodeError:
        raise Fault("cutting a character in two is not supported") from None


def single_quote(text: object) -> str:
    """Return the text in single quotes, as YAML writes it."""
    return "'" + to_text(text).replace("'", "''") + "'"


def shell_quote(value: object) -> str:
    """Return the text in single quotes for a POSIX shell; of a list each item."""
    items = value if isinstance(value, list) else [value]
    return " ".join("'" + to_text(item).replace("'", "'\"'\"'") + "'" for item in items)


def indent(*arguments: object) -> str:
    """Return the last argument with lines that are not empty indented by WIDTH (1) times TEXT (a space)."""
    if not 1 <= len(arguments) <= 3:
        raise Fault(f"indent takes 1 to 3 arguments, not {len(arguments)}")
    *options, value = arguments
    width: object = options[0] if options and not isinstance(options[0], str) else 1
    prefix = options[-1] if options and isinstance(options[-1], str) else " "
    if len(options) == 2 and (isinstance(options[0], str) or not isinstance(options[1], str)):
        raise Fault("indent takes a width, then a text")
    if type(width) is not int or width <= 0 or "\n" in prefix:
        raise Fault("indent takes a width above 0, and a text without a newline")
    text = to_text(value)
    check_text(len(text) + len(prefix) * width * (text.count("\n") + 1))
    return re.sub(r"(?m)^(?=[^\n])", lambda _: prefix * width, text)


def _text(call: Callable[[str], str]) -> Function:
    return declare(lambda text: call(to_text(text)), "any", Looks.TEXT)


def _cut(method: str) -> Function:
    return declare(lambda part, text: getattr(to_text(text), method)(part), "string any", Looks.TEXT)


FUNCTIONS: dict[str, Function] = {
    "strings.ReplaceAll": declare(replace_all, "string string any", Looks.TEXT),
    "strings.Contains": declare(lambda part, text: part in to_text(text), "string any", Looks.TEXT),
    "strings.HasPrefix": _cut("startswith"),
    "strings.HasSuffix": _cut("endswith"),
    "strings.Trim": _cut("strip"),
    "strings.TrimLeft": _cut("lstrip"),
    "strings.TrimRight": _cut("rstrip"),
    "strings.TrimPrefix": _cut("removeprefix"),
    "strings.TrimSuffix": _cut("removesuffix"),
    "strings.TrimSpace": _text(lambda text: text.strip(_SPACE)),
    "strings.ToUpper": _text(str.upper),
    "strings.ToLower": declare(to_lower, "any", Looks.TEXT),
    "strings.Title": declare(title, "any", Looks.TEXT),
    "strings.Repeat": declare(repeat, "int any", Looks.TEXT),
    "strings.Split": declare(split, "string any", Looks.TEXT),
    "strings.SplitN": declare(split_n, "string int any", Looks.TEXT),
    "strings.Trunc": declare(truncate, "int any", Looks.TEXT),
    "strings.Quote": _text(quote),
    "strings.Squote": declare(single_quote, "any", Looks.TEXT),
    "strings.ShellQuote": declare(shell_quote, "any", Looks.TEXT),
    "strings.RuneCount": declare(
        lambda *texts: sum(len(to_text(text)) for text in texts), "any...", Looks.TEXT
    ),
    "strings.Indent": declare(indent, "any...", Looks.TEXT),
}
GLOBAL = {
    "replaceAll": "strings.ReplaceAll",
    "title": "strings.Title",
    "toUpper": "strings.ToUpper",
    "toLower": "strings.ToLower",
    "trimSpace": "strings.TrimSpace",
    "indent": "strings.Indent",
    "quote": "strings.Quote",
    "squote": "strings.Squote",
    "shellQuote": "strings.ShellQuote",
}
