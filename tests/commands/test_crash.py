"""Killed anywhere, and twenty at once: nothing is half-written and nothing is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

KILLS = int(os.environ.get("WILD_KILLS", "18"))  # of each command; 50 and more in the long run


def run_and_kill(work, arguments: list[str], after_s: float) -> bool:
    """Start `git wild`, SIGKILL the whole group after a while; whether it was still running then."""
    process = subprocess.Popen(
        ["git", "wild", *arguments],
        cwd=work.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def run_and_kill_in_merge(work) -> None:
    """Start `git wild merge`, and SIGKILL it as soon as git calls it a merge."""
    process = subprocess.Popen(
        ["git", "wild", "merge"],
        cwd=work.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not (work.root / ".git/MERGE_HEAD").exists():
        time.sleep(0.0005)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def duration_s(work, arguments: list[str], copy: Path) -> float:
    """Return how long it takes undisturbed: the shorter of two runs, in case the machine was busy."""
    took = []
    for folder in (copy.with_name("first"), copy.with_name("second")):
        shutil.copytree(work.root, folder, symlinks=True)
        began = time.monotonic()
        subprocess.run(["git", "wild", *arguments], cwd=folder, check=True, capture_output=True)
        took.append(time.monotonic() - began)
    return min(took)


def is_whole(path: Path) -> bool:
    yaml.safe_load(path.read_text())
    return path.read_bytes().endswith(b"\n")


def check_repository(work, before: str) -> None:
    """`git fsck` is clean, and the repository is as before, done, or in an ordinary merge."""
    fsck = subprocess.run(
        ["git", "fsck", "--strict"], cwd=work.root, capture_output=True, text=True, check=False
    )
    assert fsck.returncode == 0, fsck.stderr
    for name in ("config.yaml", "secrets.yaml"):
        assert is_whole(work.root / name), name
    for path in (work.root / "apps").rglob("*.yaml"):
        if ".tmp" not in str(path) and b"{{" not in path.read_bytes():
            assert is_whole(path), path
    in_merge = (work.root / ".git/MERGE_HEAD").exists()
    moved = work.git("rev-parse", "HEAD").strip() != before
    if not (in_merge or moved):
        assert work.git("status", "--porcelain", "--", "apps/web", "apps/redis") == ""


def started_over(work, kept: Path, tries: Iterable[Any]) -> Iterator[Any]:
    """Yield each try; the work tree and its repository are then as they were before the first."""
    shutil.copytree(work.root, kept, symlinks=True)
    for each in tries:
        shutil.rmtree(work.root)
        shutil.copytree(kept, work.root, symlinks=True)
        yield each


def moments(length_s: float, seed: int) -> list[float]:
    dice = random.Random(seed)
    return sorted(dice.uniform(0.0, length_s * 1.05) for _ in range(KILLS))


@pytest.mark.slow
def test_update_killed_at_random_moments(sample, tmp_path) -> None:
    from wildgit.adapters.upstream.sample import publish_sample

    for app in ("redis", "postgres", "miniflux"):
        sample.wild("add", app)
    head = sample.commit()
    publish_sample(sample.upstream, releases=2)
    sample.wild("fetch")
    length = duration_s(sample, ["update"], tmp_path / "timing")
    killed = 0
    for moment in started_over(sample, tmp_path / "pristine", moments(length, seed=1)):
        killed += run_and_kill(sample, ["update"], moment)
        check_repository(sample, head)
        sample.wild("update")
        assert sample.git("status", "--porcelain") == ""
        assert sample.git("log", "--oneline", "HEAD..wild-directory/main") == ""
        assert not list(sample.root.rglob("*.tmp"))
    assert killed >= KILLS // 3


@pytest.mark.slow
def test_a_killed_update_can_be_aborted_by_git_alone(sample, tmp_path) -> None:
    from wildgit.adapters.upstream.sample import publish_sample

    for app in ("redis", "postgres"):
        sample.wild("add", app)
    sample.commit()
    before = sample.snapshot()
    publish_sample(sample.upstream, releases=2)
    sample.wild("fetch")
    before["files"].pop("secrets.yaml")  # a secret that was made stays, and serves the next try
    aborted = 0
    for _ in started_over(sample, tmp_path / "pristine", range(KILLS // 3)):
        run_and_kill_in_merge(sample)
        # Lock files of a git that was killed too are git's own affair, and git says what to do.
        if (sample.root / ".git/MERGE_HEAD").exists() and not list((sample.root / ".git").rglob("*.lock")):
            sample.git("merge", "--abort")
            aborted += 1
            after = sample.snapshot()
            assert {path: after["files"].get(path) for path in before["files"]} == before["files"]
            assert sample.git("status", "--porcelain") == ""
    assert aborted


@pytest.mark.slow
def test_add_killed_at_random_moments(sample, tmp_path) -> None:
    head = sample.git("rev-parse", "HEAD").strip()
    length = duration_s(sample, ["add", "redis"], tmp_path / "timing")
    killed = 0
    for moment in started_over(sample, tmp_path / "pristine", moments(length, seed=3)):
        killed += run_and_kill(sample, ["add", "redis"], moment)
        fsck = subprocess.run(["git", "fsck", "--strict"], cwd=sample.root, capture_output=True, check=False)
        assert fsck.returncode == 0
        assert is_whole(sample.root / "config.yaml")
        assert is_whole(sample.root / "secrets.yaml")
        folder = sample.root / "apps/redis"
        assert not folder.exists() or (folder / ".package.lock.yaml").exists(), (
            "the folder comes whole or not at all"
        )
        sample.wild("add", "redis")
        assert yaml.safe_load(sample.read("config.yaml"))["apps"]["redis"]
        assert not list(sample.root.rglob("*.tmp"))
        assert sample.git("rev-parse", "HEAD").strip() == head
    assert killed >= KILLS // 3


@pytest.mark.slow
def test_config_set_killed_at_random_moments(sample, tmp_path) -> None:
    length = duration_s(sample, ["config", "set", "cloud.name", "zero"], tmp_path / "timing")
    before = sample.read("config.yaml")
    killed = 0
    for number, moment in enumerate(moments(length, seed=4)):
        killed += run_and_kill(sample, ["config", "set", "cloud.name", f"n{number}"], moment)
        text = sample.read("config.yaml")
        assert is_whole(sample.root / "config.yaml")
        assert text == before or yaml.safe_load(text)["cloud"]["name"] == f"n{number}"
        sample.wild("config", "set", "cloud.name", f"n{number}")
        before = sample.read("config.yaml")
        assert yaml.safe_load(before)["cloud"]["name"] == f"n{number}"
    assert killed >= KILLS // 3


def test_twenty_processes_setting_different_keys_lose_none(sample) -> None:
    processes = [
        subprocess.Popen(
            ["git", "wild", "config", "set", f"apps.many.key{number}", str(number)], cwd=sample.root
        )
        for number in range(20)
    ]
    assert [process.wait() for process in processes] == [0] * 20
    values = yaml.safe_load(sample.read("config.yaml"))["apps"]["many"]
    assert values == {f"key{number}": number for number in range(20)}


def test_a_lock_held_by_another_is_named(sample) -> None:
    import fcntl

    with (sample.root / "config.yaml.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        process = subprocess.run(
            ["git", "wild", "config", "get", "cloud.domain"],
            cwd=sample.root,
            capture_output=True,
            check=False,
        )
        assert process.returncode == 0, "reading needs no lock"
        assert time.monotonic() - began < 10
