"""The ways to a cluster that a kubeconfig can name: a plugin for credentials, a token file, a proxy."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.faulty_network import Listener, pump
from tests.cluster.harness import Instance

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
# Hands out one token after the other; the first is one that the server no longer takes.
PLUGIN = """\
#!/bin/sh
echo run >> {log}
if [ "$(wc -l < {log})" -eq 1 ]; then token=expired; else token={token}; fi
cat <<END
{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "$token"}}}}
END
"""


def change_kubeconfig(instance: Instance, section: str, **values: Any) -> None:
    """Set what one user or cluster of the instance's kubeconfig has."""
    config = json.loads((instance.root / "kubeconfig").read_text())
    config[f"{section}s"][0][section] |= values
    if section == "user":
        del config["users"][0]["user"]["token"]
    instance.write("kubeconfig", json.dumps(config))


def test_plugin_is_run_again_when_its_credentials_have_expired(instance: Instance, tmp_path: Path) -> None:
    plugin, log = tmp_path / "plugin", tmp_path / "log"
    plugin.write_text(PLUGIN.format(log=log, token="admin-token"))
    plugin.chmod(0o755)
    exec_config = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }
    change_kubeconfig(instance, "user", exec=exec_config)
    instance.app("plugged", MAP)
    instance.deploy("plugged")
    assert instance.get("configmap", "settings", "plugged")
    assert log.read_text() == "run\nrun\n"


def test_plugin_that_fails_is_named_with_its_context(instance: Instance) -> None:
    exec_config = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false"}
    change_kubeconfig(instance, "user", exec=exec_config)
    instance.app("unplugged", MAP)
    done = instance.wild("deploy", "unplugged")
    assert done.returncode == 3
    assert "the credentials plugin of context 'test' failed" in done.stderr


def test_token_file_beside_the_kubeconfig_is_read(instance: Instance) -> None:
    instance.write("token", "admin-token\n")
    change_kubeconfig(instance, "user", tokenFile="token")
    instance.write("apps/.gitignore", "token\n")
    instance.app("filed", MAP)
    instance.deploy("filed")
    assert instance.get("configmap", "settings", "filed")


class Tunnel(Listener):
    """A forward proxy: takes CONNECT, says where somebody wanted to go, and passes the bytes on."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        super().__init__(self._connect)
        self.url = f"http://127.0.0.1:{self.port}"

    def _connect(self, client: socket.socket, number: int) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        target = request.split()[1].decode()
        self.targets.append(target)
        host, _, port = target.rpartition(":")
        upstream = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
        pump(client, upstream)
        client.close()
        upstream.close()


@pytest.mark.parametrize("named_by", ["kubeconfig", "environment"])
def test_proxy_is_gone_through(instance: Instance, monkeypatch: pytest.MonkeyPatch, named_by: str) -> None:
    with closing(Tunnel()) as tunnel:
        if named_by == "kubeconfig":
            change_kubeconfig(instance, "cluster", **{"proxy-url": tunnel.url})
        else:
            monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        instance.app(f"behind-{named_by}", MAP)
        instance.deploy(f"behind-{named_by}")
        assert tunnel.targets
        assert set(tunnel.targets) == {instance.plane.server.removeprefix("https://")}
