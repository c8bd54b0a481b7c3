"""`git wild deploy` against `kubectl apply -k`, and `git wild status`, on a real control plane.

    KUBEBUILDER_ASSETS=… python benchmarks/deploy.py [--json]

The same app folder goes into one cluster both ways, each into a namespace of its own, the first time and
unchanged; the fastest of some runs counts, as whole processes. Exit code 1 if a goal is missed: at most
twice kubectl's time at 10 objects, at most half of it at 100 and 1,000; status of 30 apps within 2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.cluster.control_plane import ControlPlane, assets
from tests.cluster.harness import Instance

GOALS = {10: 2.0, 100: 0.5, 1000: 0.5}  # objects → our time over kubectl's
ROUNDS = {10: 7, 100: 5, 1000: 2}
STATUS_APPS, STATUS_GOAL_S = 30, 2.0

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {0}}}\n"
CONFIG_MAP = """---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings-{0}}}
data: {{number: '{0}', text: a value}}
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {{name: service-{0}}}
spec: {{clusterIP: None, selector: {{a: b}}, ports: [{{name: http, port: 80}}]}}
"""
DEPLOYMENT = """---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{0}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{component: web-{0}}}}}
  template:
    metadata: {{labels: {{component: web-{0}}}}}
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{{name: http, containerPort: 8080}}]
          env: [{{name: NUMBER, value: '{0}'}}]
          resources: {{limits: {{cpu: 500m, memory: 256Mi}}}}
"""


def resources(namespace: str, count: int) -> str:
    """Return that many objects: a namespace; of the rest half are config maps, a quarter each the others."""
    kinds = (CONFIG_MAP, SERVICE, CONFIG_MAP, DEPLOYMENT)
    return NAMESPACE.format(namespace) + "".join(kinds[n % 4].format(n) for n in range(count - 1))


def seconds(command: list[str], folder: Path) -> float:
    """Return how long a command took; it must succeed."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return took


def alternating(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Return the best time of each, taken in turns, so that a busy moment of the machine hits both."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return min(a for a, _ in pairs), min(b for _, b in pairs)


def measure(instance: Instance, count: int) -> dict[str, tuple[float, float]]:
    """Return (ours, kubectl's) of a first and of an unchanged deploy of `count` objects."""
    kubectl = ["kubectl", f"--kubeconfig={instance.root / 'kubeconfig'}"]
    number = 0

    def first(prefix: str, command: Callable[[str], list[str]]) -> float:
        nonlocal number
        number += 1
        name = f"{prefix}-{count}-{number}"
        instance.app(name, resources(name, count))
        took = seconds(command(name), instance.root)
        if number > 2:  # the last of each stays, for the unchanged deploys
            seconds(
                [*kubectl, "delete", "namespace", f"{prefix}-{count}-{number - 2}", "--wait=false"],
                instance.root,
            )
        return took

    def wild(name: str) -> list[str]:
        return ["git-wild", "deploy", name]

    def apply(name: str) -> list[str]:
        return [*kubectl, "apply", "-k", f"apps/{name}"]

    rounds = ROUNDS[count]
    found = {"first": alternating(lambda: first("wild", wild), lambda: first("kubectl", apply), rounds)}
    ours, theirs = wild(f"wild-{count}-{number - 1}"), apply(f"kubectl-{count}-{number}")
    found["unchanged"] = alternating(
        lambda: seconds(ours, instance.root), lambda: seconds(theirs, instance.root), rounds
    )
    return found


def measure_status(instance: Instance) -> float:
    """Return how long `git wild status` takes for 30 deployed apps."""
    for number in range(STATUS_APPS):
        name = f"status-{number}"
        instance.app(name, resources(name, 5))
        seconds(["git-wild", "deploy", name], instance.root)
    names = [f"status-{number}" for number in range(STATUS_APPS)]
    return min(seconds(["git-wild", "status", *names], instance.root) for _ in range(3))


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--sizes", type=int, nargs="+", default=sorted(GOALS), choices=sorted(GOALS))
    arguments = parser.parse_args()
    if assets() is None:
        raise SystemExit("set KUBEBUILDER_ASSETS; tests/cluster/provision says how")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    rows = []
    with ControlPlane() as plane, tempfile.TemporaryDirectory() as folder:
        instance = Instance(Path(folder) / "cloud", plane)
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
            instance.git("config", key, value)
        for count in arguments.sizes:
            for moment, (ours, theirs) in measure(instance, count).items():
                rows.append((f"{count:5} objects, {moment}", ours, theirs, GOALS[count]))
        status_s = measure_status(instance)
    report(rows, status_s, as_json=arguments.json)
    return int(status_s > STATUS_GOAL_S or any(ours / theirs > goal for _, ours, theirs, goal in rows))


def report(rows: list[tuple[str, float, float, float]], status_s: float, *, as_json: bool) -> None:
    if as_json:
        keys = ("what", "git_wild_s", "kubectl_s", "goal")
        print(
            json.dumps({"deploy": [dict(zip(keys, row, strict=True)) for row in rows], "status_s": status_s})
        )
        return
    print(f"{'':24}{'git wild':>10}{'kubectl':>10}{'ratio':>8}{'goal':>8}")
    for what, ours, theirs, goal in rows:
        print(f"{what:24}{ours:9.2f}s{theirs:9.2f}s{ours / theirs:8.2f}{goal:8.1f}")
    print(f"status of {STATUS_APPS} apps {status_s:15.2f}s {'':17}{STATUS_GOAL_S:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
