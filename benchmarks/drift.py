"""`git wild drift` against `kubectl diff -k`, app after app, on a real control plane.

    KUBEBUILDER_ASSETS=… python benchmarks/drift.py [--json]

30 apps of 10 objects each are deployed, and one field in each of ten is changed behind git's back. Both
tools must find all of it. They are measured in turns, the fastest round counts, as whole processes; ours
once with the builds that the deploys remembered, and once with none, as in a fresh clone, where most of the
time is kustomize's. Exit code 1 if a goal is missed: at most a quarter of kubectl's time, in a fresh clone
half of it; and `git wild status` of the 30 apps within 2 s, naming the ten.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.deploy import resources
from tests.cluster.control_plane import ControlPlane, assets
from tests.cluster.harness import Instance

APPS, OBJECTS, DRIFTED = 30, 10, 10
GOALS = {"again": 0.25, "first": 0.5}  # our time over kubectl's
STATUS_GOAL_S, ROUNDS = 2.0, 3


def prepare(instance: Instance) -> list[str]:
    """Deploy the apps, change one field in some of them, and return their names."""
    names = [f"drift-{number}" for number in range(APPS)]
    for name in names:
        instance.app(name, resources(name, OBJECTS))
    instance.deploy("--all")
    change = '{"data": {"text": "another value"}}'
    for name in names[:DRIFTED]:
        instance.kubectl("patch", "configmap", "settings-0", "-n", name, "-p", change)
    return names


def ours(instance: Instance) -> float:
    """Return how long `git wild drift` takes for all apps; it must find exactly what was changed."""
    began = time.perf_counter()
    done = instance.wild("drift", "--all", "--json")
    took = time.perf_counter() - began
    found = [each["app"] for each in json.loads(done.stdout) if each["drift"]]
    if len(found) != DRIFTED:
        raise SystemExit(f"git wild drift found {found}: {done.stderr}")
    return took


def theirs(instance: Instance, names: list[str]) -> float:
    """Return how long `kubectl diff -k` takes, app after app; it must find exactly what was changed."""
    kubectl = ["kubectl", f"--kubeconfig={instance.root / 'kubeconfig'}", "diff", "-k"]
    began = time.perf_counter()
    done = [
        subprocess.run([*kubectl, f"apps/{name}"], cwd=instance.root, capture_output=True, check=False)
        for name in names
    ]
    took = time.perf_counter() - began
    if [each.returncode for each in done].count(1) != DRIFTED:
        raise SystemExit(f"kubectl diff: {[each.stderr for each in done if each.returncode > 1]}")
    return took


def status(instance: Instance) -> float:
    """Return how long `git wild status` takes for all apps; it must name those that drifted."""
    began = time.perf_counter()
    done = instance.wild("status", "--json")
    took = time.perf_counter() - began
    found = [each["app"] for each in json.loads(done.stdout) if each["state"] == "drifted"]
    if len(found) != DRIFTED:
        raise SystemExit(f"git wild status found {found}: {done.stderr}")
    return took


def measure(instance: Instance) -> dict[str, float]:
    """Return the fastest of some rounds, in seconds."""
    names = prepare(instance)
    rounds: list[tuple[float, ...]] = []
    for _ in range(ROUNDS):
        again, kubectl, quick = ours(instance), theirs(instance, names), status(instance)
        shutil.rmtree(instance.root / ".git" / "wild" / "builds")
        rounds.append((again, ours(instance), kubectl, quick))
    best = [min(values) for values in zip(*rounds, strict=True)]
    return dict(zip(("again_s", "first_s", "kubectl_s", "status_s"), best, strict=True))


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    if assets() is None:
        raise SystemExit("set KUBEBUILDER_ASSETS; tests/cluster/provision says how")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with ControlPlane() as plane, tempfile.TemporaryDirectory() as folder:
        instance = Instance(Path(folder) / "cloud", plane)
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
            instance.git("config", key, value)
        found = measure(instance)
    ratios = {key: found[f"{key}_s"] / found["kubectl_s"] for key in GOALS}
    if arguments.json:
        print(json.dumps({**found, **{f"{key}_ratio": ratio for key, ratio in ratios.items()}}))
    else:
        print(
            f"{APPS} apps, {APPS * OBJECTS} objects; kubectl diff -k app after app {found['kubectl_s']:8.2f}s"
        )
        words = {"again": "builds remembered", "first": "nothing remembered"}
        for key, goal in GOALS.items():
            print(
                f"git wild drift, {words[key]:20}{found[f'{key}_s']:8.2f}s{ratios[key]:8.2f}  (goal {goal})"
            )
        print(f"git wild status {'':20}{found['status_s']:8.2f}s          (goal {STATUS_GOAL_S:g} s)")
    return int(found["status_s"] > STATUS_GOAL_S or any(ratios[key] > goal for key, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
