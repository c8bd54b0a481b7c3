"""Realistic manifests, and edits of them that are tracked, for the laws of the merge.

A file is a tree that knows its layout: comments, quotes, flow and block collections, block scalars,
and one of several styles of indentation. An edit changes one entry of it and leaves a word in the
text that occurs nowhere else, so that it can be found again in whatever the merge makes of it.
Everything follows from a seed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import yaml

# What identifies a resource or an element of a list is not edited: renames have tests of their own.
_IDENTITY = frozenset(
    {
        "apiVersion",
        "kind",
        "name",
        "alert",
        "namespace",
        "containerPort",
        "port",
        "protocol",
        "mountPath",
        "host",
        "path",
        "pathType",
        "key",
        "secretName",
        "apiGroups",
        "resources",
        "resourceNames",
        "group",
        "claimName",
        "storage",
        "served",
        "operator",
        "effect",
        "roleRef",
        "plural",
        "singular",
        "scope",
    }
)


@dataclass
class Entry:
    """A key or dash with its value and comments; `uid` is the same on all sides."""

    uid: int
    key: str | None
    value: Value
    head: list[str] = field(default_factory=list)
    line: str | None = None


@dataclass
class Collection:
    """A mapping (its entries have keys) or a sequence, in block or flow style."""

    entries: list[Entry]
    is_map: bool
    flow: bool = False


@dataclass
class BlockScalar:
    lines: list[str]


Value = Collection | BlockScalar | str


@dataclass(frozen=True)
class Style:
    """How a file is laid out: columns of nested mappings, and of dashes below their key."""

    indent: int
    dash_indent: int


STYLES = (Style(2, 0), Style(2, 2), Style(4, 2))


@dataclass(frozen=True)
class Edit:
    """One tracked edit.

    Attributes:
        kind: set, add, delete, comment, line.
        uid: the entry that was changed, or the one that the new one stands behind.
        word: what the text has since; of a deletion, what it had alone, empty where nothing is unique.
        inside: uids of the collections around it, which must not go.
        gone: uids of the entries that a deletion takes along.
    """

    kind: str
    uid: int
    word: str
    inside: frozenset[int]
    gone: frozenset[int] = frozenset()


@dataclass
class File:
    """A stream of documents."""

    documents: list[Entry]
    style: Style

    def entries(self) -> Iterator[Entry]:
        for document in self.documents:
            yield from _walk(document)

    def text(self, style: Style | None = None) -> bytes:
        chosen = style or self.style
        return "---\n".join(_print_document(document, chosen) for document in self.documents).encode()


def make_file(rnd: Random) -> File:
    """Return a file of one to three documents of different kinds, with comments in it."""
    makers = rnd.sample(list(MAKERS), rnd.choice((1, 1, 1, 2, 3)))
    builder = _Builder(rnd)
    documents = [builder.entry(None, make(rnd)) for make in makers]
    return File(documents, rnd.choice(STYLES))


def make_edits(file: File, rnd: Random, count: int, side: str) -> tuple[File, list[Edit]]:
    """Return a copy of the file with up to `count` edits in different entries, and the edits."""
    changed = copy.deepcopy(file)
    editor = _Editor(changed, rnd, side)
    edits = [edit for edit in (editor.make() for _ in range(count)) if edit is not None]
    return changed, edits


def clash(ours: list[Edit], theirs: list[Edit]) -> bool:
    """Return whether the edits can't all be done, so that a clean merge would have lost one."""
    return any(
        _clash(one, other)
        for deleting, editing in ((ours, theirs), (theirs, ours))
        for one in deleting
        for other in editing
        # A deletion and an addition in one place read like a new value, above which a comment may stay.
        if not (other.kind == "comment" and _is_replaced(one, deleting))
    )


def _is_replaced(deletion: Edit, edits: list[Edit]) -> bool:
    return any(edit.kind == "add" and edit.inside == deletion.inside for edit in edits)


def _clash(one: Edit, other: Edit) -> bool:
    if one.gone:
        return other.kind != "delete" and (
            (other.uid in one.gone and other.kind != "add") or bool(one.gone & other.inside)
        )
    return one.uid == other.uid and one.kind == other.kind and one.kind in ("set", "comment")


def merge_data(base: File, ours: File, theirs: File) -> list[object]:
    """Return the data that both sides' edits make of base, entry by entry and without any text.

    An entry that a side changed is its; what theirs adds stands behind what ours adds in the same place.
    Lines of block scalars that both sides changed are not merged here: ours are taken.
    """
    return [
        _data(_merge_entry(*entries))
        for entries in zip(base.documents, ours.documents, theirs.documents, strict=True)
    ]


def _merge_entry(base: Entry, ours: Entry, theirs: Entry) -> Entry:
    if isinstance(base.value, Collection):
        assert isinstance(ours.value, Collection) and isinstance(theirs.value, Collection)
        entries = _merge_entries(base.value.entries, ours.value.entries, theirs.value.entries)
        return Entry(base.uid, base.key, Collection(entries, base.value.is_map))
    return theirs if ours.value == base.value else ours


def _merge_entries(base: list[Entry], ours: list[Entry], theirs: list[Entry]) -> list[Entry]:
    before, mine, yours = ({entry.uid: entry for entry in side} for side in (base, ours, theirs))
    merged = [
        _merge_entry(before[entry.uid], entry, yours[entry.uid]) if entry.uid in before else entry
        for entry in ours
        if entry.uid not in before or entry.uid in yours
    ]
    for index, entry in enumerate(theirs):
        if entry.uid in before:
            continue
        order = [present.uid for present in merged]
        behind = next((order.index(e.uid) + 1 for e in reversed(theirs[:index]) if e.uid in order), 0)
        while behind < len(merged) and merged[behind].uid in mine and merged[behind].uid not in before:
            behind += 1
        merged.insert(behind, entry)
    return merged


def _data(entry: Entry) -> object:
    value = entry.value
    if isinstance(value, BlockScalar):
        return "\n".join(value.lines) + "\n"
    if isinstance(value, str):
        return yaml.safe_load(value)
    if value.is_map:
        return {child.key: _data(child) for child in value.entries}
    return [_data(child) for child in value.entries]


# --- trees -----------------------------------------------------------------------------------------


class _Builder:
    """Turns plain data into entries, with comments, quotes and flow collections by chance."""

    def __init__(self, rnd: Random, first_uid: int = 0) -> None:
        self.rnd = rnd
        self.uid = first_uid

    def entry(self, key: str | None, data: object, *, flow: bool = False) -> Entry:
        self.uid += 1
        entry = Entry(self.uid, key, self._value(data, flow))
        if not flow and key is not None and self.rnd.random() < 0.12:
            entry.head = [f"# {self._words()}"] * 1
        if not flow and isinstance(entry.value, str) and self.rnd.random() < 0.08:
            entry.line = f"# {self._words()}"
        return entry

    def _value(self, data: object, flow: bool) -> Value:
        if isinstance(data, str) and "\n" in data:
            return BlockScalar(data.rstrip("\n").split("\n"))
        if isinstance(data, dict):
            return Collection([self.entry(key, value, flow=flow) for key, value in data.items()], True, flow)
        if isinstance(data, list):
            flow = flow or (all(isinstance(item, str) for item in data) and self.rnd.random() < 0.4)
            return Collection([self.entry(None, item, flow=flow) for item in data], False, flow)
        if isinstance(data, bool):
            return "true" if data else "false"
        return str(data) if isinstance(data, int) else _quoted(str(data))

    def _words(self) -> str:
        return " ".join(self.rnd.choice(_WORDS) for _ in range(self.rnd.randint(1, 4))) + f" {self.uid};"


def _quoted(text: str) -> str:
    plain = text and text[0].isalpha() and all(c.isalnum() or c in "-_./:=" for c in text) and text[-1] != ":"
    return text if plain and text not in ("true", "false", "yes", "no", "on", "off") else f'"{text}"'


def _walk(entry: Entry) -> Iterator[Entry]:
    yield entry
    if isinstance(entry.value, Collection):
        for child in entry.value.entries:
            yield from _walk(child)


def _print_document(document: Entry, style: Style) -> str:
    assert isinstance(document.value, Collection)
    return "".join(f"{line}\n" for line in _block(document.value, style, 0))


def _block(collection: Collection, style: Style, column: int) -> Iterator[str]:
    for entry in collection.entries:
        pad = " " * column
        yield from (pad + comment for comment in entry.head)
        if collection.is_map:
            yield from _keyed(entry, style, column)
        else:
            yield from _item(entry, style, column)


def _keyed(entry: Entry, style: Style, column: int) -> Iterator[str]:
    start = f"{' ' * column}{entry.key}:"
    value = entry.value
    if isinstance(value, Collection) and value.entries and not value.flow:
        yield start
        yield from _block(value, style, column + (style.indent if value.is_map else style.dash_indent))
    elif isinstance(value, BlockScalar):
        yield f"{start} |"
        yield from (" " * (column + style.indent) + line if line else "" for line in value.lines)
    else:
        yield f"{start} {_inline(value)}" + (f" {entry.line}" if entry.line else "")


def _item(entry: Entry, style: Style, column: int) -> Iterator[str]:
    pad, value = " " * column, entry.value
    if isinstance(value, Collection) and value.entries and not value.flow:
        first, *rest = _block(value, style, column + 2)
        yield f"{pad}- {first[column + 2 :]}"
        yield from rest
    elif isinstance(value, BlockScalar):
        yield f"{pad}- |"
        yield from (" " * (column + 2) + line if line else "" for line in value.lines)
    else:
        yield f"{pad}- {_inline(value)}" + (f" {entry.line}" if entry.line else "")


def _inline(value: Value) -> str:
    if isinstance(value, str):
        return value
    assert isinstance(value, Collection)
    if value.is_map:
        return "{" + ", ".join(f"{entry.key}: {_inline(entry.value)}" for entry in value.entries) + "}"
    return "[" + ", ".join(_inline(entry.value) for entry in value.entries) + "]"


# --- edits -----------------------------------------------------------------------------------------


class _Editor:
    def __init__(self, file: File, rnd: Random, side: str) -> None:
        self.file = file
        self.rnd = rnd
        self.side = side
        self.touched: set[int] = set()
        self.next_uid = 100_000 if side == "ours" else 200_000
        self.parents = {
            child.uid: entry
            for entry in file.entries()
            if isinstance(entry.value, Collection)
            for child in entry.value.entries
        }

    def make(self) -> Edit | None:
        """Make one edit in an entry that this side has not touched; None if the dice found none."""
        for _ in range(10):
            kind = self.rnd.choice(("set", "set", "set", "add", "add", "delete", "comment", "line"))
            entry = self.rnd.choice([entry for entry in self.file.entries() if entry.uid < 100_000])
            if self._related(entry) & self.touched or self._is_identity(entry):
                continue
            edit: Edit | None = getattr(self, f"_{kind}")(entry)
            if edit is not None:
                self.touched |= edit.gone | {entry.uid}
                return edit
        return None

    def _related(self, entry: Entry) -> set[int]:
        return self._above(entry) | {below.uid for below in _walk(entry)}

    def _above(self, entry: Entry) -> frozenset[int]:
        above = set()
        parent = self.parents.get(entry.uid)
        while parent is not None:
            above.add(parent.uid)
            parent = self.parents.get(parent.uid)
        return frozenset(above)

    def _is_identity(self, entry: Entry) -> bool:
        return entry.key in _IDENTITY or entry.uid not in self.parents

    def _in_identity(self, entry: Entry) -> bool:
        parent = self.parents.get(entry.uid)
        return parent is not None and (parent.key in _IDENTITY or self._in_identity(parent))

    def _word(self) -> str:
        letters = "bcdfghjklmnpqrstvwxz"
        return self.side[0].upper() + "".join(self.rnd.choice(letters) for _ in range(9))

    def _set(self, entry: Entry) -> Edit | None:
        if not isinstance(entry.value, str) or self._in_identity(entry):
            return None
        word = str(self.rnd.randint(10**9, 10**10)) if entry.value.isdecimal() else self._word()
        entry.value = word
        return Edit("set", entry.uid, word, self._above(entry))

    def _add(self, entry: Entry) -> Edit | None:
        """Put a new entry behind this one."""
        parent = self.parents[entry.uid]
        collection = parent.value
        assert isinstance(collection, Collection)
        if self._in_identity(entry) or parent.key in _IDENTITY:
            return None
        word = self._word()
        new = self._new_key(word) if collection.is_map else self._new_item(entry, word)
        if new is None:
            return None
        collection.entries.insert(collection.entries.index(entry) + 1, new)
        return Edit("add", entry.uid, word, self._above(entry))

    def _new_key(self, word: str) -> Entry:
        self.next_uid += 1
        return Entry(self.next_uid, f"x{word}", self._word())

    def _new_item(self, sibling: Entry, word: str) -> Entry | None:
        self.next_uid += 1
        if isinstance(sibling.value, str):
            return Entry(self.next_uid, None, word)
        if not isinstance(sibling.value, Collection) or not sibling.value.is_map:
            return None
        keys = {entry.key for entry in sibling.value.entries}
        if "name" not in keys or keys & {"containerPort", "port", "mountPath"}:
            return None
        self.next_uid += 2
        fields = [Entry(self.next_uid - 1, "name", word.lower()), Entry(self.next_uid, "x", self._word())]
        return Entry(self.next_uid - 2, None, Collection(fields, True, sibling.value.flow))

    def _delete(self, entry: Entry) -> Edit | None:
        parent = self.parents[entry.uid]
        collection = parent.value
        assert isinstance(collection, Collection)
        if self._in_identity(entry) or len(collection.entries) < 3:
            return None
        if any(below.uid in self.touched or below.uid >= 100_000 for below in _walk(entry)):
            return None
        gone = frozenset(below.uid for below in _walk(entry))
        # Every comment has the uid of its entry in it, so it occurs nowhere else.
        words = [comment for below in _walk(entry) for comment in below.head]
        collection.entries.remove(entry)
        return Edit("delete", entry.uid, words[0] if words else "", self._above(entry), gone)

    def _comment(self, entry: Entry) -> Edit | None:
        parent = self.parents[entry.uid]
        if isinstance(parent.value, Collection) and (parent.value.flow or parent.value.entries[0] is entry):
            return None
        word = self._word()
        entry.head = [f"# {word}"]
        return Edit("comment", entry.uid, word, self._above(entry))

    def _line(self, entry: Entry) -> Edit | None:
        if not isinstance(entry.value, BlockScalar):
            return None
        word = self._word()
        at = self.rnd.randrange(len(entry.value.lines))
        if self.rnd.random() < 0.5:
            entry.value.lines.insert(at, word)
        else:
            entry.value.lines[at] = word
        return Edit("line", entry.uid, word, self._above(entry))


# --- kinds -----------------------------------------------------------------------------------------

_WORDS = ("keep", "this", "old", "cluster", "runbook", "before", "changing", "needed", "metrics", "remove")
_NAMES = ("web", "api", "worker", "cache", "db", "proxy", "metrics", "auth")


def _meta(rnd: Random, name: str) -> dict[str, object]:
    meta: dict[str, object] = {"name": name, "labels": {"app": name, "tier": rnd.choice(("front", "back"))}}
    if rnd.random() < 0.4:
        meta["annotations"] = {"example.com/owner": "team-" + name, "example.com/notes": "see wiki"}
    return meta


def _container(rnd: Random, name: str) -> dict[str, object]:
    container: dict[str, object] = {
        "name": name,
        "image": f"registry.example.com/{name}:1.{rnd.randint(0, 9)}",
        "args": [f"--{word}={rnd.randint(1, 9)}" for word in rnd.sample(_WORDS, 3)],
        "env": [
            {"name": word.upper(), "value": rnd.choice(_NAMES)}
            for word in rnd.sample(_NAMES, rnd.randint(1, 4))
        ],
        "ports": [{"containerPort": 8000 + i, "name": f"p{i}"} for i in range(rnd.randint(1, 2))],
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": f"{rnd.randint(1, 9)}Gi"},
        },
    }
    if rnd.random() < 0.5:
        container["volumeMounts"] = [
            {"name": "data", "mountPath": "/srv"},
            {"name": "tmp", "mountPath": "/tmp"},
        ]
    if rnd.random() < 0.4:
        container["livenessProbe"] = {"httpGet": {"path": "/healthz", "port": 8000}, "periodSeconds": 10}
    return container


def _deployment(rnd: Random) -> dict[str, object]:
    name = rnd.choice(_NAMES)
    containers = [_container(rnd, container) for container in rnd.sample(_NAMES, rnd.randint(1, 3))]
    pod: dict[str, object] = {
        "serviceAccountName": name,
        "containers": containers,
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": name}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    if rnd.random() < 0.4:
        pod["tolerations"] = [{"key": "slow", "operator": "Exists", "effect": "NoSchedule"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(rnd, name),
        "spec": {
            "replicas": rnd.randint(1, 5),
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": {"app": name, "part": "server"}}, "spec": pod},
        },
    }


def _service(rnd: Random) -> dict[str, object]:
    name = rnd.choice(_NAMES)
    ports = [
        {"name": f"p{i}", "port": 80 + i, "targetPort": 8000 + i, "protocol": "TCP"}
        for i in range(rnd.randint(1, 3))
    ]
    spec = {"type": "ClusterIP", "selector": {"app": name}, "ports": ports, "sessionAffinity": "None"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(rnd, name), "spec": spec}


def _ingress(rnd: Random) -> dict[str, object]:
    name = rnd.choice(_NAMES)
    rules = []
    for host in rnd.sample(_NAMES, rnd.randint(1, 3)):
        paths = [
            {
                "path": path,
                "pathType": "Prefix",
                "backend": {"service": {"name": host, "port": {"number": rnd.randint(80, 90)}}},
            }
            for path in rnd.sample(("/", "/api", "/static"), rnd.randint(1, 2))
        ]
        rules.append({"host": f"{host}.example.com", "http": {"paths": paths}})
    tls = [{"secretName": "tls", "hosts": [rule["host"] for rule in rules]}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _meta(rnd, name),
        "spec": {"ingressClassName": "nginx", "rules": rules, "tls": tls},
    }


def _role(rnd: Random) -> dict[str, object]:
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": ["get", "list", "watch"]}
        for group, resource in rnd.sample((("", "pods"), ("apps", "deployments"), ("batch", "jobs")), 2)
    ]
    name = rnd.choice(_NAMES)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _meta(rnd, name),
        "rules": rules,
    }


def _binding(rnd: Random) -> dict[str, object]:
    name = rnd.choice(_NAMES)
    subjects = [
        {"kind": "ServiceAccount", "name": other, "namespace": other} for other in rnd.sample(_NAMES, 2)
    ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": _meta(rnd, name),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": subjects,
    }


def _configmap(rnd: Random) -> dict[str, object]:
    lines = ["#!/bin/sh", "set -eu", ""]
    lines += [
        f"{rnd.choice(('echo', 'run', 'wait'))} {word} {i}" for i, word in enumerate(rnd.sample(_WORDS, 6))
    ]
    data = {
        "LEVEL": "info",
        "start.sh": "\n".join(lines) + "\n",
        "MODE": rnd.choice(_NAMES),
        "settings.ini": "[server]\nport = 80\nhost = a\n\n[log]\nlevel = info\n",
        "EMPTY": "",
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(rnd, rnd.choice(_NAMES)), "data": data}


def _crd(rnd: Random) -> dict[str, object]:
    versions = [
        {
            "name": name,
            "served": True,
            "storage": name == "v1",
            "schema": {"openAPIV3Schema": {"type": "object", "description": "what it is", "nullable": False}},
        }
        for name in ("v1alpha1", "v1")
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusters.db.example.com"},
        "spec": {
            "group": "db.example.com",
            "scope": "Namespaced",
            "names": {
                "kind": "Cluster",
                "plural": "clusters",
                "singular": "cluster",
                "listKind": "ClusterList",
            },
            "versions": versions,
        },
    }


def _custom(rnd: Random) -> dict[str, object]:
    members = [
        {"name": name, "zone": f"zone-{name}", "weight": i} for i, name in enumerate(rnd.sample(_NAMES, 3))
    ]
    spec = {"size": rnd.randint(1, 9), "members": members, "backup": {"schedule": "0 3 * * *", "keep": 7}}
    return {
        "apiVersion": "db.example.com/v1",
        "kind": "Cluster",
        "metadata": _meta(rnd, "main"),
        "spec": spec,
    }


def _kustomization(rnd: Random) -> dict[str, object]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": rnd.choice(_NAMES),
        "labels": [{"includeSelectors": True, "pairs": {"app": "web", "part-of": "shop"}}],
        "resources": [f"{name}.yaml" for name in rnd.sample(_NAMES, rnd.randint(2, 5))],
        "images": [{"name": name, "newTag": f"v{i}"} for i, name in enumerate(rnd.sample(_NAMES, 2))],
        "configMapGenerator": [{"name": "settings", "literals": ["MODE=fast", "LEVEL=info"]}],
    }


def _values(rnd: Random) -> dict[str, object]:
    return {
        "image": {
            "repository": "registry.example.com/web",
            "tag": f"1.{rnd.randint(0, 9)}",
            "pullPolicy": "Always",
        },
        "replicaCount": rnd.randint(1, 4),
        "debug": rnd.random() < 0.5,
        "hosts": [f"{name}.example.com" for name in rnd.sample(_NAMES, 3)],
        "extra": {},
        "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b", "c": "d"}},
        "motd": "welcome\n\nto the cluster\n",
    }


def _network_policy(rnd: Random) -> dict[str, object]:
    sources = [{"namespaceSelector": {"matchLabels": {"team": name}}} for name in rnd.sample(_NAMES, 2)]
    targets = [{"ipBlock": {"cidr": f"10.{i}.0.0/16"}} for i in range(rnd.randint(1, 3))]
    spec = {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": sources, "ports": [{"protocol": "TCP", "port": 8000}]}],
        "egress": [{"to": [target], "ports": [{"protocol": "UDP", "port": 53}]} for target in targets],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(rnd, rnd.choice(_NAMES)),
        "spec": spec,
    }


def _alerts(rnd: Random) -> dict[str, object]:
    groups = [
        {
            "name": group,
            "interval": "30s",
            "rules": [
                {
                    "alert": f"{name.title()}Down",
                    "expr": f"up_{name} == 0",
                    "for": "5m",
                    "labels": {"severity": rnd.choice(("warning", "critical"))},
                    "annotations": {"summary": f"{name} is down", "description": "see\nthe runbook\n"},
                }
                for name in rnd.sample(_NAMES, rnd.randint(1, 3))
            ],
        }
        for group in rnd.sample(_NAMES, rnd.randint(1, 2))
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": _meta(rnd, "alerts"),
        "spec": {"groups": groups},
    }


def _workflow(rnd: Random) -> dict[str, object]:
    """What lies beside manifests in a repository: jobs with steps, most of which have a name."""
    jobs = {
        job: {
            "runs-on": "ubuntu-22.04",
            "timeout-minutes": rnd.randint(5, 60),
            "steps": [
                *[
                    {
                        "name": f"{word} {job}",
                        "uses": f"actions/{word}@v{rnd.randint(1, 4)}",
                        "with": {"path": word},
                    }
                    for word in rnd.sample(_WORDS, rnd.randint(2, 4))
                ],
                {"run": f"set -eu\nmake {job}\nmake done\n"},
            ],
        }
        for job in rnd.sample(("build", "test", "lint"), 2)
    }
    return {"name": "ci", "env": {"LEVEL": "info", "MODE": "fast"}, "jobs": jobs}


def _compose(rnd: Random) -> dict[str, object]:
    services = {
        name: {
            "image": f"{name}:1.{rnd.randint(0, 9)}",
            "environment": [f"{word.upper()}={rnd.randint(1, 9)}" for word in rnd.sample(_WORDS, 3)],
            "ports": [f"{8000 + i}:80" for i in range(2)],
            "depends_on": rnd.sample(_NAMES, 2),
        }
        for name in rnd.sample(_NAMES, rnd.randint(2, 3))
    }
    return {"services": services, "volumes": {"data": {"driver": "local"}}}


MAKERS: tuple[Callable[[Random], dict[str, object]], ...] = (
    _deployment,
    _service,
    _ingress,
    _role,
    _binding,
    _configmap,
    _crd,
    _custom,
    _kustomization,
    _values,
    _network_policy,
    _alerts,
    _workflow,
    _compose,
)
