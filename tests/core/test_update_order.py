"""The order in which apps are updated one by one."""

from __future__ import annotations

from wildgit.core.app.update_order import clean_groups, commit_groups

REQUIRES = {"blog": {"db", "cache"}, "cache": set(), "db": {"disk"}, "a": {"b"}, "b": {"a", "db"}}


def test_what_is_required_comes_first_and_a_circle_is_one_group() -> None:
    assert commit_groups(["a", "b", "blog", "cache", "db"], REQUIRES) == [
        ("db",),
        ("a", "b"),
        ("cache",),
        ("blog",),
    ]


def test_what_requires_an_app_with_conflicts_waits_for_it() -> None:
    groups = commit_groups(["a", "b", "blog", "cache", "db"], REQUIRES)
    assert clean_groups(groups, REQUIRES, {"db"}) == [("cache",)]
    assert clean_groups(groups, REQUIRES, {"a"}) == [("db",), ("cache",), ("blog",)]
