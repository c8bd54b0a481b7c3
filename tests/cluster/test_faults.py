"""What goes wrong between us and a cluster, each made to happen: what is said, and that it ends well."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.faulty_network import ResettingProxy, Webhook, closing
from tests.cluster.harness import Instance, eventually
from tests.cluster.resources import HELD

CONFIG_MAP = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{0}}}\ndata: {{a: '{0}'}}\n"
INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


def maps(count: int) -> str:
    return "".join(CONFIG_MAP.format(number) for number in range(count))


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Instance]:
    made = Instance(tmp_path / "cloud", control_plane)
    for key, value in (("requestTimeout", "3"), ("outageTimeout", "60"), ("terminatingWait", "1")):
        made.git("config", f"wild.{key}", value)
    yield made
    control_plane.resume_api_server()


def count_maps(instance: Instance, namespace: str) -> int:
    return sum(o["metadata"]["name"].startswith("map-") for o in instance.list("configmaps", namespace))


def is_deleted(instance: Instance, path: str) -> bool:
    """Delete an object; False where it is not there (yet)."""
    try:
        instance.plane.request("DELETE", path)
    except OSError:
        return False
    return True


def wait_until_under_way(instance: Instance, namespace: str) -> None:
    """The deploy has begun to apply: its claim stands in the namespace."""
    path = f"/api/v1/namespaces/{namespace}"

    def has_begun() -> bool:
        try:
            return b"wild.cloud/deploying" in instance.plane.request("GET", path)
        except OSError:
            return False

    eventually(has_begun)


def test_server_killed_and_started_again_in_mid_deploy_is_waited_out(instance: Instance) -> None:
    instance.app("killed", maps(150))
    running = instance.start("deploy", "killed")
    wait_until_under_way(instance, "killed")
    instance.plane.kill_api_server()
    assert running.poll() is None
    instance.plane.start_api_server()
    _, said = running.communicate(timeout=90)
    assert running.returncode == 0, said
    assert count_maps(instance, "killed") == 150


def test_server_that_hangs_in_mid_deploy_is_waited_out(instance: Instance) -> None:
    instance.app("paused", maps(150))
    running = instance.start("deploy", "paused")
    wait_until_under_way(instance, "paused")
    instance.plane.pause_api_server()
    time.sleep(5)  # longer than one request may take
    instance.plane.resume_api_server()
    _, said = running.communicate(timeout=90)
    assert running.returncode == 0, said
    assert count_maps(instance, "paused") == 150


def test_deploy_that_is_killed_itself_is_shown_as_unfinished_and_goes_on(instance: Instance) -> None:
    instance.app("halfway", maps(150))
    running = instance.start("deploy", "halfway")
    wait_until_under_way(instance, "halfway")
    running.kill()
    running.communicate()
    assert instance.operations("halfway")[-1]["outcome"] == "running"
    assert "unfinished" in instance.wild("log", "halfway").stdout
    instance.deploy("halfway")
    assert count_maps(instance, "halfway") == 150
    namespace = instance.get("namespace", "halfway")
    assert namespace and "wild.cloud/deploying" not in namespace["metadata"]["annotations"]


def test_deploy_of_a_cancelled_job_locks_nobody_out(instance: Instance) -> None:
    instance.app("cancelled", maps(150))
    running = instance.start("deploy", "cancelled")
    wait_until_under_way(instance, "cancelled")
    running.terminate()
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert "interrupted" in said
    assert instance.operations("cancelled")[-1]["outcome"] == "interrupted"
    namespace = instance.get("namespace", "cancelled")
    assert namespace and "wild.cloud/deploying" not in namespace["metadata"]["annotations"]


def test_refused_connection_is_told_and_nothing_is_left_behind(instance: Instance) -> None:
    instance.app("refused", maps(1))
    instance.git("config", "wild.outageTimeout", "2")
    instance.plane.kill_api_server()
    done = instance.wild("deploy", "refused")
    instance.plane.start_api_server()
    assert done.returncode == 3
    assert "refuses connections" in done.stderr
    assert instance.plane.server in done.stderr
    assert instance.operations("refused")[-1]["outcome"] == "failed"
    instance.deploy("refused")


def test_server_that_never_answers_is_given_up(instance: Instance) -> None:
    instance.app("hanging", maps(1))
    instance.git("config", "wild.requestTimeout", "1")
    instance.git("config", "wild.outageTimeout", "2")
    instance.plane.pause_api_server()
    began = time.monotonic()
    done = instance.wild("deploy", "hanging")
    instance.plane.resume_api_server()
    assert done.returncode == 3
    assert "does not answer within 1 s" in done.stderr
    assert time.monotonic() - began < 20
    instance.deploy("hanging")


def test_reset_connections_are_made_again(instance: Instance) -> None:
    instance.app("reset", maps(30))
    with closing(ResettingProxy(instance.plane.port)) as proxy:
        instance.use(instance.plane.kubeconfig(server=f"https://127.0.0.1:{proxy.port}"))
        instance.deploy("reset")
    assert proxy.reset_count > 2
    assert count_maps(instance, "reset") == 30


def test_objects_that_somebody_changes_meanwhile_are_applied_all_the_same(instance: Instance) -> None:
    instance.app("busy", maps(10))
    instance.deploy("busy")
    stop = threading.Event()

    def disturb() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            patch = {"metadata": {"annotations": {"disturbed": str(number)}}}
            for name in range(10):
                instance.plane.request(
                    "PATCH",
                    f"/api/v1/namespaces/busy/configmaps/map-{name}",
                    patch,
                    content_type="application/merge-patch+json",
                )

    threads = [threading.Thread(target=disturb, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    instance.edit("apps/busy/all.yaml", "data: {a:", "data: {b:")
    instance.commit()
    try:
        instance.deploy("busy")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert all(
        "b" in o["data"] for o in instance.list("configmaps", "busy") if "map-" in o["metadata"]["name"]
    )


def test_server_that_asks_for_patience_gets_it(instance: Instance) -> None:
    """With one request in flight at a time the server answers 429 and Retry-After to all others."""
    instance.app("patient", maps(40))
    instance.kubectl(
        "create", "clusterrolebinding", "patient", "--clusterrole=cluster-admin", "--user=limited"
    )
    instance.use(instance.plane.kubeconfig("limited"))  # system:masters are never asked to wait
    limits = ["--max-requests-inflight=1", "--max-mutating-requests-inflight=1"]
    instance.plane.kill_api_server()
    instance.plane.start_api_server(extra=[*limits, "--enable-priority-and-fairness=false"])
    try:
        instance.deploy("patient")
        refused = instance.plane.request("GET", "/metrics").decode()
    finally:
        instance.plane.kill_api_server()
        instance.plane.start_api_server()
        instance.kubectl("delete", "clusterrolebinding", "patient")
    assert 'code="429"' in refused
    assert count_maps(instance, "patient") == 40


def test_webhook_that_refuses_is_quoted_before_anything_is_written(
    instance: Instance, tmp_path: Path
) -> None:
    instance.app("policy", maps(2))
    with closing(Webhook(tmp_path, "config maps need an owner")) as webhook:
        instance.kubectl("apply", "-f", "-", stdin=webhook.configuration("refusing", "policy"))
        eventually(lambda: instance.wild("deploy", "--dry-run", "policy").returncode == 3)
        done = instance.wild("deploy", "policy")
        instance.kubectl("delete", "validatingwebhookconfiguration", "refusing")
    assert done.returncode == 3
    assert 'webhook "policy.example.com" denied the request: config maps need an owner' in done.stderr
    assert all(request["dryRun"] for request in webhook.seen)
    assert instance.get("namespace", "policy") is None
    eventually(lambda: instance.wild("deploy", "policy").returncode == 0)


def test_webhook_that_does_not_answer_is_named(instance: Instance, tmp_path: Path) -> None:
    """The server itself answers 500 then."""
    instance.app("orphaned", maps(1))
    webhook = Webhook(tmp_path, "")
    webhook.close()
    instance.kubectl("apply", "-f", "-", stdin=webhook.configuration("orphaned", "orphaned"))
    eventually(lambda: instance.wild("deploy", "--dry-run", "orphaned").returncode == 3)
    done = instance.wild("deploy", "orphaned")
    instance.kubectl("delete", "validatingwebhookconfiguration", "orphaned")
    assert done.returncode == 3
    assert 'failed calling webhook "policy.example.com"' in done.stderr
    eventually(lambda: instance.wild("deploy", "orphaned").returncode == 0)


def test_namespace_stuck_on_a_finalizer_is_freed_and_deployed_into(instance: Instance) -> None:
    instance.app("stuck", maps(1))
    instance.kubectl("create", "namespace", "stuck")
    instance.kubectl("apply", "-n", "stuck", "-f", "-", stdin=HELD)
    instance.kubectl("delete", "namespace", "stuck", "--wait=false")
    said = instance.deploy("stuck")
    assert "namespace stuck is Terminating" in said
    assert "configmap/held in stuck is held by the finalizer example.com/hold: clearing it" in said
    assert count_maps(instance, "stuck") == 1
    assert instance.get("configmap", "held", "stuck") is None


def test_namespace_held_by_its_own_finalizer_is_finalized_as_the_last_resort(instance: Instance) -> None:
    instance.app("nailed", maps(1))
    instance.kubectl("create", "namespace", "nailed")
    namespace = instance.get("namespace", "nailed")
    assert namespace
    namespace["spec"]["finalizers"].append("example.com/nail")
    instance.kubectl(
        "replace", "--raw", "/api/v1/namespaces/nailed/finalize", "-f", "-", stdin=json.dumps(namespace)
    )
    instance.kubectl("delete", "namespace", "nailed", "--wait=false")
    running = instance.start("deploy", "nailed")
    # What the namespace's controller does that is still emptying what it knows by this name.
    eventually(lambda: is_deleted(instance, "/api/v1/namespaces/nailed/configmaps/map-0"))
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "finalizing namespace nailed as the last resort; this can leave objects behind" in said
    assert "1 of 1 new objects went with the namespace that was finalized; applying them again" in said
    assert count_maps(instance, "nailed") == 1


def test_dry_run_leaves_a_terminating_namespace_alone(instance: Instance) -> None:
    instance.app("waiting", maps(1))
    instance.kubectl("create", "namespace", "waiting")
    instance.kubectl("apply", "-n", "waiting", "-f", "-", stdin=HELD)
    instance.kubectl("delete", "namespace", "waiting", "--wait=false")
    done = instance.wild("deploy", "--dry-run", "waiting")
    assert done.returncode == 0
    assert "namespace waiting is Terminating" in done.stderr
    assert instance.get("configmap", "held", "waiting") is not None
    instance.deploy("waiting")


def test_job_stuck_on_a_finalizer_is_an_error_that_names_it(instance: Instance) -> None:
    job = """\
apiVersion: batch/v1
kind: Job
metadata: {name: init, finalizers: [example.com/hold]}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}
"""
    instance.app("jobstuck", job)
    instance.git("config", "wild.terminatingWait", "1")
    instance.deploy("jobstuck")
    instance.edit("apps/jobstuck/all.yaml", "a:1", "a:2")
    instance.commit()
    done = instance.wild("deploy", "jobstuck")
    assert done.returncode == 3
    assert "Job jobstuck/init does not go away: it is held by example.com/hold" in done.stderr
    instance.kubectl(
        "patch", "job", "init", "-n", "jobstuck", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
    instance.deploy("jobstuck")
    found = instance.get("job", "init", "jobstuck")
    assert found and found["spec"]["template"]["spec"]["containers"][0]["image"] == "a:2"


def test_two_deploys_of_one_app_at_once_both_end_well(instance: Instance) -> None:
    instance.app("twice", maps(40))
    running = [instance.start("deploy", "twice") for _ in range(2)]
    for each in running:
        _, said = each.communicate(timeout=90)
        assert each.returncode == 0, said
    assert count_maps(instance, "twice") == 40


def test_app_that_another_machine_deploys_is_locked(instance: Instance) -> None:
    instance.app("claimed", maps(1))
    instance.deploy("claimed")
    claim = {"holder": "other:/srv", "who": "bob@example.com", "since": "2024-03-01T12:00:00Z"}
    for until, code in (("2999-01-01T00:00:00Z", 3), ("2024-03-01T12:15:00Z", 0)):
        instance.kubectl(
            "annotate", "namespace", "claimed", "--overwrite",
            f"wild.cloud/deploying={json.dumps({**claim, 'until': until})}",
        )  # fmt: skip
        done = instance.wild("deploy", "claimed")
        assert done.returncode == code
        assert ("claimed is locked by bob@example.com (other:/srv)" in done.stderr) == (code == 3)


def test_deploy_right_after_delete_ends_well(instance: Instance) -> None:
    instance.app("phoenix", maps(3))
    instance.deploy("phoenix")
    instance.git("config", "wild.deleteWait", "0")
    instance.git("config", "wild.terminatingTries", "0")
    instance.wild("delete", "--yes", "phoenix")
    instance.git("config", "wild.terminatingTries", "3")
    instance.git("config", "wild.terminatingWait", "5")
    instance.git("checkout", "-q", "HEAD", "--", ".")
    instance.deploy("phoenix")
    assert count_maps(instance, "phoenix") == 3


def test_wrong_credentials_are_told_with_where_they_come_from(instance: Instance) -> None:
    instance.app("stranger", maps(1))
    instance.use(instance.plane.kubeconfig(token="expired"))
    done = instance.wild("deploy", "stranger")
    assert done.returncode == 3
    assert "does not accept the credentials" in done.stderr
    assert str(instance.root / "kubeconfig") in done.stderr
    instance.use(instance.plane.kubeconfig())
    instance.deploy("stranger")


def test_missing_right_on_one_kind_is_found_before_anything_is_written(instance: Instance) -> None:
    instance.app("limits", maps(1) + INGRESS)
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "no-ingress"},
        "rules": [
            {"apiGroups": [""], "resources": ["namespaces", "configmaps", "secrets"], "verbs": ["*"]},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list"]},
        ],
    }
    instance.kubectl("apply", "-f", "-", stdin=json.dumps(rights))
    instance.kubectl(
        "create", "clusterrolebinding", "no-ingress", "--clusterrole=no-ingress", "--user=limited"
    )
    instance.use(instance.plane.kubeconfig("limited"))
    done = instance.wild("deploy", "limits")
    assert done.returncode == 3
    assert "Ingress limits/web: the user of the kubeconfig may not create ingresses in limits" in done.stderr
    assert instance.get("namespace", "limits") is None
    instance.use(instance.plane.kubeconfig())
    instance.deploy("limits")
    # What one app hides from us hides no other.
    instance.app("unlimited", maps(1))
    instance.deploy("unlimited")
    rights["rules"] = rights["rules"][:1]
    instance.kubectl("apply", "-f", "-", stdin=json.dumps(rights))
    instance.kubectl("delete", "configmaps", "--all", "-n", "unlimited")
    instance.use(instance.plane.kubeconfig("limited"))
    done = instance.wild("drift", "limits", "unlimited")
    assert done.returncode == 3
    assert 'cannot get resource "ingresses"' in done.stdout + done.stderr
    assert "missing" in done.stdout
    done = instance.wild("status", "-v")
    assert done.returncode == 0
    assert "drifted" in done.stdout
    assert "nothing is said of what it may not list: " in done.stderr
    assert "PersistentVolumeClaim" in done.stderr
    said = instance.wild("doctor").stdout
    assert (
        "not tried what is exposed works\n          the kubeconfig's user may not list Ingress, Service"
        in said
    )
    instance.kubectl("delete", "clusterrolebinding", "no-ingress")
    instance.use(instance.plane.kubeconfig())


def test_certificate_of_another_cluster_is_refused(instance: Instance) -> None:
    instance.app("impostor", maps(1))
    config = json.loads((instance.root / "kubeconfig").read_text())
    other = instance.plane.folder / "other"
    other.mkdir(exist_ok=True)
    with closing(Webhook(other, "")):
        config["clusters"][0]["cluster"]["certificate-authority"] = str(other / "hook.crt")
        instance.write("kubeconfig", json.dumps(config))
        instance.git("config", "wild.outageTimeout", "1")
        done = instance.wild("deploy", "impostor")
    assert done.returncode == 3
    assert "is not trusted" in done.stderr
