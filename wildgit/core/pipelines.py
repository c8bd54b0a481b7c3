"""What the pipelines that `ci init` writes are made from, and how a file of ours is told from an edited one.

Values from the settings end up in YAML, in shell and in the expressions of forges, so only letters that mean
nothing in any of the three are let in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from wildgit.core.cluster.environment import Environment
from wildgit.errors import InputError

_PLAIN = {
    "branch": re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+@-]*"),
    "environment": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"),
    "image": re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]*"),
    "requirement": re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._~:/@+=<>!,\[\]-]*"),
    "URL": re.compile(r"[A-Za-z0-9/._~][A-Za-z0-9._~:/@+=,%-]*"),
    "folder": re.compile(r"[A-Za-z0-9._][A-Za-z0-9._/-]*"),
}
_STAMP = re.compile(r"# Written by git wild ci init \(sha256 of the rest: ([0-9a-f]{64})\)[^\n]*\n")


@dataclass(frozen=True)
class DeployTarget:
    """An environment as a pipeline calls it.

    Attributes:
        id: for names of jobs.
        kubeconfig_secret: the secret of the forge that holds its kubeconfig.
        secrets_secret: the one that holds secrets.yaml.
    """

    name: str
    branch: str
    id: str
    kubeconfig_secret: str
    secrets_secret: str


def deploy_targets(environments: Iterable[Environment], *, scoped: bool) -> list[DeployTarget]:
    """Return the environments that a branch deploys to.

    Args:
        environments: all of them.
        scoped: the forge keeps secrets apart for each environment, so that they need no name of it.

    Raises:
        InputError: a name or a branch can't stand in a pipeline.
    """
    found = []
    for environment in environments:
        if environment.branch is None:
            continue
        name = plain("environment", environment.name)
        suffix = "" if scoped else "_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        found.append(
            DeployTarget(
                name,
                plain("branch", environment.branch),
                re.sub(r"[^A-Za-z0-9-]", "-", name),
                f"KUBECONFIG_DATA{suffix}",
                f"SECRETS_YAML{suffix}",
            )
        )
    if len({target.id.upper().replace("-", "_") for target in found}) < len(found):
        names = ", ".join(target.name for target in found)
        raise InputError(f"two environments have one name once other letters than A-Z, 0-9 are gone: {names}")
    return found


def plain(what: str, value: str) -> str:
    """Return a value that says the same in YAML, in shell within single quotes, and in a forge's expression.

    Raises:
        InputError: it has other letters.
    """
    if not _PLAIN[what].fullmatch(value):
        raise InputError(
            f"the {what} {value!r} can't stand in a pipeline", hint="use letters, digits and - . _ /"
        )
    return value


def stamped(text: str) -> str:
    """Return the text below a line that says who wrote it and what it was."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (
        f"# Written by git wild ci init (sha256 of the rest: {digest}); run it again after an update.\n{text}"
    )


def is_as_written(text: str) -> bool:
    """Return whether the text is one that `stamped` made, and nobody changed since."""
    match = _STAMP.match(text)
    return match is not None and hashlib.sha256(text[match.end() :].encode()).hexdigest() == match[1]
