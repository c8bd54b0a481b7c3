"""`git wild doctor` tells working hooks from hooks that are missing, replaced or deaf."""

from __future__ import annotations

import pytest

from tests.git.checkout import Checkout

GUARDS = ["pre-commit", "pre-merge-commit", "commit-msg", "reference-transaction", "pre-push"]


TRIGGERS = ["post-merge", "post-commit", "post-rewrite"]
WORKING = {f"{name} stops a secret": "ok" for name in GUARDS} | {
    f"{name} looks what to deploy": "ok" for name in TRIGGERS
}


def lines_of(checkout: Checkout) -> dict[str, str]:
    lines = checkout.run("git", "wild", "doctor").stdout.splitlines()
    return {line[10:]: line[:10].strip() for line in lines if line.endswith(("a secret", "what to deploy"))}


def test_installed_hooks_are_proved_to_work_and_nothing_is_left_behind(instance: Checkout) -> None:
    before = instance.git("for-each-ref"), instance.git("status", "--porcelain")
    assert lines_of(instance) == WORKING
    assert (instance.git("for-each-ref"), instance.git("status", "--porcelain")) == before


@pytest.mark.parametrize("name", GUARDS)
def test_a_hook_that_lets_secrets_through_is_found(instance: Checkout, name: str) -> None:
    instance.write(
        f".git/hooks/{name}", "#!/bin/sh\n# git wild: but somebody edited it\nexit 0\n", mode=0o755
    )
    found = lines_of(instance)
    assert found.pop(f"{name} stops a secret") == "FAILED"
    assert set(found.values()) == {"ok"}
    assert instance.run("git", "wild", "doctor").returncode == 1


def test_hooks_that_see_no_merge_are_found(instance: Checkout) -> None:
    for name in TRIGGERS:
        text = "#!/bin/sh\n# git wild: but somebody edited it\nexit 0\n"
        instance.write(f".git/hooks/{name}", text, mode=0o755)
    assert lines_of(instance) == WORKING | {f"{name} looks what to deploy": "FAILED" for name in TRIGGERS}


def test_a_missing_hook_is_found(instance: Checkout) -> None:
    (instance.path / ".git/hooks/pre-push").unlink()
    assert lines_of(instance)["pre-push stops a secret"] == "FAILED"


def test_a_hook_of_others_that_refuses_first_proves_nothing(bare_instance: Checkout) -> None:
    bare_instance.write(".git/hooks/pre-commit", "#!/bin/sh\necho no lint here >&2\nexit 1\n", mode=0o755)
    bare_instance.wild("hooks", "install")
    assert lines_of(bare_instance)["pre-commit stops a secret"] == "not tried"


def test_a_file_of_secrets_that_others_may_read_is_found(instance: Checkout) -> None:
    (instance.path / "secrets.yaml").chmod(0o640)
    assert "mode is 0640" in instance.run("git", "wild", "doctor").stdout
