"""What an app should be in the cluster: what its folder builds, its secrets, and our marks on them.

The marks: every object carries the label `wild.cloud/app`; a Secret says which revision of its data it holds,
and what reads Secrets says which revisions it last started with, so that a changed secret restarts exactly
its readers, also when the deploy that changed it was killed half-way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wildgit.core.cluster.kube_objects import (
    RESTARTABLE,
    Object,
    ResourceId,
    annotations_of,
    identify,
    mentions,
    secrets_used,
    with_default_protocols,
    with_metadata,
    with_text_quantities,
)
from wildgit.errors import InputError

APP_LABEL = "wild.cloud/app"
REVISION = "wild.cloud/revision"
SECRETS_READ = "wild.cloud/secrets"
# Shared certificates that cert-manager keeps; every app that names one gets a copy.
CERTIFICATE_NAMESPACE = "cert-manager"
WILDCARD_CERTIFICATES = ("wildcard-wild-cloud-tls", "wildcard-internal-wild-cloud-tls")
_PLACEHOLDERS = frozenset(
    {
        "changeme",
        "change-me",
        "change_me",
        "replaceme",
        "replace-me",
        "replace_me",
        "todo",
        "fixme",
        "xxx",
        "placeholder",
    }
)


@dataclass(frozen=True)
class AppSecret:
    """One Secret that an app needs: its name in the app's namespace, and its data as plain text."""

    name: str
    data: Mapping[str, str]


def namespace_of(app: str, built: Sequence[Object], configured: object) -> str:
    """Return an app's namespace: the one it builds, else what its objects state, else the configured one.

    Args:
        app: the installed name, which is the namespace where nothing else says one.
        built: what the app's folder builds.
        configured: `apps.<app>.namespace` of config.yaml.
    """
    made = [obj["metadata"]["name"] for obj in built if obj["kind"] == "Namespace"]
    if len(made) == 1:
        return str(made[0])
    stated = {obj["metadata"]["namespace"] for obj in built if obj["metadata"].get("namespace")}
    if isinstance(configured, str) and configured and (not stated or configured in stated):
        return configured
    return str(stated.pop()) if len(stated) == 1 else app


def desired_objects(
    app: str,
    namespace: str,
    built: Sequence[Object],
    secrets: Iterable[AppSecret | Object],
    is_namespaced: Callable[[str, str], bool | None],
) -> list[Object]:
    """Return all objects of an app as they are to be applied, its namespace first.

    Args:
        app: whose they are.
        namespace: where objects go that state none.
        built: what the app's folder builds.
        secrets: Secrets that are added to it.
        is_namespaced: (apiVersion, kind) → whether namespaces hold it; None where nobody knows.

    Raises:
        InputError: one object stands there twice.
    """
    own_scopes = _scopes_of_definitions(built)

    def placed(obj: Object) -> Object:
        key = (obj["apiVersion"], obj["kind"])
        namespaced = own_scopes[key] if key in own_scopes else is_namespaced(*key)
        metadata = {name: value for name, value in obj["metadata"].items() if name != "creationTimestamp"}
        if namespaced is not False:
            metadata.setdefault("namespace", namespace)
        else:
            metadata.pop("namespace", None)
        return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}

    objects = [*built, *(_secret_object(s) if isinstance(s, AppSecret) else s for s in secrets)]
    if not any(obj["kind"] == "Namespace" and obj["metadata"]["name"] == namespace for obj in built):
        objects.insert(0, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    marked = [with_metadata(_as_applied(placed(obj)), "labels", {APP_LABEL: app}) for obj in objects]
    _refuse_duplicates(app, marked)
    return marked


def _as_applied(obj: Object) -> Object:
    """Return the object in the words that a server-side apply needs; a manifest may be looser."""
    if obj["kind"] == "Secret" and "stringData" in obj:
        # The server keeps it as data only: it would never look applied, and a key removed from it would stay.
        obj = {key: value for key, value in obj.items() if key != "stringData"} | {"data": _secret_data(obj)}
    return with_text_quantities(with_default_protocols(obj))


def app_secret_names(ref_names: Iterable[str], installed: str, objects: Sequence[Object]) -> list[str]:
    """Return under which names an app's Secret is needed: its own, and others that manifests call it by.

    A package that is installed as `db2` still says `db-secrets` where its text was written before.
    """
    names = [f"{installed}-secrets"]
    for ref in ref_names:
        name = f"{ref}-secrets"
        if name not in names and any(mentions(obj, name) for obj in objects):
            names.append(name)
    return names


def certificates_named(objects: Iterable[Object]) -> list[str]:
    """Return the shared wildcard certificates that some object names."""
    listed = list(objects)
    return [name for name in WILDCARD_CERTIFICATES if any(mentions(obj, name) for obj in listed)]


def copied_secret(source: Object) -> Object:
    """Return a Secret as it is copied into another namespace: name, type and data."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": source["metadata"]["name"]},
        "type": source.get("type") or "Opaque",
        "data": source.get("data") or {},
    }


def is_placeholder(value: str) -> bool:
    """Whether a secret is empty or one of the words that stand where a secret is still to be set."""
    text = value.strip().lower()
    return not text or text in _PLACEHOLDERS or (text.startswith("<") and text.endswith(">"))


@dataclass(frozen=True)
class SecretRevisions:
    """Which revision of its data each Secret of an app holds, by (namespace, name)."""

    names: Mapping[tuple[str, str], str]
    changed: frozenset[tuple[str, str]]  # those whose data this deploy changes

    @classmethod
    def of(
        cls, desired: Iterable[Object], live: Mapping[ResourceId, Object | None], new: str
    ) -> SecretRevisions:
        """Return the revisions of the desired Secrets; `new` names data that is new or changed."""
        names, changed = {}, set()
        for obj in desired:
            if obj["kind"] == "Secret":
                resource = identify(obj)
                key, found = (resource.namespace, resource.name), live.get(resource)
                is_same = found is not None and _secret_data(obj) == _secret_data(found)
                names[key] = (annotations_of(found).get(REVISION) if is_same else None) or new
                if found is not None and not is_same:
                    changed.add(key)
        return cls(names, frozenset(changed))

    def mark(self, obj: Object) -> Object:
        """Return the object with its mark: what it holds (a Secret) or what it reads (a workload, a job)."""
        namespace = obj["metadata"].get("namespace", "")
        if obj["kind"] == "Secret":
            return with_metadata(
                obj, "annotations", {REVISION: self.names[namespace, obj["metadata"]["name"]]}
            )
        if obj["kind"] not in (*RESTARTABLE, "Job"):
            return obj
        used = sorted(name for name in secrets_used(obj) if (namespace, name) in self.names)
        mark = " ".join(f"{name}={self.names[namespace, name]}" for name in used)
        return with_metadata(obj, "annotations", {SECRETS_READ: mark}) if mark else obj

    def is_stale(self, desired: Object, live: Object) -> bool:
        """Whether what runs was started with another revision of a secret than it would get now.

        What another tool made carries no mark: it is up to date unless a Secret changes in this deploy.
        """
        found = annotations_of(live).get(SECRETS_READ)
        if found is None:
            namespace = desired["metadata"].get("namespace", "")
            return any((namespace, name) in self.changed for name in secrets_used(desired))
        started, wanted = _parse_mark(found), _parse_mark(annotations_of(desired).get(SECRETS_READ, ""))
        return any(started[name] != wanted[name] for name in started.keys() & wanted.keys())


def with_postponed_restart(desired: Object, live: Object) -> Object:
    """Return a workload marked as still running with older secrets: the next deploy restarts it."""
    started = _parse_mark(annotations_of(live).get(SECRETS_READ, ""))
    names = _parse_mark(annotations_of(desired).get(SECRETS_READ, ""))
    mark = " ".join(f"{name}={started.get(name, 'older')}" for name in sorted(names))
    return with_metadata(desired, "annotations", {SECRETS_READ: mark})


def _parse_mark(mark: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in mark.split() if "=" in part)


def _secret_data(secret: Object) -> dict[str, str]:
    plain = {
        key: base64.b64encode(str(value).encode()).decode()
        for key, value in (secret.get("stringData") or {}).items()
    }
    return {**(secret.get("data") or {}), **plain}


def _secret_object(secret: AppSecret) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in secret.data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret.name},
        "type": "Opaque",
        "data": data,
    }


def _scopes_of_definitions(built: Iterable[Object]) -> dict[tuple[str, str], bool]:
    """Return (apiVersion, kind) → whether namespaces hold it, for kinds that the app itself defines."""
    scopes: dict[tuple[str, str], bool] = {}
    for obj in built:
        if obj["kind"] == "CustomResourceDefinition":
            spec = obj.get("spec") or {}
            kind = str((spec.get("names") or {}).get("kind"))
            for version in spec.get("versions") or []:
                scopes[f"{spec.get('group')}/{version.get('name')}", kind] = spec.get("scope") != "Cluster"
    return scopes


def _refuse_duplicates(app: str, objects: Iterable[Object]) -> None:
    seen: set[ResourceId] = set()
    for obj in objects:
        resource = identify(obj)
        if resource in seen:
            raise InputError(f"{resource} stands there twice", source=f"apps/{app}")
        seen.add(resource)
