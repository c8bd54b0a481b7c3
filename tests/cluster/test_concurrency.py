"""Many deploys at once."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance

CONFIG_MAP = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{0}}}\ndata: {{value: '{1}'}}\n"
APPS, DEPLOYS, PROCESSES = 20, 100, 8


@pytest.mark.slow
def test_hundred_deploys_of_twenty_apps_by_eight_processes_end_as_git_says(
    tmp_path: Path, control_plane: ControlPlane
) -> None:
    instance = Instance(tmp_path / "cloud", control_plane)
    apps = [f"many-{number}" for number in range(APPS)]
    for app in apps:
        instance.app(app, "".join(CONFIG_MAP.format(n, "old") for n in range(3)))
    instance.deploy(*apps[:3])  # some are there already, most are not
    for app in apps:
        instance.edit(f"apps/{app}/all.yaml", "'old'", "'new'")
    instance.commit()
    todo = apps * (DEPLOYS // APPS)
    random.Random(7).shuffle(todo)
    failures: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not todo:
                    return
                app = todo.pop()
            done = instance.wild("deploy", app)
            if done.returncode != 0 and "locked by" not in done.stderr:
                failures.append(done.stderr)

    workers = [threading.Thread(target=work) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    head = instance.git("rev-parse", "HEAD").strip()
    for app in apps:
        values = {
            o["metadata"]["name"]: o["data"]["value"]
            for o in instance.list("configmaps", app)
            if o["metadata"]["name"].startswith("map-")
        }
        assert values == {f"map-{n}": "new" for n in range(3)}
        namespace = instance.get("namespace", app)
        assert namespace and namespace["metadata"]["annotations"]["wild.cloud/commit"] == head
        assert "wild.cloud/deploying" not in namespace["metadata"]["annotations"]
    assert "would change" in instance.wild("deploy", "--dry-run", "--all").stdout
