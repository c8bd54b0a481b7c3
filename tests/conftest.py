"""Every test runs with its own HOME, git configuration, identity, clock and locale: never the user's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cluster.control_plane import MISSING

_KEPT = ("KUBEBUILDER_ASSETS",)


@pytest.fixture(autouse=True)
def pinned_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the HOME of this test; nothing of the user's configuration is visible from it."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "KUBE", "XDG_", "WILD_")) and name not in _KEPT:
            monkeypatch.delenv(name)
    monkeypatch.delenv("CI", raising=False)  # a deploy is stricter there; the tests that mean it set it
    pinned = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_DATE": "2024-03-01T12:00:00+0000",
        "GIT_COMMITTER_DATE": "2024-03-01T12:00:00+0000",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "PYTHONHASHSEED": "0",
        # `git wild` is found as git finds it: on PATH, here in the environment that runs the tests.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for name, value in pinned.items():
        monkeypatch.setenv(name, value)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada Admin\n\temail = ada@example.com\n"
        '[init]\n\tdefaultBranch = main\n[core]\n\teditor = false\n[protocol "file"]\n\tallow = always\n'
    )
    return home


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the cluster tests did not run; xdist's workers alone read their own conftest.py."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if MISSING in str(r.longrepr)]
    if skipped:
        terminalreporter.section("the real control plane was missing", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests of deploy, delete and status did NOT run. To run them:")
        terminalreporter.line("    tests/cluster/provision        # says how to get the binaries")
