"""A real control plane for each file; without its binaries these tests are skipped, and loudly so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import NEEDED, ControlPlane, assets
from tests.cluster.harness import Instance

HERE = Path(__file__).parent
MISSING = f"no control plane: KUBEBUILDER_ASSETS names no folder with {', '.join(NEEDED)}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here: `make test` runs it after the rest, in two processes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if assets() is None and item.get_closest_marker("cluster"):
        pytest.skip(MISSING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if MISSING in str(r.longrepr)]
    if skipped:
        terminalreporter.section("the real control plane was missing", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests of deploy, delete and status did NOT run. To run them:")
        terminalreporter.line("    tests/cluster/provision        # says how to get the binaries")


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """The control plane of a file's tests, which use namespaces of their own and leave it running.

    Not one for the whole run: which files share a process is chance, and what one leaves another would find.
    """
    with ControlPlane() as running:
        yield running


@pytest.fixture
def instance(tmp_path: Path, control_plane: ControlPlane) -> Instance:
    """An instance without apps, for that cluster."""
    return Instance(tmp_path / "cloud", control_plane)
