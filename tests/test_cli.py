"""The command line as a process: exit codes, start-up imports, the table of commands."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from wildgit import __version__
from wildgit.commands import COMMANDS, PLUMBING
from wildgit.commands.bug_report import write_bug_report


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


def test_slip_of_the_finger_is_answered_with_what_may_be_meant() -> None:
    done = run("deplyo")
    assert (done.returncode, done.stderr) == (
        2,
        "error: 'deplyo' is no command of git wild\nhint: did you mean git wild deploy?\n",
    )


@pytest.mark.parametrize(("target", "code"), [("/dev/full", 3), ("a closed pipe", 141)])
def test_output_that_can_not_be_written_is_no_bug_and_no_success(target: str, code: int) -> None:
    if target == "/dev/full":
        writing = os.open(target, os.O_WRONLY)
    else:
        reading, writing = os.pipe()
        os.close(reading)
    done = subprocess.run(["git-wild", "-h"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.returncode == code
    assert done.stderr == ("error: No space left on device\n" if code == 3 else "")


def test_report_of_a_bug_has_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for secrets in (
        "apps: {web: {password: hunter2-and-more}}\n",
        "apps:\n  - password: hunter2-and-more\n ]\n",
    ):
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        (tmp_path / "config.yaml").write_text("apps: {}\n")
        (tmp_path / "secrets.yaml").write_text(secrets)
        monkeypatch.chdir(tmp_path)
        try:
            raise ValueError("it broke at postgres://me:hunter2-and-more@db")
        except ValueError as error:
            line, file = write_bug_report(error)
        text = Path(file).read_text()
        Path(file).unlink()
        assert "hunter2" not in line + text
        assert "it broke at postgres" in line
        assert "test_report_of_a_bug_has_no_secrets" in text
