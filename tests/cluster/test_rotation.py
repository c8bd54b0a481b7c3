"""A rotated secret on its way: the copies of it, what contains it, and the workloads that read it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, node
from tests.cluster.resources import reader

SECRETS = """\
apps:
  store: {password: first-store-password}
  site:
    storePassword: first-store-password
    ownPassword: first-own-password
    url: "db://u:first-own-password@store/x"
"""


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    made = Instance(tmp_path / "cloud", control_plane)
    made.app(
        "store",
        reader("server", "store-secrets", "password"),
        manifest="defaultSecrets: [{key: password}]\n",
    )
    made.app(
        "site",
        reader("own", "site-secrets", "url") + reader("copy", "store-secrets", "password"),
        manifest=(
            "requires: [{name: store}]\nrequiredSecrets: [store.password]\n"
            "defaultSecrets: [{key: ownPassword}, {key: url, default: x}]\n"
        ),
    )
    made.write("secrets.yaml", SECRETS)
    return made


def test_rotation_reaches_copies_and_texts_that_contain_it(instance: Instance) -> None:
    with node(instance.plane):
        instance.deploy("--with-dependencies", "site")
        done = instance.wild("secret", "rotate", "store.password")
        assert "git wild deploy store site" in done.stderr
        done = instance.wild("secret", "rotate", "site.ownPassword")
        secrets = yaml.safe_load((instance.root / "secrets.yaml").read_text())["apps"]
        assert len(secrets["store"]["password"]) == 32
        assert secrets["site"]["url"] == f"db://u:{secrets['site']['ownPassword']}@store/x"
        assert secrets["site"]["storePassword"] == "first-store-password"  # a reference: its deploy copies it
        said = instance.deploy("store", "site")
    secrets = yaml.safe_load((instance.root / "secrets.yaml").read_text())["apps"]
    assert secrets["site"]["storePassword"] == secrets["store"]["password"]
    assert "site: copied anew from what it requires: storePassword" in said
    held = instance.get("secret", "site-secrets", "site")
    assert held
    assert base64.b64decode(held["data"]["store.password"]).decode() == secrets["store"]["password"]
    for namespace, name in (("store", "server"), ("site", "own"), ("site", "copy")):
        deployment = instance.get("deployment", name, namespace)
        assert deployment
        assert (
            "kubectl.kubernetes.io/restartedAt" in deployment["spec"]["template"]["metadata"]["annotations"]
        )
    assert all(value not in said for value in (secrets["store"]["password"], secrets["site"]["ownPassword"]))
    for app in ("site", "store"):
        assert instance.wild("delete", "--yes", app).returncode == 0


def test_copy_of_another_apps_secret_is_not_rotated_here(instance: Instance) -> None:
    done = instance.wild("secret", "rotate", "site.storePassword")
    assert done.returncode == 3
    assert "git wild secret rotate store.password" in done.stderr
