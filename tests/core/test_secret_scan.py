"""The scanner on texts: every value in every encoding, shapes, allowances; and what is no finding."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.guard.findings import Finding
from wildgit.core.guard.known_values import KnownValues, parse_known
from wildgit.core.guard.secret_scan import RULES, Scanner
from wildgit.core.guard.secret_values import Leaf, read_public

MANIFEST = b"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ghost
spec:
  replicas: 2   # enough for now
  template:
    spec:
      containers:
        - name: ghost
          image: ghost:5.82
          env:
            - name: url
              value: "https://blog.example.com"
"""
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda value: value,
    "trimmed": str.strip,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 after one byte": lambda value: base64.b64encode(b":" + value.encode() + b"@host").decode(),
    "base64 after two bytes": lambda value: base64.b64encode(b"u:" + value.encode() + b"\n").decode(),
    "base64 in a URL": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64, wrapped": lambda value: base64.encodebytes(b"x" * 50 + value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "URL": lambda value: quote(value, safe=""),
    "url": lambda value: quote(value).replace("%2F", "%2f"),
    "user:pass@": lambda value: f"postgres://ghost:{quote(value, safe='')}@db:5432/ghost",
    "JSON": json.dumps,
    "JSON, unicode kept": lambda value: json.dumps(value, ensure_ascii=False),
    "YAML": lambda value: yaml.safe_dump({"key": value}, allow_unicode=True),
    "YAML, double quotes": lambda value: yaml.safe_dump({"key": value}, default_style='"', width=60),
    "YAML, single quotes": lambda value: "'" + value.replace("'", "''") + "'",
    "YAML, block scalar": lambda value: "key: |\n" + "".join(f"      {line}\n" for line in value.split("\n")),
}


def make_values(count: int = 200) -> list[str]:
    """Return secrets of all sorts: short words, passwords, random characters, keys, URLs."""
    rng = random.Random(5)
    words = ["hunter2", "swordfish", "abc123", "geheim", "iloveyou", "opensesame", "pa55word", "tr0ub4dor"]

    def token(size: int, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(rng.choices(letters, k=size))

    def make(kind: int) -> str:
        match kind % 6:
            case 0:
                return rng.choice(words) + token(rng.randint(0, 3), string.digits)
            case 1:
                return token(4) + rng.choice(["'", '"', "\\", "%", "/", "&", " ", "#", "''"]) + token(5)
            case 2:
                return token(3) + rng.choice(["ü", "ß", "日本", "🔑", "é"]) + token(6, string.ascii_lowercase)
            case 3:
                return token(32)
            case 4:
                body = "\n".join(base64.b64encode(rng.randbytes(48)).decode() for _ in range(4))
                return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
            case _:
                return f"postgres://app:{token(12)}@db.{token(5).lower()}.svc:5432/app?sslmode=disable"

    return [make(kind) for kind in range(count)]


VALUES = make_values()
SECRETS = [Leaf(f"apps.app{i}.key", value) for i, value in enumerate(VALUES)]
SCANNER = Scanner(SECRETS)


def plant(secret: str, rng: random.Random) -> bytes:
    place = rng.randrange(len(MANIFEST) + 1)
    return MANIFEST[:place] + secret.encode() + MANIFEST[place:]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_value_is_found_in_every_encoding_and_never_shown(encoding: str) -> None:
    rng = random.Random(encoding)
    for value in VALUES:
        text = plant(ENCODINGS[encoding](value), rng)
        key = next(leaf.key for leaf in SECRETS if leaf.value == value)
        found = SCANNER.scan_file("apps/ghost/deployment.yaml", text)
        assert any(key in finding.key.split(", ") for finding in found), (value, text)
        assert value.strip() not in repr(found)


def test_every_value_is_found_in_a_path_and_masked_there() -> None:
    for value in VALUES:
        name = quote(value, safe="") if "/" in value or "\n" in value else value
        found = SCANNER.scan_file(f"apps/{name}/note.txt", b"")
        assert any(finding.rule == "secret-value" for finding in found), value
        assert name not in repr(found)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_line_of_a_finding_is_the_line_it_stands_in(line_end: str) -> None:
    text = f'a: 1{line_end}b: 2{line_end}c: "x\\tZ\\u0062 kQ9secret"{line_end}'.encode()
    scanner = Scanner([Leaf("k", "Zb kQ9secret")])
    assert [finding.line for finding in scanner.scan_text("f", text)] == [3]


def test_short_values_and_public_values_are_left_out_and_said_by_key() -> None:
    public = read_public(b"apps:\n  ghost:\n    dbUser: ghostuser\n", "config.yaml")
    scanner = Scanner([Leaf("a", "x1"), Leaf("b", "ghostuser")], public=public)
    assert scanner.skipped == [
        ("a", "shorter than 6 characters"),
        ("b", "equal to apps.ghost.dbUser in config.yaml"),
    ]
    assert scanner.scan_text("f", b"x1 ghostuser") == []


def test_a_large_or_binary_file_is_searched_for_values_across_its_pieces() -> None:
    scanner = Scanner([Leaf("k", "Zb3kQ9secret")])
    pieces = [b"\0" + b"x\n" * 500_000 + b"Zb3k", b"Q9secret\nAKIAQWERTYUIOPASDFGH"]
    found = scanner.scan_file("dump.bin", pieces[0], rest=pieces[1:])
    assert [(finding.rule, finding.line) for finding in found] == [("secret-value", 500_001)]


def test_utf_16_is_text() -> None:
    scanner = Scanner([Leaf("k", "Zb3kQ9secret")])
    assert scanner.scan_text("f", "a\npassword: Zb3kQ9secret\n".encode("utf-16"))[0].line == 2


def test_an_allowance_needs_its_rule_and_a_reason() -> None:
    scanner = Scanner([Leaf("k", "Zb3kQ9secret")])
    lines = [
        "a: Zb3kQ9secret  # wild:allow secret-value only a sample",
        "b: Zb3kQ9secret  # wild:allow secret-value",
        "c: Zb3kQ9secret  # wild:allow token only a sample",
    ]
    found = scanner.scan_text("f", "\n".join(lines).encode())
    assert [finding.allowed for finding in found] == ["only a sample", "", ""]


def test_an_allowance_at_a_block_scalar_counts_for_its_first_line() -> None:
    key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg"
    text = f"key: |  # wild:allow private-key a test key\n  -----BEGIN PRIVATE KEY-----\n  {key}\n".encode()
    assert [finding.allowed for finding in Scanner([]).scan_text("f", text)] == ["a test key"]


def rules(text: str, path: str = "apps/x/file.yaml") -> list[tuple[str, int]]:
    return [(finding.rule, finding.line) for finding in Scanner([]).scan_file(path, text.encode())]


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SECRET + "data:\n  password: aHVudGVyMg==\n", 5),
        (SECRET + "stringData:\n  password: hunter2\n", 5),
        ("stringData:\n  password: hunter2\napiVersion: v1\nkind: Secret\n", 2),
        ("kind: ConfigMap\ndata: {a: b}\n---\n" + SECRET + "data: {a: eA==}\n", 7),
        ("kind: List\nitems:\n- kind: ConfigMap\n- data:\n    a: eA==\n  kind: Secret\n", 5),
        ('{"kind": "Secret", "data": {"a": "eA=="}}', 1),
        ("{{ if .x }}\n" + SECRET + "data:\n  {{ .name }}: eA==\n{{ end }}\n", 6),
        (SECRET + "data:\n  a: eA==\n bad yaml: [\n", 5),
        ("kind: 'Secret' # x\nstringData:\n  a: |\n    hunter2\n", 3),
        ("secretGenerator:\n- name: db\n  literals:\n  - password=hunter2\n", 4),
    ],
)
def test_a_secret_manifest_in_clear_is_found(text: str, line: int) -> None:
    assert rules(text) == [("secret-manifest", line)]


@pytest.mark.parametrize(
    "text",
    [
        SECRET + "data: {}\n",
        SECRET + "data:\n  password: ''\n",
        SECRET + "stringData:\n  password: {{ .secrets.password }}\n",
        SECRET + "stringData:\n  password: ${DB_PASSWORD}\n",
        SECRET + "stringData:\n  password: <path:kv/data/db#password>\n",
        SECRET + "data:\n  a: ENC[AES256_GCM,data:x,tag:y]\nsops:\n  mac: ENC[x]\n",
        "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgBy\n  template:\n    data: {x: y}\n",
        "kind: ExternalSecret\nspec:\n  target:\n    template:\n      data: {a: '{{ .b }}'}\n",
        "valuesFrom:\n- kind: Secret\n  name: x\n",
        "kind: ConfigMap\ndata:\n  kind: Secret\n  data: x\n",
    ],
)
def test_what_is_encrypted_or_only_refers_to_a_secret_is_fine(text: str) -> None:
    assert rules(text) == []


@pytest.mark.parametrize(
    "path",
    [
        "secrets.yaml",
        "a/b/secrets.yaml",
        "kubeconfig",
        "x/kubeconfig",
        ".kube/config",
        "id_ed25519",
        "x.agekey",
    ],
)
def test_files_are_refused_by_name(path: str) -> None:
    assert rules("a: b\n", path) == [("secret-file", 0)]


@pytest.mark.parametrize(
    "path", ["secrets.yaml.example", "docs/kubeconfig.md", "id_ed25519.pub", "secret.yaml"]
)
def test_files_of_similar_names_are_fine(path: str) -> None:
    assert rules("a: b\n", path) == []


def test_an_encrypted_secrets_file_below_the_root_is_fine() -> None:
    sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {a: Ag}}\n"
    assert rules(sealed, "apps/x/secrets.yaml") == []
    assert rules(sealed, "secrets.yaml") == [("secret-file", 0)]
    assert ("secret-file", 0) in rules(SECRET + "data: {a: eA==}\n", "apps/x/secrets.yaml")


def test_a_kubeconfig_is_known_by_its_content() -> None:
    text = "kind: Config\ncurrent-context: x\nusers:\n- name: x\n  user:\n    token: abcdefghijkl\n"
    assert rules(text, "cluster.yaml") == [("secret-file", 2)]
    assert rules(text.replace("token: abcdefghijkl", "exec: {command: aws}"), "cluster.yaml") == []


def alnum(size: int) -> str:
    return "".join(random.Random(size).choices(string.ascii_letters + string.digits, k=size))


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + alnum(36),
        "glpat-" + alnum(20),
        "AKIA" + "QWERTYUIOPASDFGH",
        "xoxb-" + "123456789012-" + alnum(24),
        "AIza" + alnum(35),
        "sk_live_" + alnum(24),
        "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "npm_" + alnum(36),
        "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
        "SG." + alnum(22) + "." + alnum(43),
        "https://hooks.slack.com/services/T" + "12345678/B12345678/" + alnum(24),
        ".".join(["eyJ" + alnum(33), "eyJ" + alnum(60), alnum(43)]),
    ],
)
def test_a_token_is_found_by_its_format_and_its_documented_sample_is_not(token: str) -> None:
    assert rules(f"# a comment\nkey: {token}\n") == [("token", 2)]
    assert rules(f"key: {token[:6] + 'x' * (len(token) - 6)}\n") == []


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_found_and_a_mention_of_one_is_not(kind: str) -> None:
    body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg"
    assert rules(f"x:\n  -----BEGIN {kind}PRIVATE KEY-----\n  {body}\n") == [("private-key", 2)]
    assert rules(f'{{"k": "-----BEGIN {kind}PRIVATE KEY-----\\n{body}"}}') == [("private-key", 1)]
    assert rules(f"grep -----BEGIN {kind}PRIVATE KEY----- file\n") == []


@given(st.binary(max_size=400))
def test_any_bytes_are_scanned_without_an_exception(data: bytes) -> None:
    text = b"kind: Secret\nsecretGenerator\ncurrent-context PRIVATE KEY eyJ" + data
    assert all(isinstance(finding, Finding) for finding in SCANNER.scan_file("a", text))
    SCANNER.scan_file(data.decode("utf-8", "surrogateescape"), b"")


def test_every_rule_has_a_reason() -> None:
    assert set(RULES) == {
        "secret-file", "secret-value", "secret-rotated", "secret-manifest", "private-key", "token"
    }  # fmt: skip
    assert all(reason.endswith(".") for reason in RULES.values())


def rotated(old: list[Leaf], new: list[Leaf]) -> Scanner:
    known = KnownValues(b"k" * 32).with_current(old, "1").with_current(new, "2")
    return Scanner(new, known=parse_known(known.to_text()))


def former_spellings(value: str) -> Iterator[str]:
    encoded = base64.b64encode(value.encode()).decode()
    yield from (value, quote(value, safe=""), json.dumps(value), encoded, value.encode().hex())
    yield base64.b64encode(f"{value}\n".encode()).decode()


@pytest.mark.parametrize("old", ["hunter2", "pa'ss/wörd9", "Zb3kQ9Zb3kQ9Zb3kQ9Zb3kQ9Zb3kQ9xx"])
def test_a_value_that_was_rotated_away_stays_forbidden(old: str) -> None:
    scanner = rotated([Leaf("apps.ghost.key", old)], [Leaf("apps.ghost.key", "the new value")])
    for spelled in former_spellings(old):
        found = scanner.scan_text("f", f"x: 1\ny: {spelled}\n".encode())
        assert [(finding.rule, finding.line, finding.key) for finding in found] == [
            ("secret-rotated", 2, "apps.ghost.key")
        ], spelled
        assert old not in scanner.mask(f"at {spelled} there")


def test_a_value_that_comes_back_is_current_again_and_no_value_is_kept_in_clear() -> None:
    known = KnownValues(b"k" * 32).with_current([Leaf("a", "hunter2")], "1").with_current([], "2")
    assert known.has_rotated
    again = known.with_current([Leaf("b", "hunter2")], "3")
    assert not again.has_rotated
    assert "hunter2" not in again.to_text()


MIB = 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        b"a" * MIB,
        b"aaaaaaaa\n" * (MIB // 9),
        b"current-context" + b"\n" * (MIB - 15),
        b"kind: Secret\n" + b"{{" * (MIB // 2 - 10),
        b"kind: Secret\n" + b"[" * (MIB - 20),
        b"eyJ" * (MIB // 3),
        b"-----BEGIN PRIVATE KEY-----" * (MIB // 27),
        b"-----BEGIN PRIVATE KEY-----" + b" " * (MIB - 27),
        b"\\" * MIB,
        b"%61" * (MIB // 3),
        b"''" * (MIB // 2),
        b"\n" * MIB,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_no_text_holds_the_guard_up(text: bytes) -> None:
    scanner = Scanner([Leaf("k", "a" * 8), Leaf("l", "correct horse battery")])
    start = time.process_time()
    scanner.scan_text("f", text)
    assert time.process_time() - start < 5  # a tenth of it where nothing else runs; quadratic takes minutes


def test_a_line_with_a_value_in_many_forms_is_one_finding() -> None:
    scanner = Scanner([Leaf("k", "Zb3kQ9secret")])
    text = b"Zb3kQ9secret Zb3kQ9secret " + base64.b64encode(b"Zb3kQ9secret")
    assert len(scanner.scan_text("f", text)) == 1
