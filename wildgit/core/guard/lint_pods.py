"""The rules for what runs in pods: users, system calls, privileges, capabilities, resources, db-init SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wildgit.core.guard.findings import Fault, Insertion
from wildgit.core.guard.yaml_nodes import Node

_UNGUARDED_SQL = (
    ("DATABASE", r"pg_database"),
    ("(?:USER|ROLE)", r"pg_roles|pg_user|pg_authid|mysql\.user|DO\s+\$"),
)


def check_pod(pod: Node) -> Iterator[Fault]:
    """Yield what breaks the rules in a pod spec."""
    containers = [*pod.sequence("initContainers"), *pod.sequence("containers")]
    yield from _check_user(pod, containers)
    yield from _check_seccomp(pod, containers)
    for container in containers:
        yield from _check_container(container)
        yield from _check_resources(container)


def check_sql(pod: Node) -> Iterator[Fault]:
    """Yield the statements of a db-init job that fail when it runs again."""
    for container in pod.sequence("containers"):
        for script in [*container.sequence("command"), *container.sequence("args")]:
            lines = (script.text or "").split("\n")
            code = "\n".join(line for line in lines if not line.lstrip().startswith(("#", "--")))
            for what, guard in _UNGUARDED_SQL:
                statement = re.search(rf"(?i)\bCREATE\s+{what}\b(?!\s+IF\s+NOT\s+EXISTS)", code)
                if statement and not re.search(rf"(?i){guard}|\|\|\s*true", code):
                    message = f"{statement[0].upper()} fails when it is there already: ask first"
                    yield Fault("idempotent-sql", script.line, message)


def _check_user(pod: Node, containers: list[Node]) -> Iterator[Fault]:
    field = ("securityContext", "runAsNonRoot")
    for node in (pod, *containers):
        user = node.get("securityContext", "runAsUser")
        if user is not None and user.text == "0":
            yield Fault("run-as-non-root", user.line, "runAsUser: 0 is root")
    if pod.string(*field) == "true":
        faulty = [container for container in containers if container.string(*field) not in ("", "true")]
    elif all(container.string(*field) == "true" for container in containers):
        faulty = []
    else:
        faulty = [pod]
    for node in faulty:
        yield Fault("run-as-non-root", _context_line(node), "securityContext without runAsNonRoot: true")


def _check_seccomp(pod: Node, containers: list[Node]) -> Iterator[Fault]:
    def is_confined(node: Node) -> bool:
        return node.string("securityContext", "seccompProfile", "type") in ("RuntimeDefault", "Localhost")

    if not is_confined(pod) and not all(map(is_confined, containers)):
        fix = _security_fix(pod, "seccompProfile", "seccompProfile:", "  type: RuntimeDefault")
        message = "securityContext without seccompProfile of type RuntimeDefault"
        yield Fault("seccomp", _context_line(pod), message, fix)


def _check_container(container: Node) -> Iterator[Fault]:
    line = _context_line(container)
    field = "allowPrivilegeEscalation"
    if container.string("securityContext", "privileged") == "true":
        yield Fault("privilege-escalation", line, "privileged: true")
    elif container.string("securityContext", field) != "false":
        fix = _security_fix(container, field, f"{field}: false")
        yield Fault("privilege-escalation", line, f"securityContext without {field}: false", fix)
    dropped = container.sequence("securityContext", "capabilities", "drop")
    if "ALL" not in {(item.text or "").upper() for item in dropped}:
        fix = _security_fix(container, "capabilities", "capabilities:", "  drop: [ALL]")
        yield Fault("capabilities", line, "securityContext without capabilities drop: [ALL]", fix)


def _check_resources(container: Node) -> Iterator[Fault]:
    missing = []
    if not container.string("resources", "limits", "memory"):
        missing.append("limits.memory")
    # A CPU limit throttles and is a matter of taste; a share of the CPU is not.
    if not any(container.string("resources", kind, "cpu") for kind in ("limits", "requests")):
        missing.append("requests.cpu")
    if missing:
        line = (container.key("resources") or container).line
        yield Fault("resource-limits", line, f"resources without {' and '.join(missing)}")


def _context_line(node: Node) -> int:
    return (node.key("securityContext") or node).line


def _security_fix(node: Node, field: str, *lines: str) -> Insertion | None:
    """Return what adds `field` to the securityContext of a pod or container; None where no line can do it."""
    context = node.get("securityContext")
    if context is not None:
        if context.is_flow or not context.pairs or context.get(field) is not None:
            return None
        return Insertion(context.line - 1, tuple(" " * context.column + line for line in lines))
    if node.is_flow or not node.pairs:
        return None
    indent = " " * node.column
    block = (f"{indent}securityContext:", *(f"{indent}  {line}" for line in lines))
    key, value = node.pairs[0]
    if node.get("containers") is not None:  # a pod: its first key begins a line
        return Insertion(key.line - 1, block)
    # A container: its first key stands behind the dash.
    is_one_line = value.text is not None and value.line == key.line and node.pairs[1:2] != []
    return Insertion(key.line, block) if is_one_line and node.pairs[1][0].line == key.line + 1 else None
