"""Volume snapshots as Kubernetes has them: what to ask for, what may be restored, and who uses a claim.

A snapshot keeps the manifest of its claim in an annotation, so that a restore that was killed after it
deleted the claim can still make it anew.
Source: https://kubernetes.io/docs/concepts/storage/volume-snapshots/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from wildgit.core.cluster.kube_objects import Object, annotations_of, labels_of

GROUP = "snapshot.storage.k8s.io"
API = f"{GROUP}/v1"
SET_LABEL = "wild.cloud/snapshot"
CLAIM = "wild.cloud/claim"
REPLICAS = "wild.cloud/replicas-before-restore"
_MADE_BY_OTHERS = re.compile(r"(pv|volume)\.(beta\.)?kubernetes\.io/|kubectl\.kubernetes\.io/last-applied")
_KEPT_OF_SPEC = ("accessModes", "resources", "storageClassName", "volumeMode")


def snapshot_of(claim: Object, set_name: str, snapshot_class: str | None) -> Object:
    """Return the VolumeSnapshot to make of a claim.

    Args:
        claim: as it is in the cluster.
        set_name: what all snapshots of one backup have in common.
        snapshot_class: a VolumeSnapshotClass; None for the driver's default.
    """
    name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
    spec: Object = {"source": {"persistentVolumeClaimName": name}}
    if snapshot_class:
        spec["volumeSnapshotClassName"] = snapshot_class
    return {
        "apiVersion": API,
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": f"{name}-{set_name}",
            "namespace": namespace,
            "labels": {SET_LABEL: set_name},
            "annotations": {CLAIM: json.dumps(_manifest(claim), sort_keys=True)},
        },
        "spec": spec,
    }


def claim_from(snapshot: Object) -> Object:
    """Return the claim to make of a snapshot without an `obstacle`: the one it was taken of, filled from it.

    Whoever may make snapshots wrote the annotation: which object it is, it has no say in.
    """
    noted = _noted(snapshot)
    place = {"name": _claim_name(snapshot), "namespace": snapshot["metadata"]["namespace"]}
    source = {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": snapshot["metadata"]["name"]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _only(("labels", "annotations"), noted["metadata"]) | place,
        "spec": _only(_KEPT_OF_SPEC, noted["spec"]) | {"dataSource": source},
    }


def is_ready(snapshot: Object) -> bool:
    """Whether a claim can be filled from it."""
    return bool((snapshot.get("status") or {}).get("readyToUse"))


def failure(snapshot: Object) -> str:
    """Return what went wrong with it, in the driver's words; "" for nothing."""
    return str(((snapshot.get("status") or {}).get("error") or {}).get("message") or "")


def content_name(snapshot: Object) -> str:
    """Return the VolumeSnapshotContent it is bound to; "" for none yet."""
    return str((snapshot.get("status") or {}).get("boundVolumeSnapshotContentName") or "")


def obstacle(snapshot: Object, content: Object | None) -> str:
    """Return why the claim must not be deleted for the sake of this snapshot; "" where it may."""
    name = snapshot["metadata"]["name"]
    if not _noted(snapshot) or not _claim_name(snapshot):
        return f"{name} was not taken by git wild"
    if not is_ready(snapshot):
        return f"{name} is not ready to use: {failure(snapshot) or 'its driver has not finished it'}"
    if content is None:
        return f"{name} has no content"
    policy = (content.get("spec") or {}).get("deletionPolicy")
    if policy != "Retain":
        return f"the content of {name} has the deletion policy {policy}, not Retain"
    return ""


def _noted(snapshot: Object) -> Object:
    """What the claim was, as we noted it; empty where there is no such note."""
    try:
        noted = json.loads(annotations_of(snapshot).get(CLAIM, ""))
    except ValueError:
        return {}
    is_claim = isinstance(noted, dict) and all(isinstance(noted.get(x), dict) for x in ("metadata", "spec"))
    return noted if is_claim else {}


def _claim_name(snapshot: Object) -> str:
    source = (snapshot.get("spec") or {}).get("source") or {}
    return str(source.get("persistentVolumeClaimName") or "")


def uses(pod_spec: Object, claims: Collection[str]) -> bool:
    """Whether a pod with this spec mounts one of the claims."""
    volumes = pod_spec.get("volumes") or []
    return any((v.get("persistentVolumeClaim") or {}).get("claimName") in claims for v in volumes)


def users_of(claims: Collection[str], workloads: Iterable[Object]) -> list[Object]:
    """Return the workloads whose pods mount one of the claims, those of their own templates included."""
    return [workload for workload in workloads if _is_user(workload, claims)]


def _is_user(workload: Object, claims: Collection[str]) -> bool:
    spec = workload["spec"]
    for template in spec.get("volumeClaimTemplates") or []:
        made = f"{template['metadata']['name']}-{workload['metadata']['name']}-"
        if any(claim.startswith(made) and claim.removeprefix(made).isdigit() for claim in claims):
            return True
    return uses(spec["template"]["spec"], claims)


def _manifest(claim: Object) -> Object:
    """The claim as somebody would write it: without what the server and its controllers added."""
    noted = {key: text for key, text in annotations_of(claim).items() if not _MADE_BY_OTHERS.match(key)}
    metadata = {key: claim["metadata"][key] for key in ("name", "namespace")}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata | {"labels": dict(labels_of(claim)), "annotations": noted},
        "spec": _only(_KEPT_OF_SPEC, claim["spec"]),
    }


def _only(keys: Iterable[str], values: Object) -> Object:
    return {key: values[key] for key in keys if values.get(key) is not None}
