"""A live object as a manifest: what its maker said, without what the server and controllers added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wildgit.core.cluster.deploy_record import RECORD_ANNOTATIONS
from wildgit.core.cluster.desired_state import APP_LABEL, REVISION, SECRETS_READ
from wildgit.core.cluster.field_diff import meaningful
from wildgit.core.cluster.field_ownership import LAST_APPLIED, last_applied
from wildgit.core.cluster.kube_objects import Object

_OWN = frozenset({APP_LABEL, REVISION, SECRETS_READ, LAST_APPLIED, *RECORD_ANNOTATIONS})
# Annotations that controllers keep on what they look after.
_CONTROLLERS = re.compile(
    r"(?:deployment\.kubernetes\.io|pv\.kubernetes\.io|volume\.(?:beta\.)?kubernetes\.io|autoscaling\.alpha\."
    r"kubernetes\.io)/"
)
# What the API server puts on a Job and its pods; of a manifest that says it, no Job can be made anew.
_JOB_LABELS = ("controller-uid", "job-name")
# Field → the value that the API gives it where a manifest says nothing. What is so says nothing, too.
# Source: https://kubernetes.io/docs/reference/kubernetes-api/
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "clusterIPs": (),
    "dnsPolicy": ("ClusterFirst",),
    "externalTrafficPolicy": ("Cluster",),
    "internalTrafficPolicy": ("Cluster",),
    "ipFamilies": (),
    "ipFamilyPolicy": ("SingleStack",),
    "nodePort": (),
    "progressDeadlineSeconds": (600,),
    "protocol": ("TCP",),
    "restartPolicy": ("Always",),
    "revisionHistoryLimit": (10,),
    "schedulerName": ("default-scheduler",),
    "securityContext": ({},),
    "resources": ({},),
    "strategy": ({},),
    "sessionAffinity": ("None",),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "volumeMode": ("Filesystem",),
    "volumeName": (),
}


def manifest_of(live: Object, namespace: str) -> Object:
    """Return what to write down of an object so that applying it changes nothing.

    What `kubectl apply` noted on it is what its maker wrote. Otherwise it is the object itself, without what
    was assigned to it (a clusterIP, a volume) and without the commonest defaults.

    Args:
        live: the object.
        namespace: of the app; objects in it need not state it.
    """
    noted = last_applied(live)
    source = _without_assigned(live) if noted is None else noted
    obj = meaningful({"metadata": {}, **source})
    metadata = {
        key: value for key, value in live["metadata"].items() if key in ("name", "labels", "annotations")
    }
    for part in ("labels", "annotations"):
        kept = {
            k: v
            for k, v in _without_job_labels(live, metadata.get(part) or {}).items()
            if k not in _OWN and not _CONTROLLERS.match(k)
        }
        metadata.pop(part, None)
        metadata |= {part: kept} if kept else {}
    place = live["metadata"].get("namespace")
    metadata |= {"namespace": place} if place and place != namespace else {}
    order = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    return order | {key: value for key, value in obj.items() if key not in order}


def _without_assigned(live: Object) -> Object:
    spec = live.get("spec")
    obj = {key: value for key, value in live.items() if key != "secrets" or live["kind"] != "ServiceAccount"}
    if not isinstance(spec, dict):
        return obj
    kept = dict(spec)
    if kept.get("clusterIP") != "None":
        kept.pop("clusterIP", None)
    if live["kind"] == "Deployment" and _is_usual_strategy(kept.get("strategy")):
        kept.pop("strategy", None)
    if live["kind"] == "Job" and "controller-uid" in str(kept.get("selector")):
        kept.pop("selector", None)
        kept["template"] = _without_pod_labels(live, kept["template"])
    if live["kind"] == "Service" and kept.get("type") == "ClusterIP":
        kept.pop("type")
    return {**obj, "spec": _without_defaults(kept)}


def _without_pod_labels(live: Object, template: Object) -> Object:
    said = template.get("metadata") or {}
    metadata = {key: value for key, value in said.items() if key != "labels" and value is not None}
    labels = _without_job_labels(live, said.get("labels") or {})
    metadata |= {"labels": labels} if labels else {}
    rest = {key: value for key, value in template.items() if key != "metadata"}
    return {"metadata": metadata, **rest} if metadata else rest


def _without_job_labels(live: Object, labels: Mapping[str, str]) -> dict[str, str]:
    if live["kind"] != "Job":
        return dict(labels)
    return {key: value for key, value in labels.items() if key.rpartition("/")[2] not in _JOB_LABELS}


def _is_usual_strategy(strategy: Any) -> bool:
    usual = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    return bool(strategy == usual)


def _without_defaults(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: inner for key, inner in value.items() if not _is_default(key, inner)}
    return {
        key: _without_defaults(inner)
        for key, inner in kept.items()
        if not (key == "creationTimestamp" and inner is None)
    }


def _is_default(key: str, value: Any) -> bool:
    usual = _DEFAULTS.get(key)
    return usual is not None and (not usual or value in usual)
