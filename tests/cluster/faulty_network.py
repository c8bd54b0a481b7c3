"""Real faults between us and the API server: a proxy that breaks connections, a webhook that refuses."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Listener:
    """A port on 127.0.0.1; `serve` gets each connection in a thread of its own, and its number, from 1."""

    def __init__(self, serve: Callable[[socket.socket, int], None]) -> None:
        self._serve = serve
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            for number in itertools.count(1):
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client, number), daemon=True).start()


class ResettingProxy(Listener):
    """Passes TCP connections on, and resets every second one after the bytes that a TLS greeting takes."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.reset_count = 0
        super().__init__(self._pass_on)

    def _pass_on(self, client: socket.socket, number: int) -> None:
        is_reset = number % 2 == 1
        upstream = socket.create_connection(("127.0.0.1", self.target_port))
        back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
        back.start()
        pump(client, upstream, limit=2500 if is_reset else None)
        if is_reset:
            self.reset_count += 1
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        client.close()
        upstream.close()


def pump(source: socket.socket, target: socket.socket, limit: int | None = None) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
            passed += len(data)
            if limit is not None and passed > limit:
                return


class Webhook:
    """A validating webhook on 127.0.0.1 that says no to every ConfigMap of one namespace."""

    def __init__(self, folder: Path, reason: str) -> None:
        key, certificate = folder / "hook.key", folder / "hook.crt"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=hook"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
        self.authority = base64.b64encode(certificate.read_bytes()).decode()
        self.seen: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.seen, reason))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def configuration(self, name: str, label: str) -> str:
        """Return the object that registers the webhook for ConfigMaps in namespaces with `app: <label>`."""
        return json.dumps(
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": name},
                "webhooks": [
                    {
                        "name": "policy.example.com",
                        "clientConfig": {
                            "url": f"https://127.0.0.1:{self.port}/",
                            "caBundle": self.authority,
                        },
                        "rules": [
                            {
                                "apiGroups": [""],
                                "apiVersions": ["v1"],
                                "operations": ["CREATE", "UPDATE"],
                                "resources": ["configmaps"],
                            }
                        ],
                        "objectSelector": {"matchLabels": {"wild.cloud/app": label}},
                        "failurePolicy": "Fail",
                        "sideEffects": "None",
                        "admissionReviewVersions": ["v1"],
                        "timeoutSeconds": 3,
                    }
                ],
            }
        )


def _handler(seen: list[dict[str, Any]], reason: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(review["request"])
            response = {
                "uid": review["request"]["uid"],
                "allowed": False,
                "status": {"code": 403, "message": reason},
            }
            body = json.dumps({**review, "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def closing(thing: Any) -> Iterator[Any]:
    """Close a proxy or a webhook in the end."""
    try:
        yield thing
    finally:
        thing.close()
