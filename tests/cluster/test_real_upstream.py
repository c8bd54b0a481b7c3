"""The main job on a real upstream: add, customise, update, deploy; not an edit lost, not a change missed.

The upstream is a bundle of 29 commits of real packages, which is not ours to ship: beside the project,
or where WILD_SHARED says.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import node

BUNDLE = (
    Path(os.environ.get("WILD_SHARED") or Path(__file__).parents[3] / "shared")
    / "upstreams"
    / "wild-cloud-apps.bundle"
)
OLD = "397912a"
APPS = ("redis", "postgres", "immich")


class Cloud:
    """An instance of the real upstream."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command, insist on its exit code, return stdout and stderr."""
        done = subprocess.run(arguments, cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def wild(self, *arguments: str, code: int = 0) -> str:
        return self.run("git", "wild", *arguments, code=code)

    def lines(self, path: str) -> list[str]:
        return (self.root / path).read_text().splitlines(keepends=True)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{path}: {text.count(old)} × {old!r}"
        (self.root / path).write_text(text.replace(old, new))

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)


@pytest.fixture
def cloud(tmp_path: Path, control_plane: ControlPlane) -> Cloud:
    if not BUNDLE.exists():
        pytest.skip(f"NOT TRIED ON THE REAL UPSTREAM: {BUNDLE} is missing (see WILD_SHARED)")
    made = Cloud(tmp_path)
    made.wild("init", "my-cloud", "--upstream", str(BUNDLE))
    made.root = tmp_path / "my-cloud"
    (made.root / "kubeconfig").write_bytes(control_plane.kubeconfig().read_bytes())
    for path, value in (
        ("cloud.domain", "cloud.example.org"),
        ("cloud.internalDomain", "internal.example.org"),
        ("operator.email", "ada@example.org"),
    ):
        made.wild("config", "set", path, value)
    for app in APPS:
        made.wild("add", app, "--rev", OLD)
    made.commit("feat(all): add redis, postgres and immich")
    return made


def customise(cloud: Cloud) -> None:
    """Edit as people do: above, between, inside, and away."""
    postgres, server = "apps/postgres/deployment.yaml", "apps/immich/deployment-server.yaml"
    cloud.edit(
        postgres,
        "          volumeMounts:\n",
        "          # sized for the photo library, see the wiki\n          resources:\n            limits:\n"
        '              cpu: "4"\n              memory: 16Gi\n          volumeMounts:\n',
    )
    cloud.edit(
        postgres,
        "            [\n",
        '            [\n              "-c",\n              "shared_buffers=4GB",\n',
    )
    cloud.edit(server, "  replicas: 1\n", "  replicas: 3\n")
    cloud.edit(
        server,
        "            - name: DB_USERNAME\n",
        "            - name: LOG_LEVEL\n              value: verbose\n            - name: DB_USERNAME\n",
    )
    cloud.edit("apps/immich/deployment-machine-learning.yaml", "              protocol: TCP\n", "")
    cloud.commit("config(all): size and tune")
    cloud.wild("config", "set", "apps.immich.storage", "500Gi")
    cloud.commit("config(immich): more room")


@pytest.mark.slow
def test_every_customisation_and_every_upstream_change_is_there(
    cloud: Cloud, control_plane: ControlPlane
) -> None:
    (cloud.root.parent / "class.yaml").write_text(STORAGE_CLASS)  # a claim grows only where its class lets it
    cloud.run("kubectl", f"--kubeconfig={control_plane.kubeconfig()}", "apply", "-f", "../class.yaml")
    with node(control_plane):
        cloud.wild("deploy", "--all", "--wait")
        customise(cloud)
        before = {path: cloud.lines(path) for path in tracked(cloud)}
        output = cloud.wild("update")
        assert "CONFLICT" not in output
        check_customisations(cloud)
        check_upstreams_changes(cloud)
        check_untouched_lines(cloud, before)
        assert cloud.run("git", "log", "--oneline", "HEAD..wild-directory/main") == ""
        assert cloud.wild("diff", "--upstream") == ""
        cloud.wild("deploy", "--all", "--wait", "--prune-data")
    check_cluster(cloud, control_plane)


STORAGE_CLASS = (
    "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: longhorn}\n"
    "provisioner: driver.longhorn.io\nallowVolumeExpansion: true\n"
)


def tracked(cloud: Cloud) -> list[str]:
    listed = cloud.run("git", "ls-files", "config.yaml", "apps").split()
    return [path for path in listed if "/.package" not in path]


def check_customisations(cloud: Cloud) -> None:
    postgres = "".join(cloud.lines("apps/postgres/deployment.yaml"))
    assert "          # sized for the photo library, see the wiki\n          resources:\n" in postgres
    assert (
        '            [\n              "-c",\n              "shared_buffers=4GB",\n              "-c",\n'
        in postgres
    )
    server = "".join(cloud.lines("apps/immich/deployment-server.yaml"))
    assert "  replicas: 3\n" in server
    assert (
        "            - name: LOG_LEVEL\n              value: verbose\n            - name: DB_USERNAME\n"
        in server
    )
    assert "protocol: TCP" not in "".join(cloud.lines("apps/immich/deployment-machine-learning.yaml"))
    assert "      storage: 500Gi\n" in cloud.lines("apps/immich/pvc.yaml")


def check_upstreams_changes(cloud: Cloud) -> None:
    """What differs between the two upstream revisions in the packages, once rendered."""
    assert "    domain: immich.cloud.example.org\n" in cloud.lines("config.yaml")
    ingress = "".join(cloud.lines("apps/immich/ingress.yaml"))
    assert ingress.count("immich.cloud.example.org") == 3
    assert "secretName: wildcard-wild-cloud-tls" in ingress
    assert "immich.example.com" not in ingress
    assert "  name: redis\n" in cloud.lines("apps/redis/service.yaml")
    for app in APPS:
        folder = cloud.root / "apps" / app / ".package"
        upstream = cloud.run("git", "rev-parse", f"wild-directory/main:apps/{app}").strip()
        assert cloud.run("git", "rev-parse", f"HEAD:apps/{app}/.package").strip() == upstream
        assert ".config.apps." not in "".join(path.read_text() for path in folder.rglob("*.yaml"))


def check_untouched_lines(cloud: Cloud, before: dict[str, list[str]]) -> None:
    """Only the lines that upstream changed, once rendered, are other bytes now."""
    changed = {path for path in before if (cloud.root / path).exists() and cloud.lines(path) != before[path]}
    assert changed == {
        "config.yaml",
        "apps/immich/ingress.yaml",
        "apps/immich/manifest.yaml",
        "apps/immich/pvc.yaml",
        "apps/redis/service.yaml",
    }
    for path in changed:
        after = cloud.lines(path)
        assert len(after) == len(before[path]), path
        moved = [(old, new) for old, new in zip(before[path], after, strict=True) if old != new]
        assert len(moved) <= 4, moved


def check_cluster(cloud: Cloud, plane: ControlPlane) -> None:
    def get(*arguments: str) -> str:
        return cloud.run("kubectl", f"--kubeconfig={plane.kubeconfig()}", "get", *arguments)

    assert (
        get("ingress", "-n", "immich", "-o", "jsonpath={.items[0].spec.rules[0].host}")
        == "immich.cloud.example.org"
    )
    assert get("deployment", "immich-server", "-n", "immich", "-o", "jsonpath={.spec.replicas}") == "3"
    container = "jsonpath={.spec.template.spec.containers[0]."
    assert (
        get(
            "deployment",
            "postgres-deployment",
            "-n",
            "postgres",
            "-o",
            container + "resources.limits.memory}",
        )
        == "16Gi"
    )
    assert "shared_buffers=4GB" in get(
        "deployment", "postgres-deployment", "-n", "postgres", "-o", container + "args}"
    )
    services = get("service", "-n", "redis", "-o", "name").split()
    assert services == ["service/redis"], "the Service that upstream renamed was pruned under its old name"
