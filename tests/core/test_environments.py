"""Which environment a branch deploys to, by the settings alone."""

from __future__ import annotations

import pytest

from wildgit.core.cluster.environment import Environment, NoEnvironment, find_environment
from wildgit.errors import InputError

TWO = {
    "wild-environment.production.branch": "main",
    "wild-environment.production.kubeconfig": "prod",
    "wild-environment.production.exclude": "trial  games",
    "wild-environment.staging.branch": "develop",
    "wild-environment.anywhere.context": "kind",
    "wild.branch": "main",
}


def test_branch_finds_its_environment() -> None:
    expected = Environment("production", "main", "prod", None, ("trial", "games"))
    assert find_environment(TWO, ["main"], None) == expected
    assert find_environment(TWO, ["develop"], None).name == "staging"
    assert find_environment({"wild.branch": "main"}, ["topic"], None).name == "default"


def test_named_environment_of_another_branch_is_for_reading_only() -> None:
    with pytest.raises(NoEnvironment, match="from the branch main, not from develop") as refused:
        find_environment(TWO, ["develop"], "production")
    assert refused.value.hint == "git switch main"
    assert find_environment(TWO, ["develop"], "production", from_any_branch=True).kubeconfig == "prod"
    assert find_environment(TWO, ["develop"], "anywhere").context == "kind"


@pytest.mark.parametrize(
    ("settings", "branches", "name", "words"),
    [
        (TWO, ["topic"], None, r"from topic; there are: production \(main\), .*anywhere \(any branch\)"),
        (TWO, [], None, "from a detached HEAD"),
        (TWO, ["main", "develop"], None, "several environments are deployed from main or develop"),
        (TWO, ["main"], "prod", "no environment 'prod'; there are: anywhere, production, staging"),
    ],
)
def test_what_is_not_clear_is_refused(
    settings: dict[str, str], branches: list[str], name: str | None, words: str
) -> None:
    with pytest.raises(NoEnvironment, match=words):
        find_environment(settings, branches, name)


@pytest.mark.parametrize(
    "key", ["production.kubecofig", "a b.branch", "..branch", "a.lock.branch", "a/b.branch"]
)
def test_misspelt_field_and_name_that_is_no_ref_are_refused(key: str) -> None:
    with pytest.raises(InputError):
        find_environment({f"wild-environment.{key}": "main"}, ["main"], None)
