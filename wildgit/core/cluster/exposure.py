"""What other controllers make of an app, minutes after it was deployed: names, certificates, addresses.

external-dns, cert-manager and MetalLB act on what we apply. Their objects are read, never written; a cluster
without them has none, and nothing is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wildgit.core.cluster.kube_objects import Object, annotations_of

DNS_TARGET = "external-dns.alpha.kubernetes.io/target"
# What has to be read: (apiVersion, kind). A kind that the cluster has not is an empty list.
KINDS = (
    ("networking.k8s.io/v1", "Ingress"),
    ("v1", "Service"),
    ("cert-manager.io/v1", "Certificate"),
    ("acme.cert-manager.io/v1", "Order"),
    ("acme.cert-manager.io/v1", "Challenge"),
)
_EXPIRES_SOON_DAYS = 21  # cert-manager renews 30 days before the end: later than that it has failed


@dataclass(frozen=True)
class Finding:
    """One fact; `ok` False is something to look at."""

    namespace: str
    text: str
    ok: bool = True


def findings(objects: Iterable[Object], days_until: Callable[[str], int | None]) -> list[Finding]:
    """Return what there is to say of the Ingresses, Services and certificates of a whole cluster.

    Args:
        objects: of the kinds in `KINDS`.
        days_until: whole days from now to a timestamp, negative for the past; None where it is none.
    """
    by_kind: dict[str, list[Object]] = defaultdict(list)
    for obj in objects:
        by_kind[obj["kind"]].append(obj)
    found = [
        *(finding for ingress in by_kind["Ingress"] for finding in _ingress(ingress)),
        *_shared_hosts(by_kind["Ingress"]),
        *(finding for service in by_kind["Service"] for finding in _service(service)),
        *(_certificate(certificate, days_until) for certificate in by_kind["Certificate"]),
        *(finding for obj in (*by_kind["Order"], *by_kind["Challenge"]) for finding in _pending(obj)),
    ]
    return sorted(found, key=lambda finding: (finding.namespace, finding.ok, finding.text))


def _ingress(ingress: Object) -> Iterator[Finding]:
    name, namespace = ingress["metadata"]["name"], ingress["metadata"]["namespace"]
    target = annotations_of(ingress).get(DNS_TARGET)
    address = _addresses(ingress)
    for host in _hosts(ingress):
        dns = f", external-dns target {target}" if target else ", no external-dns target"
        if address:
            yield Finding(namespace, f"ingress {name}: {host} at {address}{dns}")
        else:
            yield Finding(namespace, f"ingress {name}: {host} has no address yet{dns}", ok=False)


def _hosts(ingress: Object) -> list[str]:
    rules = (ingress.get("spec") or {}).get("rules") or []
    return [rule["host"] for rule in rules if rule.get("host")]


def _addresses(obj: Object) -> str:
    entries = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return ", ".join(str(entry.get("ip") or entry.get("hostname")) for entry in entries)


def _shared_hosts(ingresses: Iterable[Object]) -> Iterator[Finding]:
    owners: dict[str, list[Object]] = defaultdict(list)
    for ingress in ingresses:
        for host in set(_hosts(ingress)):
            owners[host].append(ingress)
    for host, sharing in owners.items():
        namespaces = sorted({ingress["metadata"]["namespace"] for ingress in sharing})
        for namespace in namespaces if len(namespaces) > 1 else ():
            others = ", ".join(other for other in namespaces if other != namespace)
            yield Finding(namespace, f"host {host} is also claimed by an ingress in {others}", ok=False)


def _service(service: Object) -> Iterator[Finding]:
    if (service.get("spec") or {}).get("type") != "LoadBalancer":
        return
    name, namespace, address = (
        service["metadata"]["name"],
        service["metadata"]["namespace"],
        _addresses(service),
    )
    if address:
        yield Finding(namespace, f"service {name}: at {address}")
    else:
        text = f"service {name}: no address; is there a load balancer, and is its pool exhausted?"
        yield Finding(namespace, text, ok=False)


def _certificate(certificate: Object, days_until: Callable[[str], int | None]) -> Finding:
    name, namespace = certificate["metadata"]["name"], certificate["metadata"]["namespace"]
    status = certificate.get("status") or {}
    ready: Mapping[str, Any] = next(
        (c for c in status.get("conditions") or [] if c.get("type") == "Ready"), {}
    )
    if ready.get("status") != "True":
        why = ready.get("message") or ready.get("reason") or "cert-manager has not looked at it yet"
        return Finding(namespace, f"certificate {name} is not ready: {why}", ok=False)
    days = days_until(str(status.get("notAfter") or ""))
    if days is None:
        return Finding(namespace, f"certificate {name} is ready")
    if days < 0:
        return Finding(namespace, f"certificate {name} has expired", ok=False)
    text = f"certificate {name} holds for {days} days"
    if days < _EXPIRES_SOON_DAYS:
        return Finding(namespace, f"{text} and was not renewed: see cert-manager's log", ok=False)
    return Finding(namespace, text)


def _pending(obj: Object) -> Iterator[Finding]:
    status: Mapping[str, Any] = obj.get("status") or {}
    state = status.get("state") or "pending"
    if state in ("valid", "ready"):
        return
    name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
    why = f": {status['reason']}" if status.get("reason") else ""
    yield Finding(namespace, f"{obj['kind'].lower()} {name} is {state}{why}", ok=False)
