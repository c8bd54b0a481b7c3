"""What a reviewer checks in an instance as a whole: it builds, fits together, and breaks nothing unsaid."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wildgit.adapters.checks.kubernetes_schemas import validate
from wildgit.adapters.cluster.app_source import required_apps
from wildgit.adapters.cluster.kustomize import build
from wildgit.adapters.git.package_sides import packages_unlike_locks
from wildgit.adapters.git.process import run_git, try_git
from wildgit.adapters.instance import APPS, Instance
from wildgit.core.app.package import MANIFEST, Manifest, parse_manifest
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.core.guard.breaking import find_breaks
from wildgit.core.guard.findings import Finding, allowed_reason
from wildgit.core.guard.resource_places import ResourcePlaces
from wildgit.core.guard.yaml_nodes import read_nodes
from wildgit.errors import InputError, UsageError

RULES: dict[str, str] = {
    "build": "An app that does not build can't be deployed.",
    "schema": "The API server refuses what its schema does not know.",
    "requirement": "An app whose requirement is not installed never becomes ready.",
    "mixed-package": "An update would start from a package that upstream never had.",
    "stale-compile": "What is deployed would not be what config.yaml says.",
    "breaking-change": "Whoever merges it should know: say on its line what was done about it.",
}

Apps = Mapping[str, Mapping[str, bytes]]


def check_builds(top: Path, apps: Apps) -> list[Finding]:
    """Return what kustomize refuses, and what of its output the Kubernetes API would.

    Args:
        top: the top of the work tree.
        apps: folder → files, as `read_apps` returns them.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda item: list(_check_build(top, *item)), apps.items())
    return [finding for findings in found for finding in findings if not finding.allowed]


def _check_build(top: Path, folder: str, files: Mapping[str, bytes]) -> Iterator[Finding]:
    try:
        resources = build(top / folder, folder)
    except InputError as error:
        yield Finding("build", f"{folder}/kustomization.yaml", 0, error.message)
        return
    places = ResourcePlaces(files)
    for resource in resources:
        kind, name = resource["kind"], resource["metadata"]["name"]
        for steps, reason in validate(resource):
            path, line = places.find(kind, name, steps)
            where = ".".join(map(str, steps)) or "the object"
            allowed = allowed_reason(files[path].split(b"\n"), line, "schema") if path else ""
            place = f"{folder}/{path or 'kustomization.yaml'}"
            yield Finding("schema", place, line, f"{kind} {name}: {where}: {reason}", allowed=allowed)


def check_requirements(instance: Instance) -> Iterator[Finding]:
    """Yield the apps that require what is not installed."""
    for app in instance.app_names():
        path = f"{APPS}/{app}/{MANIFEST}"
        try:
            required_apps(instance, instance.manifest(app))
        except InputError as error:
            content = (instance.root / path).read_bytes()
            yield from _at_key(content, path, "requirement", "requires", error.message)


def check_breaking(top: Path, revisions: str) -> Iterator[Finding]:
    """Yield what the packages break that the commits of a range `A..B` bring, or the work tree if empty.

    Raises:
        UsageError: it is no range with two ends.
    """
    if not revisions and try_git(["rev-parse", "--verify", "--quiet", "HEAD"], cwd=top).returncode != 0:
        return  # nothing is committed yet, so nothing breaks
    base, tip = _ends(top, revisions)
    tips = [tip] if tip else []
    changed = run_git(
        ["diff", "--name-only", "-z", "--no-renames", base, *tips, "--", f"{APPS}/*/{MANIFEST}"], cwd=top
    )
    for path in os.fsdecode(changed).split("\0")[:-1]:
        content = _content(top, tip, path)
        old, new = _manifest(_content(top, base, path), path), _manifest(content, path)
        if old is not None and new is not None and content is not None:
            for key, message in find_breaks(old, new):
                yield from _at_key(content, path, "breaking-change", key, message)


def _ends(top: Path, revisions: str) -> tuple[str, str]:
    if not revisions:
        return "HEAD", ""
    start, dots, tip = revisions.partition("..")
    tip = tip.lstrip(".") or "HEAD"
    if not start or not dots or start.startswith("-") or tip.startswith("-"):
        raise UsageError(f"{revisions!r} is no range of commits", hint="for example main..HEAD")
    return run_git(["merge-base", start, tip], cwd=top).decode().strip(), tip


def _content(top: Path, revision: str, path: str) -> bytes | None:
    if not revision:
        file = top / path
        return file.read_bytes() if file.is_file() else None
    done = try_git(["cat-file", "blob", f"{revision}:{path}"], cwd=top)
    return done.stdout if done.returncode == 0 else None


def _manifest(content: bytes | None, path: str) -> Manifest | None:
    return None if content is None else parse_manifest(content, path)


def _at_key(content: bytes, path: str, rule: str, key: str, message: str) -> Iterator[Finding]:
    key_node = next((node.key(key) for node in read_nodes(content, path)), None)
    line = key_node.line if key_node is not None else 0
    if not allowed_reason(content.split(b"\n"), line, rule):
        yield Finding(rule, path, line, message)


def check_packages(top: Path) -> Iterator[Finding]:
    """Yield the apps whose committed `.package/` is not the tree that their lock names."""
    for package in packages_unlike_locks(top):
        message = "git merged two packages into one, which is neither: git wild resolve, and commit"
        yield Finding("mixed-package", package.lock, 0, message)


def check_compiled(instance: Instance) -> Iterator[Finding]:
    """Yield the files that are not what config.yaml and their package compile to, with hand edits kept."""
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.upstream.compile_run import plan_compile

    repo = Repo(instance.root)
    for app in instance.app_names():
        if not (instance.app_folder(app) / LOCK_FILE).is_file():
            continue  # installed by `wild`: what it was compiled from is not known
        for update in plan_compile(instance, repo, [app]):
            for path in [file.path for file in update.files] or [LOCK_FILE]:
                message = f"not what config.yaml compiles to: git wild compile {app}"
                yield Finding("stale-compile", f"{APPS}/{app}/{path}", 0, message)
