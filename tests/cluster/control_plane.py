"""A real Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager on free ports.

No node and no kubelet: Deployments make Pods that stay Pending until a test writes their status. The
binaries come from `KUBEBUILDER_ASSETS` and may be of any version since 1.20; where their flags differ,
`--help` is asked. The processes die with us, even if we are killed.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager")
MISSING = f"no control plane: KUBEBUILDER_ASSETS names no folder with {', '.join(NEEDED)}"
START_TIMEOUT_S = 90
# name → groups. `system:masters` may everything, the others what a test grants them.
USERS = {"admin": "system:masters", "manager": "system:masters", "limited": "", "second": "system:masters"}
CONTROLLERS = (
    "*,-nodelifecycle,-nodeipam,-cloud-node-lifecycle,-service,-route,-ttl,"
    "-bootstrapsigner,-tokencleaner,-attachdetach"
)


def assets() -> Path | None:
    """The folder of the binaries, or None when it is not set or lacks one of them."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if folder and all((Path(folder) / name).is_file() for name in NEEDED):
        return Path(folder)
    return None


class ControlPlane:
    """One control plane in its own folder; a context manager that starts it and takes everything away.

    Several can run side by side. The API server can be stopped, killed and started again on its port
    while etcd keeps the data, which is how tests make a cluster fail.
    """

    def __init__(self) -> None:
        folder = assets()
        if folder is None:
            raise RuntimeError("KUBEBUILDER_ASSETS names no folder with " + ", ".join(NEEDED))
        self.binaries = folder
        self.folder = Path(tempfile.mkdtemp(prefix="control-plane-"))
        self.etcd_port, self.peer_port, self.port = _free_ports(3)
        self.server = f"https://127.0.0.1:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> ControlPlane:
        try:
            self._write_credentials()
            self._start_etcd()
            self.start_api_server()
            self._start_controller_manager()
            self._wait_for("default service account's namespace", self._has_default_namespace)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the processes and remove the folder; safe to call twice."""
        for process in reversed(self._processes.values()):
            _end(process)
        self._processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kubeconfig(self, user: str = "admin", *, server: str | None = None, token: str | None = None) -> Path:
        """Write and return the kubeconfig of a user, or of a token or address that a test made up."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {
                        "server": server or self.server,
                        "certificate-authority": str(self.folder / "certs" / "apiserver.crt"),
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": token or f"{user}-token"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        handle, path = tempfile.mkstemp(prefix=f"kubeconfig-{user}-", dir=self.folder)
        with os.fdopen(handle, "w") as file:
            json.dump(config, file)
        return Path(path)

    def version(self) -> tuple[int, int]:
        """Return the server's version, such as (1, 34)."""
        told = json.loads(self.request("GET", "/version"))
        return int(told["major"]), int(told["minor"].rstrip("+"))

    # Ways for the API server to fail, each real.

    def pause_api_server(self) -> None:
        """The server hangs: connections are accepted by the kernel, and nothing answers."""
        self._processes["kube-apiserver"].send_signal(signal.SIGSTOP)

    def resume_api_server(self) -> None:
        """The server goes on where it was paused."""
        self._processes["kube-apiserver"].send_signal(signal.SIGCONT)

    def kill_api_server(self) -> None:
        """The server is gone at once: open connections are reset, new ones refused."""
        process = self._processes["kube-apiserver"]
        process.kill()
        process.wait()

    def start_api_server(self, *, extra: list[str] | None = None) -> None:
        """Start it (again) on the same port and data, and wait until it is ready."""
        certificates = self.folder / "certs"
        flags = [
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={certificates}",
            f"--service-account-key-file={self.folder / 'sa.pub'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged=true",
            "--disable-admission-plugins=ServiceAccount",
            *(extra or []),
        ]
        # 1.20's controller manager watches a kind that this gate switches on; newer servers have it for good.
        if "GenericEphemeralVolume=true|false (ALPHA" in _help(self.binaries / "kube-apiserver"):
            flags.append("--feature-gates=GenericEphemeralVolume=true")
        self._start("kube-apiserver", flags)
        self._wait_for("kube-apiserver", lambda: self.request("GET", "/readyz") == b"ok")

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        self._start(
            "etcd",
            [
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",
            ],
        )

    def _start_controller_manager(self) -> None:
        flags = [
            f"--kubeconfig={self.kubeconfig('manager')}",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            "--leader-elect=false",
            f"--controllers={CONTROLLERS}",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--concurrent-namespace-syncs=20",
            "--secure-port=0",
        ]
        if "--port int" in _help(self.binaries / "kube-controller-manager"):
            flags.append("--port=0")  # the insecure port, gone since 1.24
        self._start("kube-controller-manager", flags)

    def _write_credentials(self) -> None:
        rows = [f'{user}-token,{user},{user},"{groups}"' for user, groups in USERS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n")
        key, public = self.folder / "sa.key", self.folder / "sa.pub"
        _openssl("genrsa", "-out", str(key), "2048")
        _openssl("rsa", "-in", str(key), "-pubout", "-out", str(public))

    def _start(self, name: str, flags: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [self.binaries / name, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # Nothing else asks the kernel to end a child with its parent; the child only calls prctl.
                preexec_fn=functools.partial(_die_with, os.getpid()),  # noqa: PLW1509
                start_new_session=True,  # a ^C at the terminal is ours to handle, in order
            )

    def request(self, method: str, path: str, body: object = None, *, content_type: str = "") -> bytes:
        """Return the server's answer to a request of the administrator."""
        context = ssl.create_default_context(cafile=self.folder / "certs" / "apiserver.crt")
        request = urllib.request.Request(self.server + path, method=method)
        request.add_header("Authorization", "Bearer admin-token")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type or "application/json")
        with urllib.request.urlopen(request, context=context, timeout=5) as answer:
            return bytes(answer.read())

    def _has_default_namespace(self) -> bool:
        return b'"default"' in self.request("GET", "/api/v1/namespaces/default/serviceaccounts")

    def _wait_for(self, what: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            for name, process in self._processes.items():
                if process.poll() is not None and name != "kube-apiserver":
                    raise RuntimeError(f"{name} ended with {process.returncode}:\n{self._log_end(name)}")
            try:
                if is_ready():
                    return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"no {what} after {START_TIMEOUT_S} s:\n{self._log_end('kube-apiserver')}")

    def _log_end(self, name: str) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-20:])


@functools.cache
def _help(binary: Path) -> str:
    return subprocess.run([binary, "--help"], capture_output=True, text=True, check=False).stdout


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for opened in sockets:
        opened.bind(("127.0.0.1", 0))
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def _die_with(parent: int) -> None:
    """Run in the child: have the kernel kill it when the process that started it ends, however it ends."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it ended before we asked


def _end(process: subprocess.Popen[bytes]) -> None:
    # Nothing in a test's etcd is worth a graceful end, and a paused process would not hear of one.
    process.kill()
    process.wait()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
