"""Settings: git's own configuration, and beneath it what a team tracks in `.wildconfig`.

`.wildconfig` has git-config syntax, as `.lfsconfig` has. The user's own configuration wins, and a
tracked file can only set what is listed here: nothing in it can name a command to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters.git.process import run_git, try_git
from wildgit.errors import GitError, InputError

REMOTE = "wild-directory"
_TRACKED = ".wildconfig"
_CHOICES = {
    "wild.mergecommit": ("merge", "squash"),
    "wild.configmerge": ("follow", "preserve"),
    "wild.templatescope": ("auto", "app", "all"),
    "wild.postmerge": ("plan", "deploy", "off"),
}
# What .wildconfig may set; everything else in it is refused, so that a typo is seen.
_SHARED_KEYS = {*_CHOICES, "wild.packagespath", "wild.branch", "wild.agerecipient"}
_SHARED_PREFIXES = ("wild-environment.", "wild-ignore.")


@dataclass(frozen=True)
class Settings:
    """The settings in force: lower-case key → value; the last one given wins."""

    values: dict[str, str]

    def get(self, key: str) -> str | None:
        """Return the value of a key such as `wild.branch`; None where nobody set it."""
        return self.values.get(_canonical(key))

    def choice(self, key: str) -> str:
        """Return the value of a setting that has a fixed set of values; its first one is the default.

        Raises:
            InputError: somebody set it to something else.
        """
        name = _canonical(key)
        choices = _CHOICES[name]
        value = self.values.get(name, choices[0])
        if value not in choices:
            raise InputError(f"{key} is {value!r}; it can be {', '.join(choices)}")
        return value

    def check_choices(self) -> None:
        """Refuse what `choice` would, of every setting that has a fixed set of values.

        Raises:
            InputError: somebody set one to something else.
        """
        for key in _CHOICES:
            self.choice(key)

    def is_on(self, key: str) -> bool:
        """Return a boolean setting as git reads it; False where nobody set it."""
        return self.values.get(_canonical(key), "false").lower() in ("", "true", "yes", "on", "1")


def read_settings(root: Path) -> Settings:
    """Return the settings of the instance at `root`.

    Raises:
        InputError: `.wildconfig` is broken or sets what a tracked file may not.
    """
    values: dict[str, str] = {}
    tracked = root / _TRACKED
    if tracked.is_file() and not tracked.is_symlink():
        values.update(_read_tracked(root))
    # What git itself merges on, and what belongs to us, in one process.
    pattern = r"^(wild|wild-[a-z]+|merge|remote\.wild-directory|rerere|core|user)\."
    done = try_git(["config", "-z", "--get-regexp", pattern], cwd=root)
    if done.returncode not in (0, 1):
        raise GitError(f"git config: {done.stderr.decode('utf-8', 'replace').strip()}")
    values.update(_parse(done.stdout))
    return Settings(values)


def read_every(root: Path, key: str) -> list[str]:
    """Return all values of a key that may be given several times: the team's, then the user's own.

    Raises:
        InputError: `.wildconfig` is broken or sets what a tracked file may not.
    """
    read_settings(root)
    tracked = root / _TRACKED
    is_there = tracked.is_file() and not tracked.is_symlink()
    shared = _read_all(root, key, "--no-includes", "--file", _TRACKED) if is_there else []
    return list(dict.fromkeys([*shared, *read_own(root, key)]))


def read_own(root: Path, key: str) -> list[str]:
    """Return all values of a key in git's own configuration, which nobody else can push to."""
    return _read_all(root, key)


def replace_own(root: Path, key: str, values: Iterable[str]) -> None:
    """Make these all values of a key in the configuration of this repository."""
    try_git(["config", "--local", "--unset-all", key], cwd=root)  # it may have had none
    for value in values:
        run_git(["config", "--local", "--add", key, value], cwd=root)


def share(root: Path, key: str, value: str) -> None:
    """Add a value of a key to `.wildconfig`, for everybody who works on this instance.

    Raises:
        InputError: it is a symbolic link, which is not read either.
    """
    _refuse_link(root)
    run_git(["config", "--file", _TRACKED, "--add", key, value], cwd=root)


def share_section(root: Path, section: str, values: Mapping[str, str]) -> None:
    """Set variables of a section of `.wildconfig`, as `git config` writes them: what else is there stays.

    Raises:
        InputError: it is a symbolic link, which is not read either.
    """
    _refuse_link(root)
    for variable, value in values.items():
        run_git(["config", "--file", _TRACKED, f"{section}.{variable}", value], cwd=root)


def _read_all(root: Path, key: str, *place: str) -> list[str]:
    output = try_git(["config", *place, "-z", "--get-all", key], cwd=root).stdout
    return [value for value in output.decode("utf-8", "replace").split("\0") if value]


def _refuse_link(root: Path) -> None:
    if (root / _TRACKED).is_symlink():
        raise InputError("is a symbolic link; settings are not read through one", source=_TRACKED)


def _read_tracked(root: Path) -> dict[str, str]:
    done = try_git(["config", "-z", "--no-includes", "--file", _TRACKED, "--list"], cwd=root)
    if done.returncode != 0:
        message = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise InputError(message, source=_TRACKED)
    values = _parse(done.stdout)
    for key in values:
        if key not in _SHARED_KEYS and not key.startswith(_SHARED_PREFIXES):
            raise InputError(f"{key!r} can't be set in a tracked file", source=_TRACKED)
    return values


def _parse(output: bytes) -> dict[str, str]:
    values = {}
    for item in output.decode("utf-8", "replace").split("\0"):
        key, _, value = item.partition("\n")
        if key:
            values[key] = value
    return values


def _canonical(key: str) -> str:
    # git lowers section and variable, and keeps what stands between.
    head, _, rest = key.partition(".")
    middle, dot, variable = rest.rpartition(".")
    return f"{head.lower()}.{middle}{dot}{variable.lower()}"
