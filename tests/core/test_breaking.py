"""What of a new package version breaks with the old one."""

from __future__ import annotations

import pytest

from wildgit.core.app.package import Manifest, parse_manifest
from wildgit.core.guard.breaking import find_breaks


def manifest(version: str, config: str = "{}") -> Manifest:
    return parse_manifest(
        f"name: ghost\nversion: {version}\ndefaultConfig: {config}\n".encode(), "manifest.yaml"
    )


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        ("5.82.1", "6.0.0", True),
        ("v5", "v6", True),
        ("5.82.1", "5.83.0", False),
        ("6.0.0", "5.82.1", False),
        ("latest", "6.0.0", False),
        ("9.9", "10.0", True),
    ],
)
def test_a_major_step_breaks(old: str, new: str, breaks: bool) -> None:
    assert bool(list(find_breaks(manifest(old), manifest(new)))) is breaks


def test_a_removed_field_breaks_and_an_added_one_does_not() -> None:
    old = manifest("1.0", "{port: 1, mail: {host: a, user: b}, empty: {}}")
    new = manifest("1.1", "{port: 2, mail: {host: a, from: c}, empty: {}}")
    assert list(find_breaks(old, new)) == [("defaultConfig", "ghost has no field mail.user any more")]
