"""git drives our merge driver: in every operation that merges, and when we are missing or broken."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.git.driven import Repository
from wildgit.adapters.git import merge_driver

FILE = "apps/web/deployment.yaml"
BASE = "image: web:1\nreplicas: 1\n"
OURS = "image: web:1\nreplicas: 2\n"
THEIRS = "image: web:2\nreplicas: 1\n"
MERGED = "image: web:2\nreplicas: 2\n"
OTHER = "image: web:3\nreplicas: 1\n"  # against THEIRS a conflict


def diverge(
    repository: Repository, ours: str = OURS, theirs: str = THEIRS, *, base: str = BASE, path: str = FILE
) -> None:
    """Leave `main` with ours checked out and the branch `other` with theirs."""
    repository.commit({path: base})
    repository.git("branch", "other")
    repository.commit({path: ours}, "feat: ours")
    repository.git("checkout", "--quiet", "other")
    repository.commit({path: theirs}, "feat: theirs")
    repository.git("checkout", "--quiet", "main")


def test_git_alone_would_conflict_here(repository: Repository) -> None:
    """What follows proves nothing unless plain git fails at it."""
    diverge(repository)
    done = repository.try_git("-c", "merge.wild-yaml.driver=git merge-file %A %O %B", "merge", "other")
    assert done.returncode == 1
    assert "<<<<<<<" in repository.read(FILE)


def test_merge(repository: Repository) -> None:
    diverge(repository)
    repository.git("merge", "--no-edit", "other")
    assert repository.read(FILE) == MERGED


def test_rebase(repository: Repository) -> None:
    diverge(repository)
    repository.git("rebase", "--quiet", "other")
    assert repository.read(FILE) == MERGED


def test_interactive_rebase_with_autosquash(repository: Repository) -> None:
    first = repository.commit({FILE: BASE})
    repository.commit({FILE: OURS})
    repository.write(FILE, MERGED)
    repository.git("commit", "--quiet", "--all", "--fixup", first)
    repository.git("-c", "sequence.editor=true", "rebase", "--quiet", "-i", "--autosquash", f"{first}^")
    assert repository.read(FILE) == MERGED
    assert repository.git("show", f"HEAD~1:{FILE}") == THEIRS


def test_cherry_pick(repository: Repository) -> None:
    diverge(repository)
    repository.git("cherry-pick", "other")
    assert repository.read(FILE) == MERGED


def test_revert(repository: Repository) -> None:
    repository.commit({FILE: BASE})
    unwanted = repository.commit({FILE: THEIRS})
    repository.commit({FILE: MERGED})
    repository.git("revert", "--no-edit", unwanted)
    assert repository.read(FILE) == OURS


def test_stash_pop(repository: Repository) -> None:
    repository.commit({FILE: BASE})
    repository.write(FILE, OURS)
    repository.git("stash")
    repository.commit({FILE: THEIRS})
    repository.git("stash", "pop")
    assert repository.read(FILE) == MERGED


def test_checkout_merge(repository: Repository) -> None:
    diverge(repository)
    repository.git("reset", "--quiet", "--hard", "main~1")
    repository.write(FILE, OURS)
    repository.git("checkout", "--quiet", "--merge", "other")
    assert repository.read(FILE) == MERGED


def test_merge_tree_without_a_work_tree(repository: Repository) -> None:
    diverge(repository)
    tree = repository.git("merge-tree", "--write-tree", "main", "other").strip()
    assert repository.git("show", f"{tree}:{FILE}") == MERGED


def test_linked_worktree(repository: Repository, tmp_path: Path) -> None:
    diverge(repository)
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "third", str(linked), "main")
    repository.git("merge", "--no-edit", "other", cwd=linked)
    assert (linked / FILE).read_text() == MERGED


def test_merge_started_in_a_subfolder(repository: Repository) -> None:
    diverge(repository)
    repository.git("merge", "--no-edit", "other", cwd=repository.root / "apps/web")
    assert repository.read(FILE) == MERGED
    assert repository.git("status", "--porcelain") == ""


def test_config_yaml_is_ours_to_merge_and_other_files_are_not(repository: Repository) -> None:
    repository.commit({"config.yaml": BASE, "notes/plan.yaml": BASE})
    repository.git("branch", "other")
    repository.commit({"config.yaml": OURS, "notes/plan.yaml": OURS})
    repository.git("checkout", "--quiet", "other")
    repository.commit({"config.yaml": THEIRS, "notes/plan.yaml": THEIRS})
    assert repository.try_git("merge", "main").returncode == 1
    assert repository.unmerged() == ["notes/plan.yaml"]
    assert repository.read("config.yaml") == MERGED


def test_conflict_leaves_markers_and_three_stages(repository: Repository) -> None:
    diverge(repository, OTHER)
    done = repository.try_git("merge", "other")
    assert done.returncode == 1
    assert repository.read(FILE) == (
        "<<<<<<< ours\nimage: web:3\n=======\nimage: web:2\n>>>>>>> theirs\nreplicas: 1\n"
    )
    stages = [line.split()[2] for line in repository.git("ls-files", "--unmerged").splitlines()]
    assert stages == ["1", "2", "3"]
    repository.git("merge", "--abort")
    assert repository.read(FILE) == OTHER


@pytest.mark.parametrize("style", ["diff3", "zdiff3"])
def test_conflict_honours_the_configured_style(repository: Repository, style: str) -> None:
    diverge(repository, OTHER)
    repository.git("config", "merge.conflictStyle", style)
    assert repository.try_git("merge", "other").returncode == 1
    assert "||||||| base\nimage: web:1\n=======\n" in repository.read(FILE)


def test_conflict_honours_the_marker_size_attribute(repository: Repository) -> None:
    repository.commit(
        {".gitattributes": repository.read(".gitattributes") + "*.yaml conflict-marker-size=20\n"}
    )
    diverge(repository, OTHER)
    assert repository.try_git("merge", "other").returncode == 1
    assert f"{'<' * 20} ours\n" in repository.read(FILE)


def test_rerere_replays_a_resolution(repository: Repository) -> None:
    repository.git("config", "rerere.enabled", "true")
    diverge(repository, OTHER)
    assert repository.try_git("merge", "other").returncode == 1
    repository.commit({FILE: "image: web:3-patched\nreplicas: 1\n"}, "Merge branch 'other'")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    done = repository.try_git("merge", "other")
    assert "Resolved 'apps/web/deployment.yaml' using previous resolution." in done.stdout + done.stderr
    assert repository.read(FILE) == "image: web:3-patched\nreplicas: 1\n"


def test_mergetool_gets_the_three_sides(repository: Repository) -> None:
    diverge(repository, OTHER)
    assert repository.try_git("merge", "other").returncode == 1
    repository.git("config", "mergetool.pick.cmd", 'cat "$BASE" "$LOCAL" "$REMOTE" > "$MERGED"')
    repository.git("config", "mergetool.pick.trustExitCode", "true")
    repository.git("mergetool", "--no-prompt", "--tool=pick")
    assert repository.read(FILE) == BASE + OTHER + THEIRS


def test_both_sides_add_the_file(repository: Repository) -> None:
    repository.git("branch", "other")
    repository.commit({FILE: "image: web:1\nreplicas: 2\n"})
    repository.git("checkout", "--quiet", "other")
    repository.commit({FILE: "image: web:1\nport: 80\n"})
    repository.git("merge", "--no-edit", "main")
    assert sorted(repository.read(FILE).splitlines()) == ["image: web:1", "port: 80", "replicas: 2"]


HOSTILE = (
    "apps/$(touch owned)/x.yaml",
    "apps/`touch owned`/x.yaml",
    "apps/'; touch owned; '/x.yaml",
    'apps/"; touch owned; "/x.yaml',
    "apps/a b && touch owned/x.yaml",
    "apps/a\ntouch owned/x.yaml",
    "apps/-p/--stdout.yaml",
    "apps/%A %P/x.yaml",
)


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("present", [True, False], ids=["with us", "without us"])
def test_hostile_path_is_merged_and_runs_nothing(
    repository: Repository, path: str, present: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not present:
        hide_git_wild(monkeypatch)
    text = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n"
    diverge(repository, text.replace("a: 1", "a: 2"), text.replace("e: 1", "e: 2"), base=text, path=path)
    repository.git("merge", "--no-edit", "other")
    assert repository.read(path) == "a: 2\nb: 1\nc: 1\nd: 1\ne: 2\n"
    assert not list(repository.root.rglob("owned"))


def hide_git_wild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give git a PATH on which there is everything but git-wild."""
    folders = [
        folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "git-wild").exists()
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    assert shutil.which("git-wild") is None


def put_broken_git_wild(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    hide_git_wild(monkeypatch)
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "git-wild").write_text(script)
    (folder / "git-wild").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_missing_binary_leaves_markers_never_ours_only(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_git_wild(monkeypatch)
    diverge(repository)
    assert repository.try_git("merge", "other").returncode == 1
    assert repository.read(FILE) == (
        "<<<<<<< ours\nimage: web:1\nreplicas: 2\n=======\nimage: web:2\nreplicas: 1\n>>>>>>> theirs\n"
    )
    assert repository.unmerged() == [FILE]


@pytest.mark.parametrize(
    "script",
    [
        "#!/no/such/python\n",
        "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'wildgit'\" >&2; exit 1\n",
        "#!/bin/sh\nkill -9 $$\n",
        "#!/bin/sh\nexit 4\n",
    ],
    ids=["no interpreter", "no package", "killed", "a bug"],
)
def test_broken_binary_leaves_markers_never_ours_only(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    put_broken_git_wild(monkeypatch, tmp_path, script)
    diverge(repository)
    assert repository.try_git("merge", "other").returncode == 1
    assert repository.read(FILE).startswith("<<<<<<< ours\n")
    assert repository.unmerged() == [FILE]


def test_failure_inside_the_driver_leaves_markers(repository: Repository, tmp_path: Path) -> None:
    """The engine can't be imported in this process: a bug as good as any."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "sitecustomize.py").write_text("import sys\nsys.modules['wildgit.core.merge'] = None\n")
    repository.git(
        "config", "merge.wild-yaml.driver", f"PYTHONPATH={shadow} git-wild merge-driver %O %A %B %L %P"
    )
    diverge(repository)
    done = repository.try_git("merge", "other")
    assert done.returncode == 1
    assert "merged as text" in done.stderr + done.stdout
    assert repository.read(FILE).startswith("<<<<<<< ours\nimage: web:1\n")


def test_text_that_is_no_yaml_is_merged_as_git_merges_it(repository: Repository) -> None:
    base = "{{ if .a }}\none\ntwo\nthree\n{{ end }}\n"
    diverge(repository, base.replace("one", "ONE"), base.replace("three", "THREE"), base=base)
    done = repository.try_git("merge", "--no-edit", "other")
    plain = repository.root / "plain"
    for name, text in (("o", base.replace("one", "ONE")), ("b", base), ("t", base.replace("three", "THREE"))):
        repository.write(f"plain/{name}", text)
    merged = repository.try_git(
        "merge-file", "-p", "-L", "ours", "-L", "base", "-L", "theirs", "o", "b", "t", cwd=plain
    )
    assert (done.returncode, repository.read(FILE)) == (merged.returncode, merged.stdout)


def test_register_is_done_once_and_seen(tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    root.mkdir()
    repository = Repository(root)
    repository.git("init", "--quiet")
    assert not merge_driver.is_registered(root)
    assert merge_driver.register(root)
    assert merge_driver.is_registered(root)
    assert not merge_driver.register(root)
    repository.git("config", "merge.wild-yaml.driver", "true")
    assert not merge_driver.is_registered(root)


def test_attributes_are_added_once_behind_what_is_there() -> None:
    once = merge_driver.add_attributes("*.png binary\n")
    assert once.startswith("*.png binary\n")
    assert merge_driver.add_attributes(once) == once
    shuffled = "\n".join([*reversed(merge_driver.ATTRIBUTES), ""])
    assert merge_driver.add_attributes(shuffled) == merge_driver.add_attributes("")


def test_canary_tells_a_driver_that_runs_from_one_that_does_not(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [diagnosis.ok for diagnosis in merge_driver.diagnose(repository.root)] == [True, True, True, True]
    hide_git_wild(monkeypatch)
    assert [diagnosis.ok for diagnosis in merge_driver.diagnose(repository.root)] == [True, True, True, False]
    repository.git("config", "--unset", "merge.wild-yaml.driver")
    repository.git("rm", "--quiet", ".gitattributes")
    assert [diagnosis.ok for diagnosis in merge_driver.diagnose(repository.root)] == [
        False,
        False,
        True,
        False,
    ]
