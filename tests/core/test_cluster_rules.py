"""Rules of a deploy that need no cluster to be tried."""

from __future__ import annotations

from typing import Any

import pytest

from wildgit.core.cluster.deploy_order import dependants, deploy_order
from wildgit.core.cluster.deploy_record import decode_inventory, encode_inventory
from wildgit.core.cluster.desired_state import is_placeholder
from wildgit.core.cluster.exposure import findings
from wildgit.core.cluster.field_ownership import is_applied
from wildgit.core.cluster.kube_objects import ResourceId, secrets_used, with_default_protocols
from wildgit.errors import InputError


def test_required_apps_come_first_and_once() -> None:
    requires = {"site": ["db", "cache"], "db": ["disk"], "cache": ["disk"]}
    assert deploy_order(["site"], requires) == ["disk", "db", "cache", "site"]
    assert dependants("disk", requires) == ["cache", "db"]


def test_circle_is_shown_in_order() -> None:
    with pytest.raises(InputError, match="a → b → c → a"):
        deploy_order(["a"], {"a": ["b"], "b": ["c"], "c": ["a"]})


def test_inventory_survives_its_annotation() -> None:
    resources = [
        ResourceId("apps", "Deployment", "web", "a", "apps/v1"),
        ResourceId("", "ConfigMap", "elsewhere", "b", "v1"),
        ResourceId("", "Namespace", "", "web", "v1"),
    ]
    assert sorted(decode_inventory(encode_inventory(resources, "web"), "web")) == sorted(resources)
    assert decode_inventory("{broken", "web") == []


def live(value: str, fields: dict[str, Any]) -> dict[str, Any]:
    entry = {"manager": "git-wild", "operation": "Apply", "fieldsV1": {"f:data": fields}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "managedFields": [entry]},
        "data": {"k": value, "other": "x"},
    }


DESIRED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}


@pytest.mark.parametrize(
    ("value", "fields", "applied"),
    [
        ("v", {".": {}, "f:k": {}}, True),
        ("changed", {"f:k": {}}, False),
        ("v", {}, False),
        ("v", {"f:k": {}, "f:gone": {}}, False),
    ],
)
def test_object_is_applied_only_with_our_values_and_exactly_our_fields(
    value: str, fields: dict[str, Any], applied: bool
) -> None:
    assert is_applied(DESIRED, live(value, fields)) is applied


def test_ports_get_their_documented_protocol() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "spec": {"ports": [{"port": 1}, {"port": 2, "protocol": "UDP"}]},
    }
    assert [port["protocol"] for port in with_default_protocols(service)["spec"]["ports"]] == ["TCP", "UDP"]


def test_secrets_are_found_wherever_a_pod_names_them() -> None:
    spec = {
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [
            {
                "envFrom": [{"secretRef": {"name": "all"}}],
                "env": [{"valueFrom": {"secretKeyRef": {"name": "one"}}}],
            }
        ],
        "volumes": [
            {"secret": {"secretName": "file"}},
            {"projected": {"sources": [{"secret": {"name": "part"}}]}},
        ],
    }
    workload = {"kind": "Deployment", "spec": {"template": {"spec": spec}}}
    assert secrets_used(workload) == {"pull", "all", "one", "file", "part"}


@pytest.mark.parametrize("value", ["", "  ", "changeme", "CHANGE_ME", "<your password>", "TODO"])
def test_placeholders_are_known(value: str) -> None:
    assert is_placeholder(value)


def certificate(**status: Any) -> dict[str, Any]:
    return {"kind": "Certificate", "metadata": {"name": "tls", "namespace": "web"}, "status": status}


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("obj", "days", "text", "ok"),
    [
        (certificate(), None, "not ready: cert-manager has not looked at it yet", False),
        (certificate(conditions=READY, notAfter="t"), 60, "holds for 60 days", True),
        (certificate(conditions=READY, notAfter="t"), 5, "was not renewed", False),
        (certificate(conditions=READY, notAfter="t"), -1, "has expired", False),
        (
            {
                "kind": "Challenge",
                "metadata": {"name": "c", "namespace": "web"},
                "status": {"reason": "no TXT"},
            },
            None,
            "challenge c is pending: no TXT",
            False,
        ),
    ],
)
def test_certificates_say_how_they_are(obj: dict[str, Any], days: int | None, text: str, ok: bool) -> None:
    (found,) = findings([obj], lambda _: days)
    assert text in found.text
    assert found.ok is ok
