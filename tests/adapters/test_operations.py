"""Records of operations: which was the last one of an app."""

from __future__ import annotations

from pathlib import Path

from wildgit.adapters.cluster.operations import last_operations, operation


def test_an_emergency_in_one_environment_is_no_news_of_another(tmp_path: Path) -> None:
    for action, environment in (("rollback", "production"), ("deploy", "staging")):
        with operation(tmp_path, action, "web", "1" * 40, str) as running:
            running.record["environment"] = environment
    assert last_operations(tmp_path, "production")["web"]["action"] == "rollback"
    assert last_operations(tmp_path, "staging")["web"]["action"] == "deploy"


def test_a_record_without_environment_counts_in_every_one(tmp_path: Path) -> None:
    with operation(tmp_path, "deploy", "web", "1" * 40, str) as running:
        running.record["environment"] = "production"
    with operation(tmp_path, "delete", "web", "1" * 40, str):
        pass
    assert last_operations(tmp_path, "production")["web"]["action"] == "delete"
    assert last_operations(tmp_path, "")["web"]["action"] == "delete"
