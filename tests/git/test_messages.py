"""Messages as git drives us: what the editor is offered, what is refused, what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.git.checkout import SECRET, Checkout


@pytest.fixture
def offered(instance: Checkout, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which an editor leaves what it was offered, with a subject appended to its first line."""
    record = instance.path.parent / "offered"
    editor = instance.write(
        "../editor", f'#!/bin/sh\ncp "$1" {record}\nsed -i "1s/$/Do it/" "$1"\n', mode=0o755
    )
    monkeypatch.setenv("GIT_EDITOR", str(editor))
    return record


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({"apps/ghost/deployment.yaml": "image: ghost:5.83\n"}, "upgrade(ghost): "),
        ({"apps/ghost/deployment.yaml": "replicas: 3\n"}, "scale(ghost): "),
        ({"apps/ghost/notes.yaml": "a: b\n"}, "fix(ghost): "),
        ({"config.yaml": "apps:\n  ghost:\n    port: 1\n"}, "config(ghost): "),
        ({"config.yaml": "apps:\n  ghost:\n    port: 2368\n  redis:\n    port: 1\n"}, "config(all): "),
        ({"apps/redis/manifest.yaml": "name: redis\n", "config.yaml": "apps: {}\n"}, "feat(all): "),
        ({"apps/redis/manifest.yaml": "name: redis\n"}, "feat(redis): "),
        ({"docs/backup.md": "text\n"}, "docs(docs): "),
    ],
)
def test_the_editor_is_offered_type_and_scope(
    instance: Checkout, offered: Path, files: dict[str, str], start: str
) -> None:
    for path, text in files.items():
        instance.write(path, text)
    instance.git("add", ".")
    instance.git("commit")
    assert offered.read_text().startswith(f"{start}\n# ") or offered.read_text().startswith(f"{start}\n\n#")
    assert instance.git("log", "-1", "--format=%s") == f"{start}Do it"


def test_messages_that_are_there_are_left_alone(instance: Checkout, offered: Path) -> None:
    instance.write("docs/a.md", "")
    instance.git("add", ".")
    instance.git("commit", "-m", "docs(docs): Mine")
    instance.git("commit", "--amend", "--no-edit")
    assert instance.git("log", "-1", "--format=%s") == "docs(docs): Mine"
    instance.git("commit", "--amend")
    assert offered.read_text().startswith("docs(docs): Mine\n")


def test_a_refused_message_is_offered_again_and_forgotten_once_it_passes(
    instance: Checkout, offered: Path
) -> None:
    instance.write("docs/a.md", "")
    instance.git("add", ".")
    refused = instance.run("git", "commit", "-m", "A long thought", "-m", "Its body.")
    assert refused.returncode != 0
    assert "for example: docs(docs): A long thought" in refused.stderr
    kept = instance.path / ".git/wild/refused-message"
    assert kept.read_text() == "A long thought\n\nIts body.\n"
    assert instance.run("git", "commit").returncode != 0
    assert offered.read_text().startswith("A long thought\n\nIts body.")
    instance.git("commit", "-m", "docs(docs): A long thought")
    assert not kept.exists()


@pytest.mark.parametrize("arguments", [["--cleanup=verbatim"], ["--cleanup=whitespace"], []])
def test_a_secret_in_a_comment_of_a_message_is_found(instance: Checkout, arguments: list[str]) -> None:
    message = f"docs(all): Say it\n\n# {SECRET}\n"
    done = instance.run("git", "commit", "--allow-empty", *arguments, "-F", "-", stdin=message)
    assert "commit message:3: secret-value" in done.stderr


def test_what_commit_v_shows_below_the_scissors_is_no_message(instance: Checkout, offered: Path) -> None:
    # The commit that takes a leak out shows it in its diff.
    instance.commit("a.yaml", f"password: {SECRET}\n")
    instance.write("a.yaml", "a: b\n")
    instance.git("add", ".")
    instance.git("commit", "-v")
    assert SECRET in offered.read_text()
    assert instance.git("log", "-1", "--format=%s") == "fix(all): Do it"


def test_the_scope_may_be_an_app_that_this_commit_removes(instance: Checkout) -> None:
    instance.git("rm", "-rq", "apps/ghost")
    instance.git("commit", "-m", "config(ghost): Remove Ghost")


@pytest.mark.parametrize("scope", ["..", "/etc", "apps/../apps", "gohst"])
def test_the_scope_is_no_path_to_elsewhere(instance: Checkout, scope: str) -> None:
    assert instance.run("git", "commit", "--allow-empty", "-m", f"fix({scope}): Do it").returncode != 0
