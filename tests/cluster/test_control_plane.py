"""The control plane that the other tests stand on: it starts, survives its own faults, never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane

ROOT = Path(__file__).parents[2]


def kubectl(plane: ControlPlane, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", f"--kubeconfig={plane.kubeconfig()}", "--request-timeout=5s", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_namespace_can_be_made_and_terminates(control_plane: ControlPlane) -> None:
    assert kubectl(control_plane, "create", "namespace", "short-lived").returncode == 0
    assert kubectl(control_plane, "delete", "namespace", "short-lived", "--timeout=30s").returncode == 0


def test_killed_api_server_comes_back_with_its_data(control_plane: ControlPlane) -> None:
    kubectl(control_plane, "create", "namespace", "kept")
    control_plane.kill_api_server()
    assert "refused" in kubectl(control_plane, "get", "namespaces").stderr
    control_plane.start_api_server()
    assert kubectl(control_plane, "get", "namespace", "kept").returncode == 0


HOLD = """
import sys, time
from tests.cluster.control_plane import ControlPlane
with ControlPlane() as plane:
    print(*(process.pid for process in plane._processes.values()), plane.folder, flush=True)
    time.sleep(120)
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_processes_die_with_whoever_started_them(end: signal.Signals, control_plane: ControlPlane) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    *pids, folder = holder.stdout.readline().split()
    holder.send_signal(end)
    holder.wait(timeout=30)
    assert len(pids) == 3
    deadline = time.monotonic() + 10
    while any(is_running(int(pid)) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if is_running(int(pid))] == []
    subprocess.run(["rm", "-rf", folder], check=True)


def test_run_without_the_binaries_says_loudly_what_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS")
    run = [sys.executable, "-m", "pytest", "-n", "1", "-p", "no:cacheprovider", "tests/cluster/test_wait.py"]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "the real control plane was missing" in said
    assert "tests/cluster/provision" in said


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
