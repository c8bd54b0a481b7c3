"""The rules for an app's manifests, over its files as they are written, so that a finding has its line.

Only what kustomization.yaml lists as resources is held against the rules for resources: a patch is part
of one. Packages are linted like compiled apps, with a stand-in for each template. A rule says why it is
there; a line that means it so carries `# wild:allow RULE REASON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from wildgit.core.guard.findings import Fault, Finding, Insertion, allowed_reason
from wildgit.core.guard.lint_pods import check_pod, check_sql
from wildgit.core.guard.yaml_nodes import Node, read_nodes, without_templates
from wildgit.errors import InputError

RULES: dict[str, str] = {
    "yaml": "What does not parse can't be deployed.",
    "run-as-non-root": "A process that is root in its container is root on the node once it escapes.",
    "seccomp": "RuntimeDefault takes system calls away that no app needs and exploits do.",
    "privilege-escalation": "Without it a set-uid binary in the image makes the process root again.",
    "capabilities": "Few apps need any; what is dropped can't be misused.",
    "resource-limits": "Without a memory limit and a CPU request one app starves its neighbours.",
    "standard-labels": "Selectors, status and clean-up find an app's resources by these labels.",
    "helm-labels": "Helm's labels clash with the selectors that kustomize completes.",
    "url-variable": "Kubernetes does not put $(VAR) into Secrets; compose the URL in defaultSecrets.",
    "idempotent-sql": "The job runs again after every change of a password, on a database that is there.",
    "external-dns-target": "Without the target, external-dns publishes a private address, or nothing.",
}

_POD_SPECS = {
    "Pod": ("spec",),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), ("spec", "template", "spec")
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_STANDARD_LABELS = {"app": "", "managedBy": "kustomize", "partOf": "wild-cloud"}
_HELM_PREFIXES = ("app.kubernetes.io/", "helm.sh/")
_LABEL_FIELDS = {"labels", "matchLabels", "selector", "pairs", "commonLabels"}
_INTERNAL_TLS = "wildcard-internal-wild-cloud-tls"
_DNS_TARGET = "external-dns.alpha.kubernetes.io/target"


class Lint(NamedTuple):
    """A finding, and where the remedy is mechanical, the remedy."""

    finding: Finding
    fix: Insertion | None = None


def lint_app(folder: str, files: Mapping[str, bytes]) -> list[Lint]:
    """Return what breaks the rules in one app.

    Args:
        folder: where the app lies, as findings name it; empty for the root.
        files: path below the folder → content; `.package/` is not part of it.
    """
    lints: list[Lint] = []
    for path, check in _checks(files):
        try:
            documents = read_nodes(without_templates(files[path]), path)
            faults = [fault for document in documents for fault in check(path, document)]
        except InputError as error:
            faults = [
                Fault("yaml", error.line or 0, error.message.rpartition(f"{path}:")[2].lstrip("0123456789: "))
            ]
        lints += [_as_lint(folder, path, files[path], fault) for fault in faults]
    return [lint for lint in lints if not lint.finding.allowed]


def _as_lint(folder: str, path: str, content: bytes, fault: Fault) -> Lint:
    place = f"{folder}/{path}".lstrip("/")
    reason = allowed_reason(content.split(b"\n"), fault.line, fault.rule)
    return Lint(Finding(fault.rule, place, fault.line, fault.message, allowed=reason), fault.fix)


def apply_insertion(content: bytes, insertion: Insertion) -> bytes:
    """Return the file with the lines of a fix put in; every other byte stays."""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    lines = content.split(b"\n")
    new = [line.encode() + end.rstrip(b"\n") for line in insertion.lines]
    return b"\n".join([*lines[: insertion.after_line], *new, *lines[insertion.after_line :]])


_Check = Callable[[str, Node], Iterator[Fault]]


def _checks(files: Mapping[str, bytes]) -> Iterator[tuple[str, _Check]]:
    """Yield each file that has rules, with its rules; kustomizations lead to resources."""
    waiting = [name for name in KUSTOMIZATIONS if name in files]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        folder, _, name = path.rpartition("/")
        if name not in KUSTOMIZATIONS:
            yield path, _check_resource
            continue
        yield path, _check_kustomization if not folder else _check_labels
        for entry in _resources(files[path]):
            below = _join(folder, entry)
            inner = [f"{below}/{name}" for name in KUSTOMIZATIONS if f"{below}/{name}" in files]
            waiting += inner or [below] * (below in files)


def _resources(kustomization: bytes) -> list[str]:
    try:
        documents = read_nodes(without_templates(kustomization), "")
    except InputError:
        return []  # reported where the kustomization itself is checked
    return [item.text or "" for document in documents for item in document.sequence("resources")]


def _join(folder: str, entry: str) -> str:
    parts: list[str] = [part for part in folder.split("/") if part]
    for part in entry.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _check_kustomization(path: str, root: Node) -> Iterator[Fault]:
    yield from _check_labels(path, root)
    groups = root.sequence("labels")

    def has(key: str, wanted: str) -> bool:
        values = [group.string("pairs", key) for group in groups]
        return any(value and wanted in ("", value) for value in values)

    missing = [key for key, wanted in _STANDARD_LABELS.items() if not has(key, wanted)]
    if missing or not any(group.string("includeSelectors") == "true" for group in groups):
        what = f"labels without {', '.join(missing)}" if missing else "labels without includeSelectors: true"
        labels = root.key("labels")
        fix = None if labels or root.is_flow else _label_block(root)
        yield Fault("standard-labels", (labels or root).line, what, fix)


def _label_block(root: Node) -> Insertion | None:
    before = root.key("resources")
    namespace = root.string("namespace")
    if before is None or not namespace or not re.fullmatch(r"[a-z0-9-]+", namespace):
        return None  # the app's name is not to be guessed
    pairs = [f"      {key}: {value or namespace}" for key, value in _STANDARD_LABELS.items()]
    return Insertion(before.line - 1, ("labels:", "  - includeSelectors: true", "    pairs:", *pairs))


def _check_labels(_: str, root: Node) -> Iterator[Fault]:
    for node in root.walk():
        for name, labels in node.pairs or []:
            if name.text in _LABEL_FIELDS:
                for key, _value in labels.pairs or []:
                    if (key.text or "").startswith(_HELM_PREFIXES):
                        yield Fault(
                            "helm-labels", key.line, f"{key.text} is a label of Helm's: use component"
                        )


def _check_resource(path: str, root: Node) -> Iterator[Fault]:
    resources = root.sequence("items") if root.string("kind").endswith("List") else [root]
    for resource in resources:
        yield from _check_labels(path, resource)
        yield from _check_urls(resource)
        kind = resource.string("kind")
        if kind == "Ingress":
            yield from _check_ingress(resource)
        pod = resource.get(*_POD_SPECS[kind]) if kind in _POD_SPECS else None
        if pod is not None and pod.pairs:
            yield from check_pod(pod)
            if kind == "Job" and ("db-init" in resource.string("metadata", "name") or "db-init" in path):
                yield from check_sql(pod)


def _check_urls(resource: Node) -> Iterator[Fault]:
    for node in resource.walk():
        if node.text and re.search(r"://[^/\s]{0,200}\$\(\w+\)[^/\s]{0,200}@", node.text):
            yield Fault("url-variable", node.line, "$(…) in the user part of a URL")


def _check_ingress(ingress: Node) -> Iterator[Fault]:
    is_internal = any(
        entry.string("secretName") == _INTERNAL_TLS for entry in ingress.sequence("spec", "tls")
    )
    if not is_internal and ingress.get("metadata", "annotations", _DNS_TARGET) is None:
        metadata = ingress.key("metadata") or ingress
        yield Fault("external-dns-target", metadata.line, f"a public Ingress without {_DNS_TARGET}")
