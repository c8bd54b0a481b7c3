"""`drift --accept`: what the cluster has is written into the files that declare it.

Each difference is tried on a copy of the app's folder and built; only an edit that changes this one value and
nothing else is kept. So a value that a transformer or a patch has the last word on is changed there, or
refused. Nothing is committed: that is the user's to do, after a look at `git diff`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from wildgit.adapters.cluster.client import Cluster
from wildgit.adapters.cluster.drift.run import AppDrift
from wildgit.adapters.cluster.drift.workbench import Workbench, file_name
from wildgit.adapters.instance import APPS, SECRETS, Instance
from wildgit.adapters.secret_guard import open_guard
from wildgit.adapters.secret_rotation import rotate
from wildgit.core.cluster.desired_state import APP_LABEL
from wildgit.core.cluster.drift.difference import Difference, DriftClass
from wildgit.core.cluster.drift.ignore_rules import FieldName
from wildgit.core.cluster.drift.live_manifest import manifest_of
from wildgit.core.cluster.drift.value_sources import (
    added_fields,
    candidate_edits,
    transformers_of,
    unwanted_addition,
    unwanted_change,
)
from wildgit.core.cluster.field_diff import ABSENT, path_text
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.core.yaml_text import dump_yaml
from wildgit.errors import InputError, WildgitError

# What a name on the command line can stand for beside what counts as drift.
_ON_DEMAND = (DriftClass.CONTROLLER,)


@dataclass(frozen=True)
class Accepted:
    """What became of one difference: the sentence about it, and whether it was refused."""

    difference: Difference
    text: str
    is_refused: bool = False


def accept(
    instance: Instance, cluster: Cluster, found: AppDrift, names: Sequence[FieldName]
) -> tuple[list[Accepted], list[str]]:
    """Write what the cluster has of an app into its files, and into secrets.yaml.

    Args:
        instance: where.
        cluster: for objects and Secrets, which are read again.
        found: the app's drift.
        names: which fields; none for all that counts as drift.

    Returns:
        What became of each difference, and the files that were written.

    Raises:
        InputError: the app's folder does not build.
    """
    chosen = [difference for difference in found.differences if _is_chosen(difference, names)]
    gone = next((difference for difference in chosen if _is_namespace_gone(difference)), None)
    if gone:
        said = f"the namespace is gone, and all that was in it: git wild deploy {found.app} makes it anew"
        return [Accepted(gone, said, is_refused=True)], []
    if not chosen:
        return [], []
    with Workbench.of(instance, found.app) as bench:
        acceptance = _Acceptance(instance, cluster, found, bench)
        done = [acceptance.take(difference) for difference in chosen]
        return done, bench.write()


def _is_chosen(difference: Difference, names: Sequence[FieldName]) -> bool:
    if difference.resource is None:
        return False
    if not names:
        return difference.counts
    named = any(name.covers(difference.resource.short, difference.field) for name in names)
    return named and (difference.kind.is_drift or difference.kind in _ON_DEMAND)


def _is_namespace_gone(difference: Difference) -> bool:
    resource = difference.resource
    return difference.kind is DriftClass.MISSING and resource is not None and resource.kind == "Namespace"


class _Acceptance:
    def __init__(self, instance: Instance, cluster: Cluster, found: AppDrift, bench: Workbench) -> None:
        self.instance, self.cluster, self.bench = instance, cluster, bench
        self.app = found.app
        self.namespace = found.record.namespace if found.record else ""

    def take(self, difference: Difference) -> Accepted:
        resource = difference.resource
        assert resource is not None, "files are not chosen"
        try:
            if difference.kind is DriftClass.SECRETS:
                return Accepted(difference, self._secret(resource, difference))
            if resource.kind == "Secret":
                raise InputError("Secrets are not written into git: put it into secrets.yaml, and declare it")
            if difference.kind is DriftClass.MISSING:
                return Accepted(difference, self._missing(resource))
            if difference.kind is DriftClass.EXTRA:
                return Accepted(difference, self._extra(resource))
            return Accepted(difference, self._field(resource, difference))
        except WildgitError as error:
            return Accepted(difference, error.message, is_refused=True)

    def _field(self, resource: ResourceId, difference: Difference) -> str:
        obj, origin = self.bench.object(resource), self.bench.origin(resource)
        path, value = difference.path, difference.live
        if path[-1] == APP_LABEL or path[-1] == "[order]":
            raise InputError(f"git has no say in this; git wild deploy {self.app} puts it back")
        if obj is None or origin is None:
            raise InputError(f"which file of {APPS}/{self.app} declares it can't be told; edit it by hand")
        built = identify(obj)

        def check(objects: Sequence[Object]) -> str:
            return unwanted_change(before, objects, built, path, value)

        before = self.bench.objects
        if not check(before):
            return f"{APPS}/{self.app} says so already"
        self._refuse_secrets(value)
        problem = ""
        for edits in candidate_edits(obj, path, value, origin, self.bench.files):
            problem = self.bench.edit(edits, check)
            if not problem:
                return f"{APPS}/{self.app}/{edits[0].file} {_now(value)}"
        raise InputError(self._refusal(problem, origin.file))

    def _refusal(self, problem: str, file: str) -> str:
        others = " and ".join(f"{APPS}/{self.app}/{each}" for each in transformers_of(self.bench.files))
        place = f"{APPS}/{self.app}/{file}"
        if not problem:
            return f"{place} does not set it itself; it comes from {others or 'elsewhere'}: change it there"
        return f"an edit of {place} won't do ({problem}); look at {others or 'it'} and change it by hand"

    def _missing(self, resource: ResourceId) -> str:
        origin, before = self.bench.origin(resource), self.bench.objects
        if origin is None or origin.document is None:
            by = f"{origin.generator} in {APPS}/{self.app}/{origin.file}" if origin else "no file of its own"
            raise InputError(f"it is made by {by}: remove it there, or deploy brings it back")
        wanted = self.bench.object(resource)
        expected = [obj for obj in before if obj is not wanted]

        def check(objects: Sequence[Object]) -> str:
            return "" if list(objects) == expected else "it would change other objects, too"

        problem = self.bench.remove(origin, check)
        if problem:
            raise InputError(f"{APPS}/{self.app}/{origin.file} can't go without it ({problem}); edit by hand")
        return f"{APPS}/{self.app}/{origin.file} has it no more"

    def _extra(self, resource: ResourceId) -> str:
        live = self.cluster.get(resource)
        if live is None:
            raise InputError("it is gone meanwhile")
        if resource.kind == "Pod":
            raise InputError("a pod by itself is not kept alive: make it a Deployment, or delete it")
        manifest = manifest_of(live, self.namespace)
        self._refuse_secrets(manifest)
        file, before = file_name(manifest), self.bench.objects
        problem = self.bench.add(file, manifest, lambda objects: unwanted_addition(before, objects, manifest))
        if problem:
            raise InputError(f"{APPS}/{self.app} can't take it ({problem}); write its manifest by hand")
        added = ", ".join(map(path_text, added_fields(self.bench.objects, manifest)))
        more = f"; the kustomization adds {added}, and so will a deploy" if added else ""
        return f"{APPS}/{self.app}/{file} declares it{more}"

    def _refuse_secrets(self, value: object) -> None:
        """Refuse to write what the guard would stop at the commit: then it is on the disk already."""
        if value is ABSENT:
            return
        found = open_guard(self.instance.root).scanner.scan_text(self.app, dump_yaml(value).encode())
        said = next((finding.message for finding in found if not finding.allowed), "")
        if said:
            raise InputError(f"what the cluster has there is no text for git: {said}")

    def _secret(self, resource: ResourceId, difference: Difference) -> str:
        key = difference.path[-1]
        if resource.name != f"{self.app}-secrets":
            owner = resource.name.removesuffix("-secrets")
            raise InputError(f"it is a copy of what {owner} has: git wild secret set apps.{owner}.{key}")
        live = self.cluster.get(resource)
        data = ((live or {}).get("data") or {}).get(key)
        if data is None:
            raise InputError(f"the key is gone from the cluster; git wild deploy {self.app} puts it back")
        try:
            value = base64.b64decode(data).decode()
        except ValueError as error:
            raise InputError("its value is no text, so secrets.yaml can't hold it") from error
        changed, _ = rotate(self.instance, self.app, key, value)
        return f"{SECRETS} has the cluster's value now: {', '.join(f'apps.{self.app}.{k}' for k in changed)}"


def _now(value: object) -> str:
    if value is ABSENT:
        return "says nothing of it now"
    text = json.dumps(value, ensure_ascii=False)
    return f"says {text} now" if len(text) <= 60 else "says what the cluster has now"
