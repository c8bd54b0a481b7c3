"""The command line as a process: exit codes, start-up imports, the table of commands."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from wildgit import __version__
from wildgit.commands import COMMANDS, PLUMBING


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git-wild", *arguments], capture_output=True, text=True, check=False)


def test_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"git-wild version {__version__}\n")


def test_unknown_command_is_a_usage_error() -> None:
    done = run("no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


def test_version_imports_neither_click_nor_yaml() -> None:
    script = (
        "import sys\nfrom wildgit.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({'click', 'yaml', 'pygit2', 'kubernetes', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1].strip() == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_table_is_the_commands_own_help(name: str) -> None:
    module, _, line = COMMANDS[name]
    if name in PLUMBING:
        assert f"\n{line}" in import_module(module).USAGE
    else:
        assert import_module(module).command.get_short_help_str(limit=200).rstrip(".") == line.rstrip(".")


@pytest.mark.parametrize("name", sorted(PLUMBING.keys() & COMMANDS.keys()))
def test_plumbing_shows_its_usage_as_help(name: str) -> None:
    done = run(name, "--help")
    assert (done.returncode, done.stdout) == (0, import_module(PLUMBING[name]).USAGE)
