"""Which claims may be replaced by a snapshot, and whose pods must go first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wildgit.core.cluster.snapshots import claim_from, obstacle, snapshot_of, users_of

CLAIM = {
    "metadata": {
        "name": "data-db-0",
        "namespace": "db",
        "uid": "1",
        "labels": {"app": "db"},
        "annotations": {"pv.kubernetes.io/bind-completed": "yes", "mine": "kept"},
    },
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "volumeName": "pv-1",
    },
}
READY = {"readyToUse": True, "boundVolumeSnapshotContentName": "content"}


def test_claim_comes_back_as_it_was_without_its_volume() -> None:
    claim = claim_from(snapshot_of(CLAIM, "20240301-120000", None))
    assert claim["metadata"] == {
        "name": "data-db-0",
        "namespace": "db",
        "labels": {"app": "db"},
        "annotations": {"mine": "kept"},
    }
    assert "volumeName" not in claim["spec"]
    assert claim["spec"]["dataSource"]["name"] == "data-db-0-20240301-120000"


def test_what_somebody_wrote_into_the_note_makes_no_other_object_of_it() -> None:
    snapshot = snapshot_of(CLAIM, "x", None)
    note = {"kind": "Namespace", "metadata": {"name": "kube-system", "namespace": "other"}, "spec": {}}
    snapshot["metadata"]["annotations"]["wild.cloud/claim"] = json.dumps(note)
    claim = claim_from(snapshot)
    assert (claim["kind"], claim["metadata"]) == (
        "PersistentVolumeClaim",
        {"name": "data-db-0", "namespace": "db"},
    )
    for broken in ("{", "[]", "{}"):
        snapshot["metadata"]["annotations"]["wild.cloud/claim"] = broken
        assert "not taken by git wild" in obstacle(snapshot, None)


@pytest.mark.parametrize(
    ("status", "content", "complaint"),
    [
        (READY, {"spec": {"deletionPolicy": "Retain"}}, ""),
        (READY, {"spec": {"deletionPolicy": "Delete"}}, "not Retain"),
        (READY, None, "no content"),
        ({}, {"spec": {"deletionPolicy": "Retain"}}, "not ready"),
        ({"error": {"message": "disk full"}}, None, "disk full"),
    ],
)
def test_no_claim_goes_for_a_snapshot_that_may_go_itself(
    status: dict[str, Any], content: dict[str, Any] | None, complaint: str
) -> None:
    found = obstacle({**snapshot_of(CLAIM, "x", None), "status": status}, content)
    assert complaint in found
    assert bool(complaint) == bool(found)


def test_users_are_those_who_mount_a_claim_or_made_it() -> None:
    def workload(name: str, claim: str = "", template: str = "") -> dict[str, Any]:
        volumes = [{"persistentVolumeClaim": {"claimName": claim}}] if claim else []
        spec: dict[str, Any] = {"template": {"spec": {"volumes": volumes}}}
        if template:
            spec["volumeClaimTemplates"] = [{"metadata": {"name": template}}]
        return {"metadata": {"name": name}, "spec": spec}

    mounts, made = workload("backup", claim="data-db-0"), workload("db", template="data")
    others = [workload("db-2", template="data"), workload("web", claim="files"), workload("none")]
    assert users_of(["data-db-0"], [mounts, made, *others]) == [mounts, made]
