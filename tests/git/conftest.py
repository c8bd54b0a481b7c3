"""Repositories that git itself drives: an instance with secrets, hooks installed by the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.git.checkout import SECRET, Checkout
from tests.git.driven import Repository, make_repository


@pytest.fixture
def bare_instance(tmp_path: Path) -> Checkout:
    """An instance with one app and secrets, and no hook."""
    checkout = Checkout(tmp_path / "cloud")
    checkout.path.mkdir()
    checkout.git("init", "-q")
    checkout.write("secrets.yaml", f"apps:\n  ghost:\n    dbPassword: {SECRET}\n", mode=0o600)
    checkout.write(".gitignore", "secrets.yaml\n")
    checkout.write("config.yaml", "apps:\n  ghost:\n    port: 2368\n")
    checkout.write("apps/ghost/manifest.yaml", "name: ghost\n")
    checkout.git("add", ".")
    checkout.unguarded("commit", "-q", "-m", "feat(ghost): Add Ghost")
    return checkout


@pytest.fixture
def instance(bare_instance: Checkout) -> Checkout:
    """The same with our hooks installed."""
    bare_instance.wild("hooks", "install")
    return bare_instance


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with our merge drivers registered."""
    return make_repository(tmp_path / "cloud")
