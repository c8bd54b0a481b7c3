"""The documentation is held against the code: what is not documented, or no longer true, fails here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from wildgit import errors
from wildgit.commands import COMMANDS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/git-wild.1"
EXIT_CODES = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("man", ROOT / "docs/man.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_man_page_is_what_the_commands_say_now() -> None:
    assert PAGE.read_text() == load_generator().build_page(), "stale: run `make man`"


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
