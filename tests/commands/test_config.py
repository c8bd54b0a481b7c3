"""`git wild config` and `secret`: one value changes, every other byte stays, no secret is printed."""

from __future__ import annotations

import json
import stat

import pytest
import yaml

CONFIG = """\
# My cloud.
cloud:
    domain: example.org   # the public one
    'quoted': "yes"

apps:
    ghost: {port: "2368", theme: casper}
    # redis has no persistence
    redis:
        port: 6379
        sizes: [1, 2]
"""


@pytest.fixture
def work(tiny):
    (tiny.root / "config.yaml").write_text(CONFIG)
    return tiny


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("cloud.domain", "example.net", "domain: example.org", "domain: example.net"),
        ("apps.redis.port", "6380", "port: 6379", "port: 6380"),
        ("apps.ghost.port", "2369", 'port: "2368"', 'port: "2369"'),
    ],
)
def test_set_changes_one_value_and_no_other_byte(work, path: str, value: str, old: str, new: str) -> None:
    work.wild("config", "set", path, value)
    assert work.read("config.yaml") == CONFIG.replace(old, new)
    assert work.wild("config", "get", path) == f"{value}\n"


def test_a_new_value_is_added_and_every_old_line_stays(work) -> None:
    work.wild("config", "set", "apps.redis.memory", "1Gi")
    work.wild("config", "set", "operator.email", "ada@example.org")
    lines = work.read("config.yaml").splitlines()
    assert [line for line in lines if line in CONFIG.splitlines()] == CONFIG.splitlines()
    assert "        memory: 1Gi" in lines
    assert yaml.safe_load(work.read("config.yaml"))["operator"] == {"email": "ada@example.org"}


def test_unset_takes_one_entry_away(work) -> None:
    work.wild("config", "unset", "apps.redis.port")
    assert work.read("config.yaml") == CONFIG.replace("        port: 6379\n", "")
    work.wild("config", "get", "apps.redis.port", code=1)
    work.wild("config", "unset", "apps.redis.port", code=1)


def test_a_value_is_yaml_and_a_string_stays_a_string(work) -> None:
    work.wild("config", "set", "apps.redis.tls", "true")
    work.wild("config", "set", "apps.redis.note", "true", "--string")
    work.wild("config", "set", "apps.ghost.port", "80")
    work.wild("config", "set", "apps.redis.hosts", "[a, b]")
    apps = yaml.safe_load(work.read("config.yaml"))["apps"]
    assert apps["redis"]["tls"] is True
    assert apps["redis"]["note"] == "true"
    assert apps["redis"]["hosts"] == ["a", "b"]
    assert apps["ghost"]["port"] == "80"
    assert json.loads(work.wild("config", "get", "apps.redis", "--json"))["hosts"] == ["a", "b"]


def test_a_path_through_something_else_than_a_mapping_is_refused(work) -> None:
    assert "cloud.domain is not a mapping" in work.wild("config", "set", "cloud.domain.x", "1", code=3)
    work.wild("config", "set", "a..b", "1", code=3)
    work.wild("config", "set", "a", "[", code=2)
    assert work.read("config.yaml") == CONFIG


def test_a_broken_file_is_named_with_its_line_and_left_alone(work) -> None:
    broken = CONFIG + "apps: twice\n"
    (work.root / "config.yaml").write_text(broken)
    assert "config.yaml:12" in work.wild("config", "set", "cloud.domain", "x", code=3)
    assert work.read("config.yaml") == broken


def test_a_link_in_the_place_of_the_file_is_not_followed(work, tmp_path) -> None:
    target = tmp_path / "elsewhere.yaml"
    (work.root / "config.yaml").rename(target)
    (work.root / "config.yaml").symlink_to(target)
    work.wild("config", "set", "cloud.domain", "x", code=3)
    assert target.read_text() == CONFIG


def test_secrets_are_set_from_stdin_and_never_printed(work) -> None:
    output = work.wild("secret", "set", "apps.ghost.password", stdin="correct horse\n")
    output += work.wild("secret", "list") + work.wild("secret", "list", "ghost", "--json")
    assert "apps.ghost.password" in output
    assert "horse" not in output
    assert yaml.safe_load(work.read("secrets.yaml"))["apps"]["ghost"] == {"password": "correct horse"}
    assert stat.S_IMODE((work.root / "secrets.yaml").stat().st_mode) == 0o600


def test_a_secret_of_several_lines_keeps_its_end(work) -> None:
    key = "-----BEGIN X-----\nabc\n-----END X-----\n"
    work.wild("secret", "set", "apps.ghost.key", stdin=key)
    assert yaml.safe_load(work.read("secrets.yaml"))["apps"]["ghost"]["key"] == key


def test_a_secret_can_be_generated_and_an_empty_one_is_refused(work) -> None:
    work.wild("secret", "set", "apps.ghost.token", "--generate")
    assert len(yaml.safe_load(work.read("secrets.yaml"))["apps"]["ghost"]["token"]) == 32
    work.wild("secret", "set", "apps.ghost.token", code=2)


def test_secrets_readable_by_others_are_written_back_0600(work) -> None:
    (work.root / "secrets.yaml").chmod(0o644)
    work.wild("secret", "set", "apps.ghost.token", "--generate")
    assert stat.S_IMODE((work.root / "secrets.yaml").stat().st_mode) == 0o600


def test_one_and_true_are_two_values(work) -> None:
    work.wild("config", "set", "apps.redis.port", "1")
    assert work.wild("config", "get", "apps.redis.port") == "1\n"
    work.wild("config", "set", "apps.redis.port", "true")
    assert work.wild("config", "get", "apps.redis.port") == "true\n"
    assert "port: true" in work.read("config.yaml")


def test_one_value_does_not_replace_a_whole_mapping(tiny) -> None:
    tiny.wild("add", "web")
    tiny.wild("secret", "set", "web.password", stdin="correct horse\n")  # as `rotate` takes it
    before = tiny.read("config.yaml"), tiny.read("secrets.yaml")
    assert "correct horse" in before[1]
    assert "like apps.web" in tiny.wild("config", "set", "apps", "1", code=3)
    assert "like apps.web.image" in tiny.wild("config", "set", "apps.web", "1", code=3)
    tiny.wild("secret", "set", "apps.web", "--generate", code=2)
    tiny.wild("secret", "set", "password", "--generate", code=2)
    assert (tiny.read("config.yaml"), tiny.read("secrets.yaml")) == before
    assert "no app wbe is installed" in tiny.wild("config", "set", "apps.wbe.image", "x")
