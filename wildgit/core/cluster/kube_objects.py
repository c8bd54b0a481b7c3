"""What is known of Kubernetes objects as plain values: identity, rank, pod templates, secrets they use.

An object is the mapping that its YAML or the API's JSON holds. Nothing here changes one that it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

# Groups that the API server itself serves. What is in none of them is a custom resource.
_BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
# Objects of one rank are applied at once, ranks one after the other; deletion runs them backwards.
_RANKS = {
    **dict.fromkeys(("Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass"), 0),
    **dict.fromkeys(("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), 1),
    **dict.fromkeys(("Secret", "ConfigMap", "PersistentVolumeClaim", "PersistentVolume"), 2),
    "Service": 3,
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "CronJob"), 4
    ),
    "Job": 5,
}
_REST_RANK = 6
CUSTOM_RANK = 7
RANK_NAMES = (
    "namespaces and definitions",
    "service accounts and roles",
    "secrets, config maps and claims",
    "services",
    "workloads",
    "jobs",
    "ingresses and the rest",
    "custom resources",
)
RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet")
_KINDS_WITH_QUANTITIES = (
    "PersistentVolumeClaim",
    "PersistentVolume",
    "ResourceQuota",
    "LimitRange",
    "HorizontalPodAutoscaler",
)
# Fields that hold quantities by name, and those that hold one.
_QUANTITY_MAPS = (
    *("limits", "requests", "overhead", "hard", "capacity"),
    *("default", "defaultRequest", "min", "max", "maxLimitRequestRatio"),
)
_QUANTITIES = ("sizeLimit", "divisor", "averageValue", "targetAverageValue", "targetValue")


@dataclass(frozen=True, order=True)
class ResourceId:
    """Which object: the same one in every version of its API; `api_version` is how to reach it."""

    group: str
    kind: str
    namespace: str
    name: str
    api_version: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"

    @property
    def short(self) -> str:
        """`kind/name`, where the namespace is understood."""
        return f"{self.kind.lower()}/{self.name}"

    @property
    def rank(self) -> int:
        """When it is applied: 0 first. See `RANK_NAMES`."""
        if self.group not in _BUILT_IN_GROUPS:
            return CUSTOM_RANK
        return _RANKS.get(self.kind, _REST_RANK)


def identify(obj: Mapping[str, Any]) -> ResourceId:
    """Return the identity of an object, with the namespace that it states ("" where it states none)."""
    api_version, metadata = obj["apiVersion"], obj["metadata"]
    group = api_version.rpartition("/")[0]
    return ResourceId(group, obj["kind"], metadata.get("namespace") or "", str(metadata["name"]), api_version)


def is_custom(obj: Mapping[str, Any]) -> bool:
    """Return whether the object is of a group that the API server itself does not serve."""
    return identify(obj).group not in _BUILT_IN_GROUPS


def annotations_of(obj: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the annotations of an object; empty where it has none or is None."""
    return dict(((obj or {}).get("metadata") or {}).get("annotations") or {})


def labels_of(obj: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the labels of an object; empty where it has none or is None."""
    return dict(((obj or {}).get("metadata") or {}).get("labels") or {})


def with_metadata(obj: Object, part: str, values: Mapping[str, str]) -> Object:
    """Return the object with labels or annotations (`part`) added."""
    if not values:
        return obj
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, part: {**(metadata.get(part) or {}), **values}}}


def pod_template(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the template of the pods that an object makes (a Pod is its own); None where it makes none."""
    kind, spec = obj.get("kind"), obj.get("spec") or {}
    if kind == "Pod":
        return obj
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if kind in (*RESTARTABLE, "ReplicaSet", "ReplicationController", "Job", "CronJob"):
        template = spec.get("template")
        return template if isinstance(template, dict) else None
    return None


def secrets_used(obj: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the Secrets that the object's pods read: environment, volumes, image pulls."""
    template = pod_template(obj)
    return frozenset() if template is None else frozenset(_secret_names(template.get("spec") or {}))


def _secret_names(value: object) -> Iterator[str]:
    """Every way a pod names a Secret is a mapping under one of these keys."""
    if isinstance(value, list):
        for item in value:
            yield from _secret_names(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("secretKeyRef", "secretRef", "nodePublishSecretRef") and isinstance(inner, dict):
                yield from _text(inner.get("name"))
            elif key == "secret" and isinstance(inner, dict):  # volumes, projected sources
                yield from _text(inner.get("secretName") or inner.get("name"))
            elif key == "imagePullSecrets" and isinstance(inner, list):
                for item in inner:
                    yield from _text(item.get("name") if isinstance(item, dict) else None)
            else:
                yield from _secret_names(inner)


def _text(value: object) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value


def mentions(obj: object, text: str) -> bool:
    """Whether some value inside is exactly this text."""
    if isinstance(obj, dict):
        return any(mentions(value, text) for value in obj.values())
    if isinstance(obj, list):
        return any(mentions(value, text) for value in obj)
    return obj == text


def with_text_quantities(obj: Object) -> Object:
    """Return the object with quantities as text: `cpu: 1` is `cpu: "1"`.

    The API documents them as text, kubectl's own conversion hides it from those who write a number, and an
    apply by the schema is refused (seen with 1.20). Custom resources have schemas of their own.
    """
    if pod_template(obj) is None and obj.get("kind") not in _KINDS_WITH_QUANTITIES:
        return obj
    return {**obj, "spec": _with_text_quantities(obj.get("spec"))}


def _with_text_quantities(value: Any, fields: tuple[str, ...] = _QUANTITIES) -> Any:
    if isinstance(value, list):
        return [_with_text_quantities(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, inner in value.items():
        if key in _QUANTITY_MAPS and isinstance(inner, dict):
            found[key] = {name: _as_text(number) for name, number in inner.items()}
        elif key in fields:
            found[key] = _as_text(inner)
        else:  # a metric's target has one that is called `value`
            more = ("value",) if key == "target" else ()
            found[key] = _with_text_quantities(inner, (*_QUANTITIES, *more))
    return found


def _as_text(quantity: Any) -> Any:
    is_number = isinstance(quantity, int | float) and not isinstance(quantity, bool)
    return str(quantity) if is_number else quantity


def with_default_protocols(obj: Object) -> Object:
    """Return the object with `protocol: TCP` in every port of a Service or a container that states none.

    Protocol is one of the keys of these lists, and older servers refuse an apply whose list elements lack a
    key, although the API documents its default (seen with 1.20).
    """
    if obj.get("kind") == "Service":
        spec = obj.get("spec") or {}
        return (
            {**obj, "spec": {**spec, "ports": _with_protocol(spec.get("ports"))}} if "ports" in spec else obj
        )
    if pod_template(obj) is None:
        return obj
    return {**obj, "spec": _with_container_protocols(obj.get("spec"))}


def _with_container_protocols(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_container_protocols(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: [_with_port_protocol(item) for item in inner]
        if key in ("containers", "initContainers", "ephemeralContainers") and isinstance(inner, list)
        else _with_container_protocols(inner)
        for key, inner in value.items()
    }


def _with_port_protocol(container: Any) -> Any:
    if isinstance(container, dict) and "ports" in container:
        return {**container, "ports": _with_protocol(container["ports"])}
    return container


def _with_protocol(ports: Any) -> Any:
    if not isinstance(ports, list):
        return ports
    return [{"protocol": "TCP", **port} if isinstance(port, dict) else port for port in ports]


def claim_names(objects: Iterable[Object]) -> list[str]:
    """Return the PersistentVolumeClaims that objects name, and the templates of StatefulSets as `NAME-*`."""
    found = []
    for obj in objects:
        name = str(obj["metadata"]["name"])
        if obj["kind"] == "PersistentVolumeClaim":
            found.append(name)
        for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or []:
            found.append(f"{template['metadata']['name']}-{name}-*")
    return found
