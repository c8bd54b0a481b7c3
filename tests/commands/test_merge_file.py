"""`git wild merge-file` beside the real `git merge-file`: same arguments, same output, same exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BASE = "name: a\nimage: web:1\nport: 80\n"
OURS = "name: a\nimage: web:2\nport: 80\n"
THEIRS = "name: a\nimage: web:3\nport: 80\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in (("base.yaml", BASE), ("ours.yaml", OURS), ("theirs.yaml", THEIRS)):
        (folder / name).write_text(text)
    (folder / "binary").write_bytes(b"a\0b")
    return folder


def run(program: str, arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[bytes]:
    words = ["git", "merge-file"] if program == "git" else ["git-wild", "merge-file"]
    return subprocess.run([*words, *arguments], cwd=cwd, capture_output=True, check=False)


THREE = ["ours.yaml", "base.yaml", "theirs.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", *THREE],
        [*THREE, "--stdout"],
        ["-p", "-L", "x", *THREE],
        ["-pLx", "-L", "y", "-Lz", *THREE],
        ["-p", "--diff3", *THREE],
        ["-p", "--zdiff3", *THREE],
        ["-p", "--ours", *THREE],
        ["-p", "--theirs", *THREE],
        ["-p", "--union", "--ours", *THREE],
        ["-p", "--marker-size=3", *THREE],
        ["-p", "--marker-size", "12", "--diff3", *THREE],
        ["-p", "--marker-size=0", *THREE],
        ["-p", "--std", *THREE],
        ["-p", "--", *THREE],
        ["-p", "ours.yaml", "ours.yaml", "theirs.yaml"],
        ["-p", "ours.yaml", "missing", "theirs.yaml"],
        ["-p", "ours.yaml", "base.yaml", "."],
        ["-p", "ours.yaml", "base.yaml", "binary"],
        ["-pq", "ours.yaml", "base.yaml", "binary"],
        ["-p", "ours.yaml", "base.yaml"],
        ["-p", "-L"],
        ["-L", "a", "-L", "b", "-L", "c", "-L", "d", *THREE],
        ["--marker-size=x", *THREE],
        ["--no-such-option", *THREE],
        ["-z", *THREE],
    ],
    ids=" ".join,
)
def test_output_and_exit_code_are_gits(files: Path, arguments: list[str]) -> None:
    theirs, ours = run("git", arguments, files), run("wild", arguments, files)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert bool(ours.stderr) == bool(theirs.stderr)


def test_union_keeps_both_versions_where_both_can_stand(files: Path) -> None:
    lists = {
        "base": "[a]\nlist:\n- web:1\n",
        "ours": "[a]\nlist:\n- web:2\n",
        "theirs": "[a]\nlist:\n- web:3\n",
    }
    for name, text in lists.items():
        (files / f"{name}.yaml").write_text(f"names: {text}")
    done = run("wild", ["-p", "--union", *THREE], files)
    assert (done.returncode, done.stdout) == (0, b"names: [a]\nlist:\n- web:2\n- web:3\n")
    assert done.stdout == run("git", ["-p", "--union", *THREE], files).stdout


def test_union_leaves_a_conflict_where_a_key_would_stand_twice(files: Path) -> None:
    for name, text in (("base", "a"), ("ours", "b"), ("theirs", "c")):
        with (files / f"{name}.yaml").open("a") as file:
            file.write(f"list:\n- {text}\n")
    done = run("wild", ["-p", "--union", *THREE], files)
    assert done.returncode == 1
    assert done.stdout.startswith(b"name: a\n<<<<<<< ours.yaml\nimage: web:2\n")
    assert done.stdout.endswith(b"port: 80\nlist:\n- b\n- c\n")


def test_file_is_replaced_and_keeps_its_mode(files: Path) -> None:
    (files / "ours.yaml").chmod(0o640)
    for program in ("git", "wild"):
        (files / "ours.yaml").write_text(OURS)
        assert run(program, THREE, files).returncode == 1
        merged = (files / "ours.yaml").read_text()
        assert merged.startswith("name: a\n<<<<<<< ours.yaml\n")
        assert (files / "ours.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in files.iterdir()) == [
        "base.yaml",
        "binary",
        "ours.yaml",
        "theirs.yaml",
    ]


def test_symbolic_link_stays_one(files: Path) -> None:
    (files / "link.yaml").symlink_to("ours.yaml")
    assert run("wild", ["link.yaml", "base.yaml", "base.yaml"], files).returncode == 0
    assert (files / "link.yaml").is_symlink()
    assert (files / "ours.yaml").read_text() == OURS


def test_nothing_is_written_on_an_error(files: Path) -> None:
    assert run("wild", ["ours.yaml", "base.yaml", "binary"], files).returncode == 255
    assert (files / "ours.yaml").read_text() == OURS


def test_failure_of_ours_is_an_error_and_no_number_of_conflicts(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['wildgit.core.merge'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("wild", THREE, files)
    assert done.returncode == 255
    assert done.stderr.startswith(b"error: ")
    assert (files / "ours.yaml").read_text() == OURS


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT TESTED: root may write everywhere")
def test_folder_that_can_not_be_written_is_an_error(files: Path) -> None:
    files.chmod(0o500)
    try:
        assert run("wild", THREE, files).returncode == 255
    finally:
        files.chmod(0o700)


@pytest.mark.parametrize("style", ["diff3", "zdiff3", "merge"])
def test_conflict_style_of_the_repository_is_the_default(files: Path, style: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=files, check=True)
    subprocess.run(["git", "config", "merge.conflictStyle", style], cwd=files, check=True)
    assert run("wild", ["-p", *THREE], files).stdout == run("git", ["-p", *THREE], files).stdout


def test_conflict_style_outside_of_a_repository_is_merge(files: Path, pinned_environment: Path) -> None:
    subprocess.run(["git", "config", "--global", "merge.conflictStyle", "diff3"], check=True)
    assert run("wild", ["-p", *THREE], files).stdout == run("git", ["-p", *THREE], files).stdout


def test_conflicts_are_counted_up_to_127(files: Path) -> None:
    lines = "".join(f"  same{i}: {i}\n" for i in range(5))  # git joins conflicts that are three lines apart
    for conflicts in (2, 127, 200):
        for side in ("base", "ours", "theirs"):
            rows = (f"- name: n{i}\n  value: {side}{i}\n{lines}" for i in range(conflicts))
            (files / f"{side}.yaml").write_text("rows:\n" + "".join(rows))
        arguments = ["-p", *THREE]
        assert run("git", arguments, files).returncode == min(conflicts, 127)
        assert run("wild", arguments, files).returncode == min(conflicts, 127)


def test_path_names_the_file_for_the_rules_of_its_kind(files: Path) -> None:
    """Kustomization files need no kind; their name says what their lists are."""
    base = "images:\n- name: a\n  newTag: '1'\n- name: b\n  newTag: '1'\n"
    (files / "base.yaml").write_text(base)
    (files / "ours.yaml").write_text(base.replace("a\n  newTag: '1'", "a\n  newTag: '2'"))
    (files / "theirs.yaml").write_text(base.replace("b\n  newTag: '1'", "b\n  newTag: '3'"))
    done = run("wild", ["-p", "--path", "apps/web/kustomization.yaml", *THREE], files)
    assert done.returncode == 0
    assert done.stdout.decode() == "images:\n- name: a\n  newTag: '2'\n- name: b\n  newTag: '3'\n"


def test_merge_loads_neither_click_nor_git_nor_the_cluster(files: Path) -> None:
    script = (
        "import sys\nfrom wildgit.cli import main\n"
        "try:\n    main(['merge-file', '-p', 'ours.yaml', 'base.yaml', 'base.yaml'])\n"
        "except SystemExit:\n    pass\n"
        "loaded = {'click', 'pygit2', 'kubernetes', 'rich', 'ruamel', 'subprocess'} & set(sys.modules)\n"
        "print(*sorted(loaded), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=files, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""
    assert done.stdout == OURS
