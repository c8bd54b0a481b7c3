"""Backups as git and age see them: tags, what they say, who can decrypt, and a clone made whole again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import Work


@pytest.fixture
def origin(customised: Work) -> Path:
    """A bare repository that `customised` pushes to."""
    origin = customised.root.parent / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    customised.git("remote", "add", "origin", str(origin))
    customised.git("push", "-q", "origin", "main")
    return origin


def tags(work: Work) -> list[str]:
    return work.git("tag", "--list").split()


def identity(work: Work) -> Path:
    """Name a new recipient in .wildconfig, committed; return the identity."""
    file = work.root.parent / "identity"
    work.wild("backup", "--new-identity", str(file))
    work.commit("security(all): encrypt backups")
    return file


def clone(work: Work, origin: Path) -> Work:
    made = Work(work.root.parent / "clone", work.upstream)
    subprocess.run(["git", "clone", "-q", str(origin), str(made.root)], check=True)
    return made


def test_backups_are_annotated_tags_that_say_what_ran(customised: Work) -> None:
    head = customised.git("rev-parse", "HEAD").strip()
    customised.git("update-ref", "refs/wild/deployed/production/web", head)
    customised.git("remote", "set-url", "wild-directory", "https://ada:hunter2@example.org/packages.git")
    (customised.root / "new.txt").write_text("not committed\n")
    said = customised.wild("backup")
    assert "1 file has changes that are not committed" in said
    customised.wild("backup")
    first, second = tags(customised)
    assert first[:7] == "backup-"
    assert second == f"{first}-2" or second > first  # the second of one minute
    message = customised.git("cat-file", "tag", first)
    assert f"Wild-Deployed: production/web {head}" in message
    assert "Wild-Upstream-URL: https://example.org/packages.git" in message


def test_keep_removes_old_backups_of_ours_here_and_there_and_nothing_else(
    customised: Work, origin: Path
) -> None:
    customised.git("tag", "backup-20200101-0000")  # somebody's own, lightweight
    customised.git("tag", "-a", "-m", "mine", "backup-20200102-0000")
    customised.git("push", "-q", "origin", "--tags")
    for _ in range(3):
        customised.wild("backup", "--push")
    other = clone(customised, origin)
    assert "removed 2 older" in other.wild("backup", "--push", "origin", "--keep", "2")
    there = other.git("ls-remote", "--tags", "--refs", "origin").split()[1::2]
    assert len(there) == 4
    assert {"refs/tags/backup-20200101-0000", "refs/tags/backup-20200102-0000"} < set(there)
    assert sorted(f"refs/tags/{tag}" for tag in tags(other)) == sorted(there)
    assert "not pushed" not in customised.wild("backup", "--keep", "1")
    assert len(tags(customised)) == 3
    customised.git("remote", "set-url", "origin", "/nowhere")
    customised.wild("backup", "--push", code=3)


def test_secrets_are_encrypted_once_and_committed_alone(customised: Work) -> None:
    said = customised.wild("backup", "--secrets", code=3)
    assert "git wild backup --new-identity FILE" in said
    customised.wild("hooks", "install")
    key = identity(customised)
    assert key.stat().st_mode & 0o777 == 0o600
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    customised.git("add", "--all")
    customised.wild("backup", "--secrets")
    assert customised.git("show", "--name-only", "--format=%s").splitlines() == [
        "security(all): Encrypt the secrets for the backup",
        "",
        "secrets.yaml.age",
    ]
    assert customised.git("diff", "--cached", "--name-only") == "apps/web/deployment.yaml\n"
    encrypted = customised.read("secrets.yaml.age")
    password = customised.read("secrets.yaml").split("password: ")[1].split()[0]
    assert password not in encrypted
    head = customised.git("rev-parse", "HEAD")
    customised.wild("backup", "--secrets")
    assert customised.read("secrets.yaml.age") == encrypted
    assert customised.git("rev-parse", "HEAD") == head
    customised.wild("secret", "set", "apps.web.password", "--generate")
    customised.wild("backup", "--secrets")
    assert customised.read("secrets.yaml.age") != encrypted


def test_identity_can_not_be_committed_nor_made_where_it_could(customised: Work) -> None:
    customised.wild("hooks", "install")
    customised.wild("backup", "--new-identity", "key", code=3)
    (customised.root / "notes.txt").write_bytes(identity(customised).read_bytes())
    customised.git("add", "notes.txt")
    customised.git("commit", "-qm", "docs(all): oops", code=1)


def test_recipients_that_somebody_pushed_are_asked_about_once_in_each_clone(
    customised: Work, origin: Path
) -> None:
    identity(customised)
    customised.wild("backup", "--secrets", "--push")  # whoever made the key trusts it
    customised.git("push", "-q", "origin", "main")
    made = clone(customised, origin)
    (made.root / "secrets.yaml").write_text(customised.read("secrets.yaml"))
    before = made.read("secrets.yaml.age")
    assert "git wild backup --secrets --yes" in made.wild("backup", "--secrets", code=2)
    assert made.read("secrets.yaml.age") == before
    made.wild("backup", "--secrets", "--yes")
    made.wild("secret", "set", "apps.web.password", "--generate")
    made.wild("backup", "--secrets")
    pushed = stranger(customised).read_text().split("public key: ")[1].split()[0]
    made.git("config", "--file", ".wildconfig", "--add", "wild.ageRecipient", pushed)
    assert pushed in made.wild("backup", "--secrets", code=2)


def test_clone_is_made_an_instance_again_by_any_recipient(customised: Work, origin: Path) -> None:
    identity(customised)
    ssh_key = customised.root.parent / "ssh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ssh_key)], check=True)
    customised.git("config", "--add", "wild.ageRecipient", ssh_key.with_suffix(".pub").read_text().strip())
    customised.wild("backup", "--secrets", "--push")
    backup = tags(customised)[0]
    made = clone(customised, origin)
    refused = made.wild("restore", "--no-deploy", code=3)
    assert "git wild restore --identity FILE" in refused
    assert "can't be decrypted" in made.wild(
        "restore", "--no-deploy", "--identity", str(stranger(customised)), code=3
    )
    assert f"main is at {backup}" in refused  # the commit of the secrets came with the tag alone
    made.wild("restore", backup, "--no-deploy", "--identity", str(ssh_key))
    assert made.read("secrets.yaml") == customised.read("secrets.yaml")
    assert (made.root / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    assert made.git("status", "--porcelain") == customised.git("status", "--porcelain") == ""
    assert made.git("config", "remote.wild-directory.url").strip() == str(customised.upstream)
    made.wild("hooks", "status")
    made.wild("fetch")
    made.wild("update")
    encrypted = made.read("secrets.yaml.age")
    made.wild("secret", "set", "apps.web.password", "--generate")
    refused = made.wild("restore", "--no-deploy", "--identity", str(ssh_key), code=3)
    assert "differs from the backup" in refused
    assert made.read("secrets.yaml.age") == encrypted
    made.wild("restore", "--no-deploy")  # again, with what is there


def stranger(work: Work) -> Path:
    """An identity that nobody encrypted for."""
    from wildgit.adapters.backup.age_file import new_identity

    file = work.root.parent / "stranger"
    file.write_bytes(new_identity()[1])
    return file


def test_branch_does_not_go_back_to_a_tag_over_commits_that_nobody_else_has(
    customised: Work, origin: Path
) -> None:
    customised.wild("backup", "--push")
    [backup] = tags(customised)
    customised.edit("apps/web/deployment.yaml", "replicas: 2", "replicas: 3")
    head = customised.commit("scale(web): more")
    assert "git switch -c restored" in customised.wild("restore", backup, "--no-deploy", code=3)
    assert customised.git("rev-parse", "HEAD").strip() == head
    customised.git("push", "-q", "origin", "main")
    customised.wild("restore", backup, "--no-deploy")
    assert "replicas: 2" in customised.read("apps/web/deployment.yaml")
    assert "is no backup" in customised.wild("restore", "v1", "--no-deploy", code=3)
