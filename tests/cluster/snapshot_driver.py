"""A CSI driver with snapshots, and its controller, that are not there: an API server beside the real one.

The test binaries' API server can't store custom resources, so it asks this one for the group, as it would ask
any aggregated API server. Snapshots are ready as soon as they are made.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cluster.control_plane import ControlPlane

GROUP = "snapshot.storage.k8s.io"
ROOT = f"/apis/{GROUP}/v1"
NAME = "snapshot-driver"


class Driver:
    """What the driver holds; a test changes `policy` and reads `snapshots`."""

    def __init__(self) -> None:
        self.policy = "Delete"
        self.snapshots: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, url: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return what a request gets; None for not found."""
        parts = urlsplit(url)
        if parts.path == ROOT:
            return _discovery()
        name = parts.path.rpartition("/")[2]
        if "/volumesnapshotcontents/" in parts.path:
            return {"metadata": {"name": name}, "spec": {"deletionPolicy": self.policy}}
        if name == "volumesnapshots":
            selector = parse_qs(parts.query).get("labelSelector", [""])[0]
            key, _, value = selector.partition("=")
            found = [s for s in self.snapshots.values() if s["metadata"]["labels"].get(key) == value]
            return {"kind": "VolumeSnapshotList", "apiVersion": f"{GROUP}/v1", "metadata": {}, "items": found}
        if method == "PATCH":
            status = {"readyToUse": True, "boundVolumeSnapshotContentName": f"content-{name}"}
            self.snapshots[name] = {**body, "status": status}
        return self.snapshots.get(name)


def _discovery() -> dict[str, Any]:
    verbs = ["get", "list", "patch"]
    resources = [
        {"name": "volumesnapshots", "kind": "VolumeSnapshot", "namespaced": True, "verbs": verbs},
        {
            "name": "volumesnapshotcontents",
            "kind": "VolumeSnapshotContent",
            "namespaced": False,
            "verbs": verbs,
        },
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{GROUP}/v1",
        "resources": resources,
    }


@contextmanager
def snapshot_driver(plane: ControlPlane, folder: Path) -> Iterator[Driver]:
    """Serve the group to a control plane, and take it away again."""
    driver = Driver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(driver))
    key = folder / "driver.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", f"{key}.crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{key}.crt", key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    worker = threading.Thread(target=server.serve_forever, daemon=True)
    worker.start()
    try:
        _register(plane, server.server_address[1])
        yield driver
    finally:
        plane.request("DELETE", f"/apis/apiregistration.k8s.io/v1/apiservices/v1.{GROUP}")
        plane.request("DELETE", f"/api/v1/namespaces/default/services/{NAME}")
        server.shutdown()
        server.server_close()
        worker.join()


def _handler(driver: Driver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            found = driver.answer(self.command, self.path, json.loads(self.rfile.read(length) or "{}"))
            missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
            data = json.dumps(missing if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PATCH = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _register(plane: ControlPlane, port: int) -> None:
    place = {"namespace": "default", "name": NAME, "port": port}
    service = {
        "metadata": {"name": NAME},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    registered = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1",
            "service": place,
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 1000,
            "versionPriority": 10,
        },
    }
    plane.request("POST", "/api/v1/namespaces/default/services", service)
    plane.request("POST", "/apis/apiregistration.k8s.io/v1/apiservices", registered)
    deadline = time.monotonic() + 20
    while True:
        try:
            plane.request("GET", ROOT)
        except urllib.error.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
