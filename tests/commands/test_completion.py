"""Completion, asked as the shells ask: git's own completion script, and zsh's in a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from wildgit.adapters.upstream.sample import publish_sample
from wildgit.commands import COMMANDS

GIT_COMPLETION = Path("/usr/share/bash-completion/completions/git")
needs_bash = pytest.mark.skipif(
    not GIT_COMPLETION.is_file(), reason="NOT TESTED: no bash completion of git here"
)


def complete(line: str, cwd: Path, load: str = "source <(git-wild completion bash)") -> list[str]:
    """Return what <Tab> offers at the end of the line."""
    words = line.split(" ")
    wrapper = "__git_wrap__git_main" if words[0] == "git" else "__git_wrap_git_wild"
    script = f"""
        source {GIT_COMPLETION}
        {load}
        COMP_WORDS=({" ".join(repr(word) for word in words)})
        COMP_CWORD={len(words) - 1} COMP_LINE={line!r} COMP_POINT={len(line)} COMP_TYPE=9 COMP_KEY=9
        {wrapper}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=cwd, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [word.strip() for word in done.stdout.splitlines() if word.strip()]


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A repository with two apps that has fetched the sample upstream."""
    publish_sample(tmp_path / "upstream", releases=1)
    for app in ("blog", "postgres"):
        (tmp_path / "cloud/apps" / app).mkdir(parents=True)
    for arguments in (["init", "-q"], ["remote", "add", "-f", "wild-directory", str(tmp_path / "upstream")]):
        subprocess.run(["git", *arguments], cwd=tmp_path / "cloud", capture_output=True, check=True)
    return tmp_path / "cloud"


@needs_bash
def test_bash_offers_every_command(tmp_path: Path) -> None:
    assert complete("git wild ", tmp_path) == list(COMMANDS)


@needs_bash
def test_bash_offers_what_begins_as_typed(tmp_path: Path) -> None:
    assert complete("git wild compl", tmp_path) == ["completion"]
    assert complete("git wild completion z", tmp_path) == ["zsh"]
    assert complete("git wild sample --rel", tmp_path) == ["--release="]


@needs_bash
def test_bash_completes_the_hyphenated_name_too(tmp_path: Path) -> None:
    assert complete("git-wild completion ", tmp_path) == ["bash", "zsh"]


@needs_bash
def test_bash_finds_the_command_behind_options_of_git(tmp_path: Path) -> None:
    assert complete("git -C /tmp wild completion b", tmp_path) == ["bash"]


@needs_bash
def test_bash_offers_installed_apps_but_packages_to_add(instance: Path) -> None:
    assert complete("git wild deploy ", instance) == ["blog", "postgres"]
    assert complete("git wild add ", instance) == ["immich", "miniflux", "postgres", "redis"]
    assert complete("git wild add mi", instance / "apps") == ["miniflux"]


@needs_bash
def test_bash_offers_the_environments_of_both_settings(instance: Path) -> None:
    named = ("wild-environment.production.branch", "main")
    for file, setting in ((".wildconfig", named), (".git/config", ("wild-environment.try.v2.context", "x"))):
        subprocess.run(["git", "config", "--file", file, *setting], cwd=instance, check=True)
    for line in ("git wild deploy --env ", "git wild drift web --env=", "git wild promote "):
        assert complete(line, instance / "apps") == ["production", "try.v2"]


@needs_bash
def test_installed_file_loads_by_itself(tmp_path: Path) -> None:
    subprocess.run(["git-wild", "completion", "bash", "--install"], check=True, capture_output=True)
    installed = "~/.local/share/bash-completion/completions/git-wild"
    assert complete("git wild complet", tmp_path, load=f"source {installed}") == ["completion"]


def complete_in_zsh(line: str, cwd: Path) -> str:
    """Return the line that a zsh with its own completion makes of `line` and <Tab>."""
    # The completed line becomes the arguments of a print, so that it is seen as zsh has it, not as drawn.
    setup = "PS1=; fpath=(~/.local/share/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D\n"
    keys = f"{setup}{line}\t\x01print -r -- 'completed': \nexit\n"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvp("zsh", ["zsh", "-f", "-i"])
    os.write(terminal, keys.encode())
    seen = b""
    with suppress(OSError):  # how Linux says that the other end is closed
        while part := os.read(terminal, 4096):
            seen += part
    os.waitpid(pid, 0)
    return seen.decode().split("completed: ")[-1].splitlines()[0].strip()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="NOT TESTED: no zsh here")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("git wild compl", "git wild completion"),
        ("git wild completion z", "git wild completion zsh"),
        ("git wild completion --ins", "git wild completion --install"),
        ("git-wild samp", "git-wild sample"),
    ],
)
def test_zsh_completes(tmp_path: Path, line: str, completed: str) -> None:
    subprocess.run(["git-wild", "completion", "zsh", "--install"], check=True, capture_output=True)
    assert complete_in_zsh(line, tmp_path) == completed
