"""Upstream is strangers' work: each trick is a clear error, exit code 3, and nothing written."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

MANIFEST = "name: evil\nversion: 1.0.0\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"


def plant(repository: Path, tree_lines: list[tuple[str, str, str]], names: dict[str, bytes]) -> None:
    """Commit a package `evil` whose tree has exactly these entries (mode, path as bytes escapes, content).

    git refuses many of these names in an index, so the tree objects are written by hand.
    """
    entries = []
    for mode, kind, name in tree_lines:
        blob = (
            subprocess.run(
                ["git", "hash-object", "-w", "--stdin"],
                cwd=repository,
                input=names[name],
                capture_output=True,
                check=True,
            )
            .stdout.decode()
            .strip()
        )
        entries.append((mode, kind, blob, name))
    tree = make_tree(repository, entries)
    outer = subprocess.run(
        ["git", "ls-tree", "-z", "HEAD"], cwd=repository, capture_output=True, check=True
    ).stdout
    kept = [line for line in outer.split(b"\0") if line and not line.endswith(b"\tevil")]
    listing = b"\0".join([*kept, f"040000 tree {tree}\tevil".encode()]) + b"\0"
    root = (
        subprocess.run(
            ["git", "mktree", "-z"], cwd=repository, input=listing, capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
    )
    commit = (
        subprocess.run(
            ["git", "commit-tree", root, "-p", "HEAD", "-m", "evil"],
            cwd=repository,
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    subprocess.run(["git", "update-ref", "HEAD", commit], cwd=repository, check=True)


def make_tree(repository: Path, entries: list[tuple[str, str, str, str]]) -> str:
    """Write a tree object with any names at all: `hash-object --literally` checks nothing."""
    raw = b""
    for mode, _, blob, name in sorted(entries, key=lambda entry: entry[3].encode()):
        raw += mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(blob)
    done = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
        cwd=repository,
        input=raw,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def outside(work) -> dict[str, bytes]:
    """Every file that is not below apps/evil, and everything beside the instance."""
    top = work.root.parent
    return {
        str(path): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(top).parts and path.suffix != ".lock"
    }


def refused(work, *said: str) -> None:
    """`add evil` and `fetch` after it fail with code 3, say so, and write nothing."""
    work.wild("fetch")
    before = outside(work), work.git("config", "--list", "--local")
    output = work.wild("add", "evil", code=3)
    for word in said:
        assert word in output
    assert (outside(work), work.git("config", "--list", "--local")) == before
    assert not (work.root / "apps/evil").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("..", "is no name that a file can have"),
        (".git", "is no name that a file can have"),
        (".GIT", "is no name that a file can have"),
        (".gitattributes", "would configure git"),
        (".gitmodules", "would configure git"),
        ("git~1", "would configure git"),
        ("a\nb.yaml", "control characters"),
        ("a\\..\\b", "leaves the package"),
        (".package.lock.yaml", "reserved"),
    ],
)
def test_a_file_name_that_means_something_else_is_refused(tiny, git_repo, name: str, said: str) -> None:
    files = {"manifest.yaml": MANIFEST.encode(), name: b"[core]\n\tsshCommand = touch /tmp/pwned\n"}
    plant(Path(git_repo.workspace), [("100644", "blob", each) for each in files], files)
    refused(tiny, said)


def test_a_symbolic_link_is_refused(tiny, git_repo) -> None:
    files = {"manifest.yaml": MANIFEST.encode(), "passwd": b"/etc/passwd"}
    plant(
        Path(git_repo.workspace), [("100644", "blob", "manifest.yaml"), ("120000", "blob", "passwd")], files
    )
    refused(tiny, "symbolic link")


def test_a_submodule_is_refused(tiny, git_repo) -> None:
    files = {"manifest.yaml": MANIFEST.encode(), "sub": b""}
    plant(Path(git_repo.workspace), [("100644", "blob", "manifest.yaml"), ("160000", "commit", "sub")], files)
    refused(tiny, "submodule")


def test_a_manifest_that_names_another_app_is_refused(tiny, publish) -> None:
    publish({"evil/manifest.yaml": MANIFEST.replace("evil", "postgres")})
    refused(tiny, "differs from its folder")


@pytest.mark.parametrize("name", ["../../x", "'a\\nb'", "A_B", "-x", "''", "[x]", "{}"])
def test_a_manifest_with_a_name_that_is_none_is_refused(tiny, publish, name: str) -> None:
    publish({"evil/manifest.yaml": f"name: {name}\nversion: 1.0.0\n"})
    refused(tiny, "manifest.yaml")


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/base",
        "github.com/kubernetes/base?ref=main",
        "git@github.com:a/b.git",
        "ssh://git@example.com/x",
        "git::https://example.com/x",
        "../../secrets.yaml",
        "../postgres",
        "/etc/passwd",
        "a/../../b",
    ],
)
@pytest.mark.parametrize("field", ["resources", "components", "patches", "configMapGenerator"])
def test_a_kustomization_that_leaves_the_app_is_refused(tiny, publish, target: str, field: str) -> None:
    entry = {
        "resources": f"- {target}",
        "components": f"- {target}",
        "patches": f"- path: {target}",
        "configMapGenerator": f"- name: x\n  files: ['k={target}']",
    }[field]
    publish({"evil/manifest.yaml": MANIFEST, "evil/kustomization.yaml": f"{field}:\n{entry}\n"})
    refused(tiny, "kustomization.yaml", field)


def test_a_kustomization_that_runs_helm_is_refused(tiny, publish) -> None:
    text = "helmCharts:\n- name: x\n  repo: https://example.com\n"
    publish({"evil/manifest.yaml": MANIFEST, "evil/kustomization.yaml": text})
    refused(tiny, "helmCharts")


def test_requirements_in_a_circle_are_shown(tiny, publish) -> None:
    publish(
        {
            "evil/manifest.yaml": MANIFEST + "requires:\n  - name: worse\n",
            "worse/manifest.yaml": "name: worse\nversion: 1.0.0\nrequires:\n  - name: evil\n",
        }
    )
    refused(tiny, "evil → worse → evil")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ range seq 1 100000000 }}x{{ end }}", ""),
        ('{{ strings.Repeat 1000000000 "x" }}', ""),
        ('{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}', ""),
        ("{{ .apps.web.password.__class__ }}", ""),
        ('{{ env.Getenv "HOME" }}', "not supported"),
        ('{{ file.Read "/etc/passwd" }}', "not supported"),
        ("{{ if }}", ""),
    ],
)
def test_a_template_that_loops_or_reaches_out_is_refused_soon(
    tiny, publish, template: str, said: str
) -> None:
    publish({"evil/manifest.yaml": MANIFEST, "evil/bomb.yaml": f"a: {template}\n"})
    began = time.monotonic()
    refused(tiny, "bomb.yaml:1", said)
    assert time.monotonic() - began < 20


def test_an_alias_bomb_is_refused_soon(tiny, publish) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    publish(
        {
            "evil/manifest.yaml": MANIFEST
            + "defaultConfig:\n"
            + "".join(f"  {line}\n" for line in bomb.splitlines())
        }
    )
    refused(tiny, "manifest.yaml")


def test_two_hundred_megabytes_are_refused_without_reading_them(tiny, git_repo, publish) -> None:
    publish({"evil/manifest.yaml": MANIFEST})
    repository = Path(git_repo.workspace)
    with (repository / "evil/big.yaml").open("wb") as file:
        for _ in range(200):
            file.write(b"a: b\n" * 209_715)
    git_repo.run("git -c core.compression=0 add evil/big.yaml")
    git_repo.run("git commit -q -m big")
    refused(tiny, "big.yaml", "bytes")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("name: [", "manifest.yaml:2"),
        ("- a\n", "not a mapping"),
        ("description: x\n", "has no 'name'"),
        (MANIFEST + "requires: redis\n", "'requires' must be a list"),
        (MANIFEST + "requires:\n  - alias: db\n", "needs a 'name'"),
        (MANIFEST + "requires:\n  - name: ../x\n", "not a valid app name"),
        (MANIFEST + "defaultConfig: 3\n", "'defaultConfig' must be a mapping"),
        (MANIFEST + "requiredSecrets:\n  - nonsense\n", "apps.<app>.<key>"),
        (MANIFEST + "defaultSecrets:\n  - key: a b\n", "invalid key"),
        (MANIFEST + "version: 2.0.0\n", "manifest.yaml:"),
        ("name: evil\nname: evil\n", "manifest.yaml:2"),
        ("name: evil\n\tversion: 1\n", "manifest.yaml:2"),
        ("\xff\xfe".encode("latin-1"), "manifest.yaml"),
    ],
)
def test_a_broken_manifest_says_where(tiny, publish, manifest, said: str) -> None:
    publish({"evil/manifest.yaml": manifest})
    refused(tiny, said)


def test_the_same_tricks_are_refused_by_an_update(tiny, publish) -> None:
    tiny.wild("add", "web")
    tiny.commit()
    publish({"web/kustomization.yaml": "resources:\n  - https://example.com/base\n"})
    before = tiny.snapshot()
    assert "kustomization.yaml" in tiny.wild("update", code=3)
    assert tiny.snapshot() == before


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch /tmp/pwned'", "--upload-pack=touch /tmp/pwned", "a\nb", ""]
)
def test_a_url_that_would_run_something_is_refused(tmp_path, url: str) -> None:
    done = subprocess.run(
        ["git", "wild", "init", str(tmp_path / "x"), f"--upstream={url}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert not (tmp_path / "x").exists()


def test_a_folder_that_became_a_link_is_not_written_through(tiny, publish, tmp_path) -> None:
    tiny.wild("add", "web")
    tiny.commit()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tiny.root / "apps/web").rename(elsewhere / "web")
    (tiny.root / "apps/web").symlink_to(elsewhere / "web")
    before = {path.name: path.read_bytes() for path in (elsewhere / "web").iterdir() if path.is_file()}
    publish(
        {
            "web/manifest.yaml": (elsewhere / "web/.package/manifest.yaml")
            .read_text()
            .replace("1.0.0", "2.0.0")
        }
    )
    tiny.wild("update", code=3)
    assert {
        path.name: path.read_bytes() for path in (elsewhere / "web").iterdir() if path.is_file()
    } == before
