"""docs/guards.md names what there is: every rule, every hook, every type of message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from wildgit.adapters.checks import instance_checks
from wildgit.adapters.git import hook_files
from wildgit.core.guard import commit_message, lint, secret_scan

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "guards.md").read_text()
RULES = [*secret_scan.RULES, *lint.RULES, *instance_checks.RULES, commit_message.RULE]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained(rule: str) -> None:
    assert re.search(rf"^\|[^|]*`{rule}`", PAGE, re.MULTILINE)


@pytest.mark.parametrize("hook", hook_files.HOOKS)
def test_every_hook_is_explained(hook: str) -> None:
    assert re.search(rf"^\|[^|]*`{hook}`", PAGE, re.MULTILINE)


def test_every_type_of_message_is_named() -> None:
    assert ", ".join(commit_message.TYPES) in " ".join(PAGE.split())


def test_every_hook_for_pre_commit_is_named() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hooks
    assert all(f"`{hook['id']}`" in PAGE for hook in hooks)
