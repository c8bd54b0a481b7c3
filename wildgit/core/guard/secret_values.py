"""The secrets themselves: the leaves of secrets.yaml, and how else each of them could be written down.

A value is searched as it is written in secrets.yaml, not as YAML resolves it: `00123456` is what
somebody would paste. Every spelling here is a byte string that is searched for exactly; what mixes
escapes in other ways is undone in the text instead (see `secret_scan`).
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote

MIN_LENGTH = 6  # shorter values are in every text

_PUBLIC_NAMES = r"(?i)(?:host|user|name|port|database|domain|email|address|region|bucket|server|zone|image)$"
_MIN_PIECE = 12
_MIN_DISTINCT = 5  # `------------` is no secret
_ARMOUR = r"-{2,}.*-{2,}|=[0-9A-Za-z+/]{4}"
_SIMPLE_LINE = re.compile(
    rb"( *)([A-Za-z0-9_][A-Za-z0-9_.-]*):"
    rb"(?: +(?:([A-Za-z0-9/+_][A-Za-z0-9/+_=.-]*)|\"([ !#-\[\]-~]*)\"|'([ -&(-~]*)'))? *"
)
_USER_INFO = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:([^\s/@]+(?:@[^\s/@]+)*)@[^\s@]"


class Leaf(NamedTuple):
    """One value of secrets.yaml; `key` is its path, like `apps.ghost.dbPassword`."""

    key: str
    value: str


def read_leaves(text: bytes, source: str) -> list[Leaf]:
    """Return every non-empty scalar of a YAML text with its key path.

    Raises:
        InputError: the text is no YAML.
    """
    leaves = _read_simple(text)
    return _read_any(text, source) if leaves is None else leaves


def _read_simple(text: bytes) -> list[Leaf] | None:
    # The YAML that we write ourselves: nested `key: value` lines. Importing a YAML parser costs a hook
    # 25 ms, a third of its time; any other line returns None, and the parser decides.
    leaves: list[Leaf] = []
    path: list[tuple[int, bytes]] = []
    is_scalar = False
    for line in text.split(b"\n"):
        if not line or line.lstrip(b" ")[:1] in (b"", b"#"):
            continue
        match = _SIMPLE_LINE.fullmatch(line)
        if match is None:
            return None
        indent = len(match[1])
        if path and indent > path[-1][0]:
            if is_scalar:
                return None
        elif path:
            while path and path[-1][0] > indent:
                path.pop()
            if not path or path[-1][0] != indent:
                return None
            path.pop()
        path.append((indent, match[2]))
        value = match[3] or match[4] or match[5]
        is_scalar = match[3] is not None or match[4] is not None or match[5] is not None
        if value:
            leaves.append(Leaf(b".".join(key for _, key in path).decode(), value.decode()))
    return leaves


def _read_any(text: bytes, source: str) -> list[Leaf]:
    from wildgit.core.guard.yaml_nodes import Node, read_nodes

    leaves: list[Leaf] = []
    seen: set[int] = set()
    waiting: list[tuple[str, Node]] = [("", root) for root in reversed(read_nodes(text, source))]
    while waiting:
        key, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.text:
            leaves.append(Leaf(key or "(root)", node.text))
        waiting.extend((f"{key}[{i}]", item) for i, item in reversed(list(enumerate(node.items or []))))
        for name, value in reversed(node.pairs or []):
            waiting.append((f"{key}.{name.text or ''}".lstrip("."), value))
    return leaves


def read_public(config: bytes, source: str) -> dict[str, str]:
    """Return the values that config.yaml publishes, and the key path of each; key names count as values.

    A field that is named like a secret, or holds what only a generator writes, publishes nothing: it is
    more likely the leak itself.
    """
    public: dict[str, str] = {}
    for key, value in read_leaves(config, source):
        for segment in key.split("."):
            public.setdefault(segment, key)
        if not _is_secret_name(key.rpartition(".")[2]) and not _is_generated(value):
            public.setdefault(value, key)
            public.setdefault(value.strip(), key)
    return public


def _is_secret_name(name: str) -> bool:
    """Return whether a field of this name holds a secret by all custom."""
    return (
        re.search(r"(?i)passw|passphrase|secret|token|credential|api_?key|private_?key|auth_?key", name)
        is not None
    )


def is_public_name(name: str) -> bool:
    """Return whether a field of this name holds what is no secret even where secrets are kept."""
    return re.search(_PUBLIC_NAMES, name) is not None


def _is_generated(value: str) -> bool:
    return (
        len(value) >= 20
        and value.isalnum()
        and any(c.isdigit() for c in value)
        and any(c.isupper() for c in value)
        and any(c.islower() for c in value)
    )


def pieces(value: str) -> list[str]:
    """Return parts of a value that are secret by themselves: lines of a key, the password in a URL."""
    found = []
    lines = value.split("\n")
    if len(lines) > 1:
        stripped = [line.strip() for line in lines]
        found.append("".join(stripped))  # the whole, as an indented block scalar unwraps
        found += [line for line in stripped if _is_piece(line)]
    for password in re.findall(_USER_INFO, value) if "://" in value else ():
        found.append(password)
        found.append(unquote(password))
    return [piece for piece in found if len(piece) >= MIN_LENGTH]


def _is_piece(line: str) -> bool:
    return len(line) >= _MIN_PIECE and len(set(line)) >= _MIN_DISTINCT and not re.fullmatch(_ARMOUR, line)


def spell(value: str) -> dict[bytes, str]:
    """Return the ways to write a value down, each with the name of its encoding (`""` for as it is)."""
    spellings: dict[bytes, str] = {}
    for text, escape in _escape(value).items():
        data = text.encode("utf-8", "surrogatepass")
        spellings.setdefault(data, escape)
        for encoded in (data.hex().encode(), data.hex().upper().encode()):
            spellings.setdefault(encoded, _join("hex", escape))
        for encoded in _base64(data):
            spellings.setdefault(encoded, _join("base64", escape))
    return spellings


def _join(encoding: str, escape: str) -> str:
    return f"{encoding} of {escape}" if escape else encoding


def _escape(value: str) -> dict[str, str]:
    texts = {value: "", value.strip(): ""}
    if value.isalnum() and value.isascii():
        return texts
    import json

    for bare in list(texts):
        for ascii_only in (True, False):
            texts.setdefault(json.dumps(bare, ensure_ascii=ascii_only)[1:-1], "JSON")
        texts.setdefault(bare.replace("'", "''"), "YAML")
        for url in (quote(bare, safe=""), quote(bare), quote_plus(bare), quote(bare, safe="!'()*")):
            texts.setdefault(url, "URL")
    return texts


def _base64(data: bytes) -> list[bytes]:
    """Return what base64 makes of `data` wherever it stands in a longer text.

    The bytes before shift the six-bit groups in three ways; characters that also hold bits of a
    neighbour are cut off. Source: RFC 4648, sections 4 and 5.
    """
    found = []
    for shift, cut in ((0, 0), (1, 2), (2, 3)):
        encoded = b2a_base64(b"\0" * shift + data, newline=False)
        found.append(encoded[cut : (shift + len(data)) * 8 // 6])
    return [*found, *(text.translate(_URL_ALPHABET) for text in found)]


_URL_ALPHABET = bytes.maketrans(b"+/", b"-_")
