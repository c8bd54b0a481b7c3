"""Builds are remembered by what they are built from; whatever is odd about the memory, a build is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from wildgit.adapters.cluster.build_memory import BuildMemory
from wildgit.adapters.cluster.kustomize import Build, kubectl_path
from wildgit.errors import InputError

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}}}\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(
        "resources: [all.yaml]\nconfigMapGenerator: [{name: g, files: [text]}]\n"
    )
    (folder / "all.yaml").write_text(CONFIG_MAP.format("first"))
    (folder / "text").write_text("one")
    return folder


@pytest.fixture
def memory(tmp_path: Path) -> BuildMemory:
    return BuildMemory(tmp_path / "builds", kubectl_path())


def names(app: Path, memory: BuildMemory) -> list[str]:
    return [str(resource["metadata"]["name"]) for resource in Build(app, "apps/app", memory).resources()]


def test_the_same_files_are_not_built_again(app: Path, memory: BuildMemory) -> None:
    built = names(app, memory)
    memory.keep(memory.key(app), [{"metadata": {"name": "remembered"}}])
    assert len(built) == 2
    assert names(app, memory) == ["remembered"]


@pytest.mark.parametrize("path", ["all.yaml", "text", "kustomization.yaml"])
def test_a_changed_byte_in_any_file_builds_anew(app: Path, memory: BuildMemory, path: str) -> None:
    names(app, memory)
    memory.keep(memory.key(app), [])
    (app / path).write_bytes((app / path).read_bytes() + b"\n")
    assert len(names(app, memory)) == 2


def test_a_link_counts_as_where_it_leads_and_what_is_there(app: Path, memory: BuildMemory) -> None:
    (app / "all.yaml").rename(app / "one.yaml")
    (app / "two.yaml").write_text(CONFIG_MAP.format("second"))
    (app / "all.yaml").symlink_to("one.yaml")
    first = names(app, memory)
    (app / "all.yaml").unlink()
    (app / "all.yaml").symlink_to("two.yaml")
    assert "first" in first
    assert "second" in names(app, memory)


def test_a_broken_memory_is_no_obstacle(app: Path, memory: BuildMemory) -> None:
    built = names(app, memory)
    (memory.folder / memory.key(app)).write_text("[{")
    assert names(app, memory) == built


def test_what_does_not_build_is_never_remembered(app: Path, memory: BuildMemory) -> None:
    (app / "text").unlink()
    for _ in range(2):
        with pytest.raises(InputError):
            names(app, memory)
    assert not memory.folder.exists()


def test_why_it_does_not_build_is_the_first_that_is_said(app: Path, memory: BuildMemory) -> None:
    (app / "broken.yaml").write_text("kind: [")
    (app / "kustomization.yaml").write_text("resources: [broken.yaml]\n")
    with pytest.raises(InputError, match="does not build: accumulating resources"):
        names(app, memory)


def test_the_memory_forgets_what_was_used_longest_ago(app: Path, memory: BuildMemory) -> None:
    for number in range(310):
        memory.keep(f"{number:03}", [])
    assert len(list(memory.folder.iterdir())) == 300
    assert memory.recall("309") == []


def test_upstreams_package_which_the_memory_does_not_look_at_can_not_be_built(
    app: Path, memory: BuildMemory
) -> None:
    (app / ".package").mkdir()
    (app / ".package/more.yaml").write_text(CONFIG_MAP.format("more"))
    (app / "kustomization.yaml").write_text("resources: [all.yaml, .package/more.yaml]\n")
    with pytest.raises(InputError, match="not deployed"):
        names(app, memory)
