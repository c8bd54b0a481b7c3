"""The convention of commit messages: what passes, what is refused and with which example, proposals."""

from __future__ import annotations

import pytest

from wildgit.core.guard.commit_message import Change, Proposal, check_message, propose

SCALE_GHOST = Proposal("scale", "ghost")


def complaint(message: str, proposal: Proposal = SCALE_GHOST) -> tuple[str, str] | None:
    found = check_message(message, is_scope={"ghost", "postgres", "docs"}.__contains__, proposal=proposal)
    return None if found is None else (found.reason, found.example)


@pytest.mark.parametrize(
    "message",
    [
        "feat(ghost): Add Ghost\n\nBecause people asked.\n",
        "scale(postgres): Give it more memory",
        "upgrade(ghost)!: Update to 6.0",
        "security(all): Rotate passwords",
        "docs(docs): Explain backups",
        "rollback(ghost): Go back to 5.82",
        "emergency: Roll back ghost",
        "emergency(ghost): Roll back",
        "Merge branch 'side'",
        'Revert "feat(ghost): Add Ghost"',
        'Reapply "feat(ghost): Add Ghost"',
        "fixup! anything",
        "squash! anything",
        "amend! anything",
    ],
)
def test_message_passes(message: str) -> None:
    assert complaint(message) is None


@pytest.mark.parametrize(
    ("message", "reason", "example"),
    [
        ("Add Ghost", "the first line is not", "scale(ghost): Add Ghost"),
        ("Note: more memory", "the first line is not", "scale(ghost): Note: more memory"),
        ("feature(ghost): Add", "'feature' is no type", "feat(ghost): Add"),
        ("feat: Add Ghost", "the scope is missing", "feat(ghost): Add Ghost"),
        ("fix(gohst): Correct it", "'gohst' is neither", "fix(ghost): Correct it"),
        ("Fix(postgres) : Correct it", "the first line is not", "fix(postgres): Correct it"),
        ("config(ghost):", "the first line is not", "config(ghost): Say what changed"),
        ("config(ghost):no blank", "the first line is not", "config(ghost): no blank"),
        ("fix(): Correct it", "the first line is not", "fix(ghost): Correct it"),
        ("", "the message is empty", "scale(ghost): Say what changed"),
    ],
)
def test_message_is_refused_with_an_example_that_passes(message: str, reason: str, example: str) -> None:
    found = complaint(message)
    assert found is not None
    assert found[0].startswith(reason)
    assert found[1] == example
    assert complaint(found[1]) is None


def test_example_without_a_proposal_names_all_apps() -> None:
    assert complaint("Tidy up", Proposal("", "")) == (
        "the first line is not <type>(<scope>): <subject>", "config(all): Tidy up"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "lines", "config_apps", "expected"),
    [
        (["M apps/ghost/deployment.yaml"], ["          image: ghost:5.83"], (), Proposal("upgrade", "ghost")),
        (["M apps/ghost/deployment.yaml"], ["  replicas: 3"], (), Proposal("scale", "ghost")),
        (["M apps/ghost/deployment.yaml"], ["    memory: 1Gi"], (), Proposal("scale", "ghost")),
        (["M apps/ghost/deployment.yaml"], ["  # a comment"], (), Proposal("fix", "ghost")),
        (["M config.yaml"], ["    domain: x"], ("ghost",), Proposal("config", "ghost")),
        (["M config.yaml"], ["    domain: x"], ("ghost", "redis"), Proposal("config", "all")),
        (["M config.yaml", "M apps/ghost/a.yaml"], ["    port: 1"], ("ghost",), Proposal("config", "ghost")),
        (["A apps/ghost/manifest.yaml", "A apps/ghost/a.yaml"], ["image: x"], (), Proposal("feat", "ghost")),
        (["M apps/ghost/.package.lock.yaml", "M apps/ghost/a.yaml"], [], (), Proposal("upgrade", "ghost")),
        (["M docs/a.md"], ["text"], (), Proposal("docs", "docs")),
        (["M README.md"], ["text"], (), Proposal("docs", "all")),
        (["M apps/a/x.yaml", "M apps/b/x.yaml"], [], (), Proposal("fix", "all")),
        ([], [], (), Proposal("", "all")),
    ],
)
def test_type_and_scope_are_proposed_from_what_is_staged(
    changes: list[str], lines: list[str], config_apps: tuple[str, ...], expected: Proposal
) -> None:
    pairs = [line.split(" ") for line in changes]
    assert propose([Change(status, path) for status, path in pairs], lines, config_apps) == expected
