"""The documentation is held against the code: what is not documented, or no longer true, fails here."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
import pytest

from wildgit import errors
from wildgit.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs/git-wild.1"
EXIT_CODES = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_man_page_and_readme_say_what_the_commands_say_now() -> None:
    assert README.read_text() == load_generator().build_readme(), "stale: run `make docs`"
    assert PAGE.read_text() == load_generator().build_page(), "stale: run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_a_section_in_the_man_page(name: str) -> None:
    assert re.search(
        rf'^\.SS "git wild {re.escape(name)}\b'.replace(r"\-", r"\\\-"), PAGE.read_text(), re.MULTILINE
    )


def test_man_page_names_every_exit_code() -> None:
    section = PAGE.read_text().split(".SH EXIT STATUS")[1].split(".SH")[0]
    assert {int(code) for code in re.findall(r"^\.B (\d+)$", section, re.MULTILINE)} == EXIT_CODES


@pytest.mark.skipif(shutil.which("man") is None, reason="NOT TESTED: no man here")
def test_man_page_is_sound_roff() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_man_page_lists_the_settings_that_exist() -> None:
    section = PAGE.read_text().split(".SH CONFIGURATION")[1].split(".SH")[0]
    listed = {name.lower() for name in re.findall(r"^\.B (wild\S+)$", section, re.MULTILINE)}
    source = "".join(path.read_text() for path in (ROOT / "wildgit").rglob("*.py"))
    assert listed == {name.lower() for name in re.findall(r'"(wild\.[a-zA-Z]+)"', source)}


def test_readme_names_every_exit_code() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README.read_text(), re.MULTILINE)} == EXIT_CODES


def typed_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every `git wild …` in code of the documentation: the file and the words."""
    for path in [
        README,
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "docs/demo.sh",
    ]:
        text = path.read_text()
        code = re.findall(r"^```\w+\n(.*?)^```|`([^`\n]+)`|^run\w* \"(.*)\"$", text, re.MULTILINE | re.DOTALL)
        for typed in re.findall(r"\bgit wild ([^`#;&|\"'\n]*)", "\n".join("".join(each) for each in code)):
            yield path.name, typed.split()


@pytest.mark.parametrize(("place", "words"), list(typed_commands()))
def test_commands_and_options_in_the_documentation_exist(place: str, words: list[str]) -> None:
    if not words or words[0].startswith(("-", "COMMAND", "…")):
        return
    assert words[0] in COMMANDS, f"{place}: no command {words[0]}"
    command: click.Command = import_module(COMMANDS[words[0]][0]).command
    for word in words[1:]:
        if isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = (
        {word.split("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)} - known - {"-h", "--help"}
    )
    assert unknown == set(), place


def test_what_the_readme_says_to_type_works(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    script = "set -eux\n" + "\n".join(blocks)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"15"' in (tmp_path / "my-cloud/apps/miniflux/deployment.yaml").read_text()
    assert "2.1.4" in (tmp_path / "my-cloud/apps/miniflux/deployment.yaml").read_text()


@pytest.mark.slow
def test_demo_runs_to_its_end_within_a_minute(tmp_path: Path) -> None:
    start = time.monotonic()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", ROOT / "docs/demo.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("# That was it.")
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_that_the_documentation_names_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    named = re.findall(r"`((?:wildgit|tests|docs|templates|hooks|benchmarks)/[^`<…]*)`", text)
    named += [f"wildgit/{path}" for path in re.findall(r"`((?:adapters|core|commands)/[^`]*)`", text)]
    assert [path for path in {*linked, *named} if not (ROOT / path).exists()] == []
