"""Recall and false alarms with real repositories and the real command."""

from __future__ import annotations

import json
import os
import random
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from ruamel.yaml import YAML

from tests.core.test_secret_scan import ENCODINGS, VALUES, plant
from tests.git.checkout import Checkout

# Real data that is not ours to ship: beside the project, or where WILD_SHARED says.
SHARED = Path(os.environ.get("WILD_SHARED") or Path(__file__).parents[3] / "shared")
UPSTREAM = SHARED / "upstreams" / "wild-cloud-apps.bundle"
CORPUS = SHARED / "corpus" / "dev"


def found_paths(output: str) -> set[str]:
    return {finding["path"] for finding in json.loads(output)["findings"]}


def write_secrets(checkout: Checkout, values: list[str]) -> None:
    tree = {"apps": {f"app{i}": {"key": value} for i, value in enumerate(values)}}
    with (checkout.path / "secrets.yaml").open("w") as file:
        YAML().dump(tree, file)


@pytest.fixture
def planted(bare_instance: Checkout) -> Checkout:
    write_secrets(bare_instance, VALUES)
    return bare_instance


def assert_shows_no_value(output: str) -> None:
    for value in VALUES:
        assert value.strip() not in output
        assert json.dumps(value.strip())[1:-1] not in output


@pytest.mark.slow
def test_every_value_is_found_in_every_encoding_in_the_index(planted: Checkout) -> None:
    expected = set()
    rng = random.Random(9)
    for i, value in enumerate(VALUES):
        for encoding, encode in ENCODINGS.items():
            path = f"apps/ghost/{i}-{quote(encoding, safe='').replace('%', '_')}.yaml"
            expected.add(path)
            file = planted.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(plant(encode(value), rng))
    planted.git("add", ".")
    done = planted.run("git", "wild", "check", "secrets", "--staged", "--format", "json")
    assert done.returncode == 1
    assert expected - found_paths(done.stdout) == set()
    assert_shows_no_value(done.stdout + done.stderr)


def test_every_value_is_found_in_messages_and_paths_of_history(planted: Checkout) -> None:
    stream = ["reset refs/heads/planted\n"]
    for i, value in enumerate(VALUES):
        for text in (value, ENCODINGS["base64 after one byte"](value)):
            message = f"config(ghost): Number {i}\n\n{text}\n".encode()
            stream.append("commit refs/heads/planted\ncommitter A <a@b> 1700000000 +0000\n")
            stream.append(f"data {len(message)}\n{message.decode()}\n")
        name = quote(value, safe="") if set(value) & set('/\n"\\') else value
        stream.append(f'M 100644 inline "x/{name}/file{i}"\ndata 0\n\n')
    planted.git("fast-import", "--quiet", stdin="".join(stream))
    done = planted.run("git", "wild", "check", "secrets", "--history", "--format", "json")
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)["findings"]
    messages = {finding["commit"] for finding in findings if finding["path"] == "commit message"}
    commits = planted.git("rev-list", "planted").split()
    assert set(commits) <= messages
    files = {finding["path"].rpartition("/file")[2] for finding in findings if "/file" in finding["path"]}
    masked = [finding for finding in findings if finding["path"] == "***"]
    assert len(files) + len(masked) >= len(VALUES)
    assert_shows_no_value(done.stdout + done.stderr)


def can_name_a_branch(checkout: Checkout, value: str) -> bool:
    return checkout.run("git", "check-ref-format", f"refs/heads/{value}").returncode == 0


def test_every_value_that_can_name_a_branch_is_found_there(planted: Checkout) -> None:
    names = sorted({value for value in VALUES if can_name_a_branch(planted, value)})
    assert len(names) > 80
    head = planted.git("rev-parse", "HEAD")
    commands = "".join(f"create refs/heads/{name}\0{head}\0" for name in names)
    planted.git("update-ref", "-z", "--stdin", stdin=commands)
    done = planted.run("git", "wild", "check", "secrets", "--history", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    places = [finding["path"] for finding in findings if finding["path"].startswith("ref ")]
    assert len(places) >= len(names)
    assert all("***" in place for place in places)
    assert_shows_no_value(done.stdout + done.stderr)


def typical_secrets() -> list[str]:
    """Return 60 secrets as instances have them: generated passwords, chosen ones, database URLs."""
    rng = random.Random(4)

    def token(size: int) -> str:
        return "".join(rng.choices(string.ascii_letters + string.digits, k=size))

    chosen = ["hunter2", "swordfish", "admin123", "geheim99", "letmein1", "correct horse battery staple"]
    passwords = [f"{word}{digit}" for word in chosen for digit in ("", "1", "!")]
    urls = [
        f"postgresql://app:{token(32)}@postgres.postgres.svc.cluster.local:5432/app{i}" for i in range(12)
    ]
    return [*(token(32) for _ in range(30)), *passwords, *urls]


@pytest.mark.skipif(not UPSTREAM.is_file(), reason=f"NO FALSE ALARMS NOT CHECKED: {UPSTREAM} is missing")
def test_the_history_of_a_real_upstream_raises_no_alarm(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.git("clone", "-q", str(UPSTREAM), "upstream")
    upstream = Checkout(tmp_path / "upstream")
    write_secrets(upstream, typical_secrets())
    done = upstream.run("git", "wild", "check", "secrets", "--history")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO FALSE ALARMS NOT CHECKED: {CORPUS} is missing")
def test_real_yaml_files_raise_no_alarm(bare_instance: Checkout) -> None:
    write_secrets(bare_instance, typical_secrets())
    files = sorted(CORPUS.rglob("*.yaml"))
    assert files
    for i, file in enumerate(files):
        (bare_instance.path / f"{i}.yaml").write_bytes(file.read_bytes())
    bare_instance.git("add", ".")
    done = bare_instance.run("git", "wild", "check", "secrets", "--staged")
    assert (done.returncode, done.stdout) == (0, "")
