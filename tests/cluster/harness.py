"""What the cluster tests work with: an instance, `git-wild` as a process, and a node that is not there."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.control_plane import ControlPlane

Object = dict[str, Any]

MANIFEST = """\
name: {name}
is: {name}
description: made for a test
version: 1.0.0
"""


class Instance:
    """An instance in a git repository, with apps that a test writes as text."""

    def __init__(self, root: Path, plane: ControlPlane) -> None:
        self.root, self.plane = root, plane
        root.mkdir(parents=True)
        self.git("init", "-q")
        self.write("config.yaml", "cloud: {domain: cloud.example.com}\napps: {}\n")
        self.write("secrets.yaml", "apps: {}\n")
        self.write(".gitignore", "secrets.yaml\nkubeconfig\n*.lock\noperations/\n")
        self.use(plane.kubeconfig())

    @classmethod
    def existing(cls, root: Path, plane: ControlPlane) -> Instance:
        """Return an instance that is there already, such as a clone; it gets a kubeconfig."""
        found = cls.__new__(cls)
        found.root, found.plane = root, plane
        found.use(plane.kubeconfig())
        return found

    def use(self, kubeconfig: Path) -> None:
        """Talk to the cluster by this kubeconfig from now on."""
        (self.root / "kubeconfig").write_bytes(kubeconfig.read_bytes())

    def write(self, path: str, text: str) -> None:
        """Write a file of the instance."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        text = (self.root / path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new))

    def app(self, name: str, resources: str, *, manifest: str = "", secrets: str = "") -> None:
        """Write an app whose resources are in one file, in a namespace of its name; commit it."""
        self.write(f"apps/{name}/manifest.yaml", MANIFEST.format(name=name) + manifest)
        self.write(
            f"apps/{name}/kustomization.yaml",
            f"namespace: {name}\nlabels: [{{includeSelectors: true, pairs: {{app: {name}}}}}]\n"
            "resources: [all.yaml]\n",
        )
        self.write(f"apps/{name}/all.yaml", resources)
        if secrets:
            self.write("secrets.yaml", f"apps: {{{name}: {secrets}}}\n")
        self.commit()

    def git(self, *arguments: str) -> str:
        """Run git and return what it printed."""
        return subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True
        ).stdout

    def commit(self, message: str = "test: change") -> str:
        """Commit everything and return the commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")
        return self.git("rev-parse", "HEAD").strip()

    def wild(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run git-wild to its end."""
        return subprocess.run(
            ["git-wild", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start git-wild and let it run."""
        return subprocess.Popen(
            ["git-wild", *arguments],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def deploy(self, *arguments: str) -> str:
        """Deploy, which must succeed, and return what was said."""
        done = self.wild("deploy", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stderr + done.stdout

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator, which must succeed, and return what it printed."""
        done = subprocess.run(
            ["kubectl", f"--kubeconfig={self.plane.kubeconfig()}", *arguments],
            cwd=self.root,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object of the cluster; None where it is not there."""
        place = ["-n", namespace] if namespace else []
        text = self.kubectl("get", kind, name, *place, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def list(self, kinds: str, namespace: str) -> list[Object]:
        """Return the objects of some kinds in a namespace."""
        return list(json.loads(self.kubectl("get", kinds, "-n", namespace, "-o", "json"))["items"])

    def versions(self, namespace: str) -> dict[str, str]:
        """Return what identifies each object of an app's namespace → its resourceVersion; events left out."""
        kinds = (
            "deployments,statefulsets,daemonsets,jobs,services,ingresses,configmaps,secrets,"
            "persistentvolumeclaims,serviceaccounts,roles,rolebindings,pods"
        )
        found = [*self.list(kinds, namespace), *filter(None, [self.get("namespace", namespace)])]
        return {f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["resourceVersion"] for o in found}

    def operations(self, app: str) -> list[dict[str, Any]]:
        """Return the operation records of an app, oldest first."""
        paths = sorted((self.root / "operations").glob(f"op_*_app_{app}_*.json"))
        return [json.loads(path.read_text()) for path in paths]


@contextmanager
def node(plane: ControlPlane) -> Iterator[None]:
    """Be the node that is not there: pods run and are ready, jobs end well, claims are bound."""
    stop = threading.Event()
    worker = threading.Thread(target=_run_node, args=(plane, stop), daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def _run_node(plane: ControlPlane, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        with contextlib.suppress(OSError):  # the server may be down: that is what some tests are about
            for pod in json.loads(plane.request("GET", "/api/v1/pods"))["items"]:
                status = _status_of_running(pod)
                if status:
                    set_status(plane, "pods", pod, status)
            for claim in json.loads(plane.request("GET", "/api/v1/persistentvolumeclaims"))["items"]:
                if claim["status"].get("phase") == "Pending" and not claim["spec"].get("volumeName"):
                    with contextlib.suppress(OSError):
                        _provision(plane, claim)


def _status_of_running(pod: Object) -> Object | None:
    if pod["status"].get("phase") != "Pending" or pod["metadata"].get("deletionTimestamp"):
        return None
    if "job-name" in pod["metadata"].get("labels", {}):
        return {"phase": "Succeeded"}
    conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "Ready")]
    statuses = [
        {
            "name": c["name"],
            "image": c["image"],
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {}},
        }
        for c in pod["spec"]["containers"]
    ]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": statuses}


def _provision(plane: ControlPlane, claim: Object) -> None:
    """Make the volume that a claim waits for, as a provisioner would; the controller binds the two."""
    metadata, spec = claim["metadata"], claim["spec"]
    owner = {key: metadata[key] for key in ("namespace", "name", "uid")}
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"volume-{metadata['uid']}"},
        "spec": {
            "capacity": spec["resources"]["requests"],
            "accessModes": spec["accessModes"],
            "storageClassName": spec.get("storageClassName", ""),
            "claimRef": owner,
            "hostPath": {"path": "/tmp/volume"},
        },
    }
    plane.request("POST", "/api/v1/persistentvolumes", volume)  # 409 where it is there and not yet bound


def forget_deploys(plane: ControlPlane) -> None:
    """Take every record of a deploy off the cluster, so that a test finds none of those before it."""
    for namespace in json.loads(plane.request("GET", "/api/v1/namespaces?labelSelector=wild.cloud/app"))[
        "items"
    ]:
        metadata = namespace["metadata"]
        gone = {key: None for key in metadata.get("annotations", {}) if key.startswith("wild.cloud/")}
        patch = {"metadata": {"labels": {"wild.cloud/app": None}, "annotations": gone}}
        path = f"/api/v1/namespaces/{metadata['name']}"
        plane.request("PATCH", path, patch, content_type="application/merge-patch+json")


def set_status(plane: ControlPlane, resource: str, obj: Object, status: Object) -> None:
    """Write the status of a core object, as its controller or kubelet would."""
    metadata = obj["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/{resource}/{metadata['name']}/status"
    plane.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")


def eventually(is_so: Callable[[], bool], timeout_s: float = 20) -> None:
    """Wait until something is so, or fail."""
    waited = threading.Event()
    for _ in range(int(timeout_s / 0.1)):
        if is_so():
            return
        waited.wait(0.1)
    raise AssertionError(f"not so after {timeout_s} s")
