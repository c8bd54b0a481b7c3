"""An instance as a commit has it: what is laid out of it, and what is not."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Work
from wildgit.adapters.cluster.app_source import read_source
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.revision import instance_at
from wildgit.errors import InputError


def test_it_builds_what_was_committed_whatever_lies_in_the_work_tree(sample: Work) -> None:
    sample.wild("add", "postgres")
    sample.wild("add", "redis")
    commit = sample.commit()
    (sample.root / "apps/postgres/deployment.yaml").unlink()
    sample.edit("config.yaml", "domain: example.org", "domain: example.com")
    instance = Instance(sample.root)
    with instance_at(instance, Repo(sample.root), "HEAD", ["postgres"]) as then:
        source = read_source(then, "postgres", commit=then.commit)
        assert source.commit == commit
        assert {obj["kind"] for obj in source.built} >= {"Namespace", "Deployment", "Service"}
        assert source.secrets[0].data == {"password": instance.secrets()["apps"]["postgres"]["password"]}  # type: ignore[index]
        assert b"example.org" in then.config_text()
        assert then.app_names() == ["postgres", "redis"]
        assert [path.name for path in (then.root / "apps/redis").iterdir()] == ["manifest.yaml"]
        assert not (then.root / "apps/postgres/.package").exists()
        root = then.root
    assert not root.exists()


def mktree(work: Work, *entries: str) -> str:
    """Write a tree that git itself would not make: two entries of one name, or a name that leads out."""
    raw = b"".join(
        f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(object_id)
        for mode, _, object_id, name in (entry.replace("\t", " ").split(" ") for entry in entries)
    )
    (work.root / "tree").write_bytes(raw)
    return work.git("hash-object", "-w", "-t", "tree", "--literally", "tree").strip()


def test_nothing_is_written_through_a_link_of_the_commit(
    sample: Work, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    sample.wild("add", "redis")
    blob = sample.git("hash-object", "-w", "config.yaml").strip()
    (sample.root / "target").write_text(str(outside))
    link = sample.git("hash-object", "-w", "target").strip()
    inner = mktree(sample, f"100644 blob {blob}\tfile.yaml")
    app = mktree(sample, f"120000 blob {link}\tout", f"040000 tree {inner}\tout")
    apps = mktree(sample, f"040000 tree {app}\tredis")
    root = mktree(sample, f"040000 tree {apps}\tapps", f"100644 blob {blob}\tconfig.yaml")
    commit = sample.git("commit-tree", "-m", "config(all): tricked", root).strip()
    with (
        pytest.raises(InputError, match="symbolic link"),
        instance_at(Instance(sample.root), Repo(sample.root), commit, ["redis"]),
    ):
        pass
    assert not list(outside.iterdir())


def test_nothing_is_written_outside_for_a_name_that_leads_there(sample: Work) -> None:
    blob = sample.git("hash-object", "-w", "config.yaml").strip()
    inner = mktree(sample, f"100644 blob {blob}\tfile.yaml")
    app = mktree(sample, f"040000 tree {inner}\t..")
    apps = mktree(sample, f"040000 tree {app}\tredis")
    root = mktree(sample, f"040000 tree {apps}\tapps", f"100644 blob {blob}\tconfig.yaml")
    commit = sample.git("commit-tree", "-m", "config(all): tricked", root).strip()
    with (
        pytest.raises(InputError, match=r"'\.\.' is no name"),
        instance_at(Instance(sample.root), Repo(sample.root), commit, ["redis"]),
    ):
        pass
