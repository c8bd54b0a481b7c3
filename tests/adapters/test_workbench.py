"""What is accepted on a copy of an app's folder comes back to it, or nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from wildgit.adapters.cluster.drift.workbench import Workbench
from wildgit.adapters.instance import Instance
from wildgit.core.cluster.drift.value_sources import Edit
from wildgit.errors import InputError

SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  colour: red # warm\n"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    app = tmp_path / "apps/web"
    app.mkdir(parents=True)
    (app / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    (app / "settings.yaml").write_text(SETTINGS)
    return Instance(tmp_path)


def test_what_somebody_edits_while_builds_run_is_not_written_over(instance: Instance) -> None:
    settings = instance.app_folder("web") / "settings.yaml"
    with Workbench.of(instance, "web") as bench:
        for colour in ("blue", "green"):
            assert not bench.edit([Edit("settings.yaml", 0, ("data", "colour"), colour)], lambda _: "")
        settings.write_text(f"{SETTINGS}# mine\n")
        with pytest.raises(InputError, match="edited meanwhile"):
            bench.write()
        assert settings.read_text() == f"{SETTINGS}# mine\n"
        settings.write_text(SETTINGS)
        assert bench.write() == ["apps/web/settings.yaml"]
    assert settings.read_text() == SETTINGS.replace("red", "green")
