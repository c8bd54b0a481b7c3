"""What is a secret by its shape, whoever it belongs to: files, Secret manifests, private keys, tokens.

Each shape has a literal that its text must contain. The scanner looks for all literals in the same pass
that looks for values; only where one is found does the expression beside it run. The token formats are a
table of our own: the plugins of detect-secrets, the kept library for this in Python, take 0.2 s to
import, on every commit, before they look at a byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from wildgit.core.guard.yaml_nodes import STAND_IN

if TYPE_CHECKING:
    from wildgit.core.guard.yaml_nodes import Node

SECRET_FILE = "secret-file"  # noqa: S105 - the name of a rule
SECRET_MANIFEST = "secret-manifest"  # noqa: S105
PRIVATE_KEY = "private-key"
TOKEN = "token"  # noqa: S105

_FILE_NAMES = {
    "secrets.yaml": "holds the secrets of an instance",
    "secrets.yml": "holds the secrets of an instance",
    "kubeconfig": "gives access to a cluster",
    "kubeconfig.yaml": "gives access to a cluster",
    "kubeconfig.yml": "gives access to a cluster",
    "admin.conf": "gives access to a cluster",
    "id_rsa": "is a private key",
    "id_dsa": "is a private key",
    "id_ecdsa": "is a private key",
    "id_ed25519": "is a private key",
    "age.key": "is an age identity",
}
_FILE_SUFFIXES = {
    ".kubeconfig": "gives access to a cluster",
    ".agekey": "is an age identity",
    ".p12": "holds a private key",
    ".pfx": "holds a private key",
    ".ppk": "is a private key",
}


def name_complaint(path: str) -> str:
    """Return why a file of this name must not be committed; empty where its name says nothing."""
    *folders, name = path.split("/")
    if ".kube" in folders:
        return "lies in .kube, where kubectl keeps access to clusters"
    reason = _FILE_NAMES.get(name.lower())
    if reason is None:
        reason = next((why for suffix, why in _FILE_SUFFIXES.items() if name.lower().endswith(suffix)), "")
    return reason


# (issuer, a literal that every such token holds, the format). Only what can't be mistaken for anything else.
# Source: the issuers' own pages on token formats.
_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),
    ("Anthropic", "sk-ant-", r"sk-ant-[a-z]+[0-9]{2}-[\w-]{80,}"),
    ("AWS", "AKIA", r"AKIA[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("AWS", "ASIA", r"ASIA[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("DigitalOcean", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("Docker Hub", "dckr_pat_", r"dckr_pat_[\w-]{27,}"),
    ("Doppler", "dp.pt.", r"dp\.pt\.[A-Za-z0-9]{40,}"),
    ("GitHub", "ghp_", r"ghp_[A-Za-z0-9]{36}"),
    ("GitHub", "gho_", r"gho_[A-Za-z0-9]{36}"),
    ("GitHub", "ghu_", r"ghu_[A-Za-z0-9]{36}"),
    ("GitHub", "ghs_", r"ghs_[A-Za-z0-9]{36}"),
    ("GitHub", "ghr_", r"ghr_[A-Za-z0-9]{36}"),
    ("GitHub", "github_pat_", r"github_pat_[A-Za-z0-9_]{82}"),
    ("GitLab", "glpat-", r"glpat-[\w-]{20,}"),
    ("GitLab", "gldt-", r"gldt-[\w-]{20,}"),
    ("GitLab", "glrt-", r"glrt-[\w-]{20,}"),
    ("Google", "AIza", r"AIza[\w-]{35}(?![\w-])"),
    ("Google", "GOCSPX-", r"GOCSPX-[\w-]{28}"),
    ("Grafana", "glsa_", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("Hugging Face", "hf_", r"hf_[A-Za-z]{34}(?![A-Za-z0-9])"),
    ("npm", "npm_", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    ("OpenAI", "T3BlbkFJ", r"(?<!-)sk-[\w-]{16,200}T3BlbkFJ[\w-]{16,200}"),
    ("PyPI", "pypi-AgEI", r"pypi-AgEI[\w-]{50,}"),
    ("SendGrid", "SG.", r"SG\.[\w-]{22}\.[\w-]{43}"),
    ("Shopify", "shpat_", r"shpat_[0-9a-f]{32}"),
    ("Slack", "xox", r"xox[abeoprs]-[0-9]{6,}-[0-9A-Za-z-]{12,}"),
    ("Slack", "hooks.slack.com", r"hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"),
    ("Stripe", "_live_", r"[rs]k_live_[0-9A-Za-z]{24,}"),
    ("Tailscale", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9]{8,}-[A-Za-z0-9]{20,}"),
    ("Vault", "hvs.", r"hvs\.[\w-]{90,}"),
    ("JWT", "eyJ", r"(?<![.-])eyJ[\w-]{14,4000}\.eyJ[\w-]{14,8000}\.[\w-]{27,2000}"),
)
_MIN_TOKEN_DISTINCT = 10  # xxxxxxxx and 00000000 stand for a token in documentation

# Expressions below are compiled when first used (and kept, by re): most commits hold none of these shapes.
_PEM = (
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\s|\\[nr]|[|>+#\"',-]|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*)*[A-Za-z0-9+/=]{32}"
)
_PUTTY = rb"PuTTY-User-Key-File-[23]:"
_KIND_SECRET = rb"""kind["']?\s*:\s*["']?Secret["']?[ \t]*(?:[,}#\r\n]|$)"""
_KUBECONFIG = (
    rb"""(?<![\w-])kind["']?[ \t]*:[ \t]*["']?Config\b""",
    rb"""(?<![\w-])(?:client-key-data|token|password)["']?[ \t]*:[ \t]*["']?[^\s"'<{$]{8}""",
)

LITERALS: dict[bytes, str] = {
    b"PRIVATE KEY": PRIVATE_KEY,
    b"PuTTY-User-Key-File-": PRIVATE_KEY,
    b"Secret": SECRET_MANIFEST,
    b"secretGenerator": SECRET_MANIFEST,
    b"current-context": SECRET_FILE,
    b"client-key-data": SECRET_FILE,
    **{literal.encode(): TOKEN for _, literal, _ in _TOKENS},
}


class Shape(NamedTuple):
    """Something secret by its shape: the rule, the 1-based line, and what it is, without any of its text."""

    rule: str
    line: int
    what: str


def find_shapes(text: bytes, literals: set[bytes]) -> Iterator[Shape]:
    """Yield what is secret in a text.

    Args:
        text: the whole file.
        literals: those of LITERALS that occur in it.
    """
    rules = {LITERALS[literal] for literal in literals}
    for issuer, literal, pattern in _TOKENS:
        if literal.encode() in literals:
            for match in re.finditer(rb"(?<![A-Za-z0-9_])" + pattern.encode(), text):
                if not _is_sample(match[0]):
                    yield Shape(TOKEN, _line(text, match.start()), f"a token ({issuer})")
    if PRIVATE_KEY in rules:
        for key_pattern in (_PEM, _PUTTY):
            for match in re.finditer(key_pattern, text):
                yield Shape(PRIVATE_KEY, _line(text, match.start()), "a private key")
    if SECRET_FILE in rules and all(re.search(sign, text) for sign in _KUBECONFIG):
        first = min(text.find(found) for found in literals if LITERALS[found] == SECRET_FILE)
        yield Shape(SECRET_FILE, _line(text, first), "a kubeconfig with credentials")
    if SECRET_MANIFEST in rules and (re.search(_KIND_SECRET, text) or b"secretGenerator" in literals):
        yield from find_clear_secrets(text)


def _line(text: bytes, offset: int) -> int:
    return text.count(b"\n", 0, offset) + 1


def _is_sample(token: bytes) -> bool:
    return len(set(token)) < _MIN_TOKEN_DISTINCT or token.endswith(b"EXAMPLE")


_REFERENCE = r"(?s)\$\{[^}]*\}|\$\([^)]*\)|\$\w+|<[^<>]*>|ENC\[.*\]|(?:ref\+|vault:|op://).*"


def find_clear_secrets(text: bytes) -> Iterator[Shape]:
    """Yield the data of every Secret manifest that stands there in clear.

    Values that only refer to a secret are not clear: templates, `${VAR}`, `<placeholder>`, SOPS. Text
    that is no YAML even with its templates taken out is read by its indentation.
    """
    from wildgit.core.guard.yaml_nodes import read_nodes, without_templates
    from wildgit.errors import InputError

    try:
        documents = read_nodes(without_templates(text), "")
    except InputError:
        yield from _clear_by_indentation(text)
        return
    for document in documents:
        if document.get("sops", "mac") is not None:
            continue
        for node in document.walk():
            if node.pairs is None:
                continue
            line = _clear_line(node) or _literal_line(node)
            if line:
                yield Shape(SECRET_MANIFEST, line, "the data of a Kubernetes Secret in clear")


def _clear_line(node: Node) -> int:
    if node.string("kind") != "Secret":
        return 0
    for field in ("data", "stringData"):
        data = node.get(field)
        for _, value in data.pairs or [] if data is not None else []:
            if value.text is not None and is_clear(value.text):
                return value.line
    return 0


def _literal_line(node: Node) -> int:
    for generator in node.sequence("secretGenerator"):
        for literal in generator.sequence("literals"):
            if literal.text is not None and is_clear(literal.text.partition("=")[2].strip("\"'")):
                return literal.line
    return 0


def is_clear(value: str) -> bool:
    """Return whether a value of a Secret is there for all to read, rather than a reference to one."""
    bare = value.strip()
    return bool(bare) and STAND_IN not in bare and re.fullmatch(_REFERENCE, bare) is None


_INDENTED = rb"(\s*(?:- )?)(['\"]?)([\w.-]+)\2:(?:[ \t]+([^\s#].*))?"


def _clear_by_indentation(text: bytes) -> Iterator[Shape]:
    kind_indent = data_indent = -1
    data_line = 0
    is_sops = b"\nsops:" in text
    for number, line in enumerate([*text.split(b"\n"), b"---"], 1):
        match = re.match(_INDENTED, line)
        if line.startswith(b"---"):
            if kind_indent >= 0 and data_line and not is_sops:
                yield Shape(SECRET_MANIFEST, data_line, "the data of a Kubernetes Secret in clear")
            kind_indent = data_indent = -1
            data_line = 0
        elif match is not None:
            indent, key = len(match[1]), match[3]
            value = (match[4] or b"").strip().strip(b"\"'").decode("utf-8", "replace")
            if key == b"kind" and value == "Secret":
                kind_indent = indent
            elif key in (b"data", b"stringData") and not value:
                data_indent = indent
            elif data_indent >= 0 and indent > data_indent:
                if not data_line and "{{" not in value and is_clear(value):
                    data_line = number
            elif indent <= data_indent:
                data_indent = -1
