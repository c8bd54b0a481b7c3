"""Files that git converts between its objects and the work tree stay git's to convert."""

from __future__ import annotations

import subprocess

from tests.commands.test_update import UPSTREAM_2, merged

CONFLICT_FILE = "apps/web/deployment.yaml"


def converted(work, attributes: str) -> None:
    """Set attributes below ours, so that ours keep the last word, and check everything out by them."""
    ours = work.read(".gitattributes")
    (work.root / ".gitattributes").write_text(attributes + ours)
    work.git("add", "--renormalize", ".")
    work.commit("config(all): convert")
    work.git("rm", "-q", "-r", "--cached", ".")
    work.git("reset", "-q", "--hard")


def blob(work, spec: str) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "blob", spec], cwd=work.root, capture_output=True, check=True
    ).stdout


def test_line_ends_are_gits_to_convert(customised, publish) -> None:
    converted(customised, "*.yaml text eol=crlf\n")
    assert b"\r\n" in (customised.root / "config.yaml").read_bytes()
    assert ", 1 customised file" in customised.wild("status")
    publish(UPSTREAM_2)
    customised.wild("update")
    assert customised.git("status", "--porcelain") == ""
    for path in (CONFLICT_FILE, "config.yaml"):
        assert (
            blob(customised, f"HEAD:{path}").replace(b"\n", b"\r\n") == (customised.root / path).read_bytes()
        )
    assert "value: fast" in merged(customised)
    assert "path: /ready" in merged(customised)
    customised.wild("config", "set", "apps.web.replicas", "4")
    customised.wild("compile", "web")
    customised.git("add", "-A")
    assert customised.git("diff", "--cached", "--numstat", "--", CONFLICT_FILE).startswith("1\t1\t")


def test_a_conflict_of_converted_files_is_shown_and_taken_back_by_git(diverged) -> None:
    converted(diverged, "*.yaml text eol=crlf\n")
    before = diverged.snapshot()
    diverged.wild("update", code=1)
    assert b"<<<<<<< HEAD\r\n" in (diverged.root / CONFLICT_FILE).read_bytes()
    assert b"\r" not in blob(diverged, f":3:{CONFLICT_FILE}")
    diverged.git("merge", "--abort")
    assert diverged.snapshot() == before


def test_files_of_a_filter_driver_are_merged_as_the_user_sees_them(customised, publish) -> None:
    for way in ("clean", "smudge"):
        customised.git("config", f"filter.rot13.{way}", "tr a-zA-Z n-za-mN-ZA-M")
    converted(customised, "/config.yaml filter=rot13\n/apps/** filter=rot13\n")
    publish(UPSTREAM_2)
    customised.wild("update")
    assert customised.git("status", "--porcelain") == ""
    assert "value: fast" in merged(customised)
    assert "path: /ready" in merged(customised)
    assert b"vzntr: atvak:1.27" in blob(customised, "HEAD:config.yaml")
    assert b"vzntr: atvak:1.27" in blob(customised, f"HEAD:{CONFLICT_FILE}")
    package = blob(customised, "HEAD:apps/web/.package/manifest.yaml").decode()
    assert package == UPSTREAM_2["web/manifest.yaml"], "the lock names upstream's own tree"
    assert customised.wild("update") == "Already up to date.\n"
