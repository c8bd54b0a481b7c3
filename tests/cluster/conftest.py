"""A real control plane for each file; without its binaries these tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import MISSING, ControlPlane, assets
from tests.cluster.harness import Instance

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here: `make test` runs it after the rest, in two processes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if assets() is None and item.get_closest_marker("cluster"):
        pytest.skip(MISSING)


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
