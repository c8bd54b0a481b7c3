"""The sample Wild Directory as a git repository: for the demo, the tests, and a first try.

The releases lie in `templates/wild-directory`: one folder for each, with the files it added or changed.
They become commits by `git fast-import`, which takes identity and date from us and nothing from the
user's configuration or hooks. So the commit ids are the same on every machine.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from wildgit.adapters.git.process import run_git, try_git
from wildgit.errors import GitError, InputError

_AUTHOR = b"Wild Directory <maintainers@wild-directory.example>"


@dataclass(frozen=True)
class Release:
    """One commit of the sample: `folder` holds the files it adds or changes, `removed` names the others."""

    folder: Path
    date: datetime
    message: str
    removed: tuple[str, ...]


def load_releases() -> list[Release]:
    """Return the sample's releases, oldest first."""
    root = Path(str(files("wildgit.templates"))) / "wild-directory"
    table = tomllib.loads((root / "releases.toml").read_text())
    return [
        Release(root / each["folder"], each["date"], each["message"], tuple(each.get("removed", ())))
        for each in table["release"]
    ]


def publish_sample(directory: Path, *, releases: int) -> str:
    """Make `directory` a bare repository whose branch main holds the first `releases` releases.

    Publishing more of them later is what an upstream does between two updates; the commits before stay.

    Returns: the commit id of main.

    Raises:
        InputError: `directory` holds something else.
        GitError: git refused, because main there has other commits.
    """
    if directory.exists() and not (directory / "HEAD").is_file() and any(directory.iterdir()):
        raise InputError(f"{directory} is not empty", hint="name a directory that does not exist yet")
    directory.mkdir(parents=True, exist_ok=True)
    run_git(["init", "--quiet", "--bare", "--initial-branch=main", "--template="], cwd=directory)
    stream = b"".join(_commit(release) for release in load_releases()[:releases])
    done = try_git(["-c", "core.hooksPath=/dev/null", "fast-import", "--quiet"], cwd=directory, stdin=stream)
    if done.returncode != 0:
        raise GitError(
            f"main in {directory} has other commits, or later releases",
            hint="name a directory that does not exist yet",
        )
    return run_git(["rev-parse", "refs/heads/main"], cwd=directory).decode().strip()


def _commit(release: Release) -> bytes:
    seconds = int(release.date.timestamp())
    paths = sorted(path for path in release.folder.rglob("*") if path.is_file())
    return b"".join(
        [
            b"commit refs/heads/main\ncommitter %s %d +0000\n" % (_AUTHOR, seconds),
            _data(release.message.strip().encode() + b"\n"),
            *(b"D %s\n" % path.encode() for path in release.removed),
            *(_file(path.relative_to(release.folder).as_posix(), path.read_bytes()) for path in paths),
        ]
    )


def _file(path: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\n" % path.encode() + _data(content)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
