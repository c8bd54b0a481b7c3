"""The real pre-commit program with this repository as the source of its hooks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.git.checkout import SECRET, Checkout

ROOT = Path(__file__).parents[2]
HOOKS = ["wild-secrets", "wild-lint", "wild-commit-msg", "wild-compiled"]

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository with this project's files as they are now, committed."""
    checkout = Checkout(tmp_path_factory.mktemp("source"))
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for path in listing.split("\0")[:-1]:
        if (ROOT / path).is_file():
            (checkout.path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, checkout.path / path)
    checkout.git("init", "-q")
    checkout.git("add", "--force", ".")
    checkout.git(
        "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "feat(all): All"
    )
    return checkout


@pytest.fixture(scope="module")
def pre_commit_home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("pre-commit"))


@pytest.fixture
def cloud(
    tmp_path: Path, source: Checkout, pre_commit_home: str, monkeypatch: pytest.MonkeyPatch
) -> Checkout:
    """An instance with one app of the sample, whose hooks pre-commit installs from `source`."""
    monkeypatch.setenv("PRE_COMMIT_HOME", pre_commit_home)
    Checkout(tmp_path).wild("sample", "upstream.git", "--release", "1")
    Checkout(tmp_path).wild("init", "cloud", "--upstream", "upstream.git", "--no-hooks")
    checkout = Checkout(tmp_path / "cloud")
    checkout.wild("add", "redis")
    revision = source.git("rev-parse", "HEAD")
    hooks = [{"id": hook} for hook in HOOKS]
    config = {"repos": [{"repo": str(source.path), "rev": revision, "hooks": hooks}]}
    checkout.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    secrets = checkout.path / "secrets.yaml"
    secrets.write_text(f"{secrets.read_text()}  ghost:\n    password: {SECRET}\n")
    checkout.git("add", ".")
    checkout.git("commit", "-q", "-m", "feat(redis): Add Redis")
    done = checkout.run("pre-commit", "install", "--hook-type", "pre-commit", "--hook-type", "commit-msg")
    assert done.returncode == 0, done.stdout
    return checkout


def commit(checkout: Checkout, message: str = "config(redis): Change it") -> str:
    checkout.git("add", ".")
    done = checkout.run("git", "commit", "-m", message)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_each_hook_runs_and_fails_where_it_should(cloud: Checkout) -> None:
    done = cloud.run("pre-commit", "run", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 3

    cloud.write("note.txt", f"x\n{SECRET}\n")
    refusal = commit(cloud)
    assert "note.txt:2: secret-value: the value of apps.ghost.password" in refusal
    assert SECRET not in refusal
    cloud.write("note.txt", "")

    deployment = cloud.path / "apps" / "redis" / "deployment.yaml"
    before = deployment.read_text()
    deployment.write_text(before.replace("runAsNonRoot: true", "runAsNonRoot: false"))
    assert "run-as-non-root" in commit(cloud)
    deployment.write_text(before)

    assert "for example: config(all): More room" in commit(cloud, "config: More room")

    cloud.wild("config", "set", "apps.redis.port", "6380")
    assert "apps/redis/service.yaml: stale-compile" in commit(cloud)
    cloud.wild("compile", "redis")
    assert commit(cloud) == ""
