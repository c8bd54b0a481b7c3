"""`git wild add`: what is written, what is kept, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml


def secrets_of(work) -> dict:
    return yaml.safe_load(work.read("secrets.yaml"))["apps"]


def test_a_package_is_compiled_with_config_and_secrets(tiny) -> None:
    output = tiny.wild("add", "web")
    assert "value: web.example.org" in tiny.read("apps/web/deployment.yaml")
    assert yaml.safe_load(tiny.read("config.yaml"))["apps"]["web"] == {
        "image": "nginx:1.25",
        "replicas": 2,
        "host": "web.example.org",
    }
    assert "# pinned" in tiny.read("config.yaml"), "the package's comments explain the values"
    password = secrets_of(tiny)["web"]["password"]
    assert len(password) == 32
    assert password.isalnum()
    assert password not in output
    assert "apps.web.password" in output


def test_the_package_is_kept_byte_for_byte_and_its_tree_is_in_the_lock(tiny) -> None:
    tiny.wild("add", "web")
    tiny.commit()
    lock = yaml.safe_load(tiny.read("apps/web/.package.lock.yaml"))
    assert tiny.git("rev-parse", "HEAD:apps/web/.package").strip() == lock["upstream"]["tree"]
    assert lock["values"] == {
        "apps": {"web": {"replicas": 2, "image": "nginx:1.25", "host": "web.example.org"}},
        "cloud": {"domain": "example.org"},
    }


def test_secrets_have_mode_0600_and_are_not_tracked(tiny) -> None:
    tiny.wild("add", "web")
    assert stat.S_IMODE((tiny.root / "secrets.yaml").stat().st_mode) == 0o600
    tiny.commit()
    assert "secrets.yaml" not in tiny.git("ls-files")


def test_adding_again_changes_nothing_and_keeps_the_secret(tiny) -> None:
    tiny.wild("add", "web")
    before = tiny.commit(), tiny.read("secrets.yaml"), tiny.read("config.yaml")
    tiny.wild("add", "web")
    assert (
        tiny.git("rev-parse", "HEAD").strip(),
        tiny.read("secrets.yaml"),
        tiny.read("config.yaml"),
    ) == before
    assert tiny.git("status", "--porcelain") == ""


def test_values_that_are_set_already_stay(tiny) -> None:
    tiny.wild("config", "set", "apps.web.replicas", "7")
    tiny.wild("secret", "set", "apps.web.password", stdin="hunter2hunter2\n")
    tiny.wild("add", "web")
    assert "replicas: 7" in tiny.read("apps/web/deployment.yaml")
    assert secrets_of(tiny)["web"]["password"] == "hunter2hunter2"


def test_a_missing_value_names_the_file_and_what_to_type(tiny) -> None:
    tiny.wild("config", "unset", "cloud.domain")
    output = tiny.wild("add", "web", code=3)
    assert "cloud.domain" in output
    assert "git wild config set cloud.domain" in output
    assert not (tiny.root / "apps/web").exists()
    assert "web" not in tiny.read("config.yaml")


def test_requirements_are_mapped_by_alias_and_their_secrets_copied(sample) -> None:
    sample.wild("add", "postgres")
    sample.wild("add", "miniflux")
    manifest = yaml.safe_load(sample.read("apps/miniflux/manifest.yaml"))
    assert [each.get("installedAs") for each in manifest["requires"]] == ["postgres"]
    secrets = secrets_of(sample)
    copied = [value for key, value in secrets["miniflux"].items() if value == secrets["postgres"]["password"]]
    assert copied, secrets["miniflux"].keys()


def test_a_missing_requirement_says_what_to_add_first(sample) -> None:
    assert "git wild add postgres" in sample.wild("add", "miniflux", code=3)


def test_two_installs_of_one_package_stand_side_by_side(sample) -> None:
    sample.wild("add", "postgres")
    sample.wild("add", "postgres", "--as", "postgres-two")
    assert yaml.safe_load(sample.read("config.yaml"))["apps"]["postgres-two"]["namespace"] == "postgres-two"
    assert 'host: "postgres.postgres-two.svc' in sample.read("config.yaml"), "hosts follow the namespace"
    output = sample.wild("add", "miniflux", "--with", "db=postgres-two")
    assert "postgres-two" in output
    assert "installedAs: postgres-two" in sample.read("apps/miniflux/manifest.yaml")
    assert "postgres-two" in sample.read("apps/miniflux/deployment.yaml") + sample.read("config.yaml")


def test_an_older_package_takes_no_other_name(tiny) -> None:
    assert "its templates read the name web" in tiny.wild("add", "web", "--as", "web-two", code=3)


def test_with_names_a_requirement_that_is_there(sample) -> None:
    sample.wild("add", "postgres")
    assert "no requirement" in sample.wild("add", "miniflux", "--with", "cache=postgres", code=3)
    sample.wild("add", "miniflux", "--with", "nonsense", code=2)


@pytest.mark.parametrize("name", ["../../x", "/etc", "a/b", ".git", "", "UPPER", "a\nb", "-rf"])
def test_a_name_that_could_leave_the_instance_is_refused(tiny, name: str) -> None:
    before = tiny.snapshot()
    tiny.wild("add", "--", name, code=3)
    tiny.wild("add", "web", "--as", name or "/", code=3)
    assert tiny.snapshot() == before


def test_an_app_folder_that_is_no_app_is_left_alone(tiny) -> None:
    (tiny.root / "apps/web").mkdir(parents=True)
    (tiny.root / "apps/web/notes.txt").write_text("mine")
    tiny.wild("add", "web", code=3)
    assert [path.name for path in Path(tiny.root / "apps/web").iterdir()] == ["notes.txt"]


def test_an_app_that_wild_installed_is_adopted_with_its_edits(tiny) -> None:
    tiny.wild("add", "web")
    (tiny.root / "apps/web/.package.lock.yaml").unlink()
    tiny.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 5")
    assert "adopted" in tiny.wild("add", "web")
    lock = yaml.safe_load(tiny.read("apps/web/.package.lock.yaml"))
    assert lock["upstream"]["commit"] == tiny.git("rev-parse", "wild-directory/main").strip()
    assert "+  replicas: 5" in tiny.wild("diff", "--custom", "web")


def test_an_app_of_unknown_origin_is_not_adopted(tiny) -> None:
    tiny.wild("add", "web")
    (tiny.root / "apps/web/.package.lock.yaml").unlink()
    tiny.edit("apps/web/.package/deployment.yaml", "kind: Deployment", "kind: StatefulSet")
    assert "no version of the package" in tiny.wild("add", "web", code=3)
