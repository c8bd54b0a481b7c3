"""What git changes in a file between its objects and the work tree: line ends, encodings, filters.

A blob that goes to the work tree as it is, where an attribute asks for something else, is a modified file
for git. So those files are left to git. Few repositories have any; to find out costs one process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from wildgit.adapters.git.process import run_git, try_git

_NO_VALUE = frozenset({"unspecified", "unset", "set", ""})
_ASKED = ("filter", "working-tree-encoding", "ident", "text", "crlf", "eol")


class Conversions(NamedTuple):
    """Of some paths, those that git converts, and those of them that go through a filter driver."""

    converted: frozenset[str]
    filtered: frozenset[str]


def find_conversions(root: Path, paths: Iterable[str]) -> Conversions:
    """Return which of the paths are not in the work tree as they are in git's objects."""
    stdin = "\0".join(paths).encode("utf-8", "surrogateescape")
    output = run_git(["check-attr", "-z", "--stdin", *_ASKED], cwd=root, stdin=stdin)
    fields = output.decode("utf-8", "surrogateescape").split("\0")
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        found.setdefault(path, {})[name] = value
    ends_by_default = _ends_lines_by_crlf(root)
    return Conversions(
        frozenset(path for path, values in found.items() if _is_converted(values, ends_by_default)),
        frozenset(path for path, values in found.items() if values["filter"] not in _NO_VALUE),
    )


def _is_converted(values: dict[str, str], ends_by_default: bool) -> bool:
    if values["filter"] not in _NO_VALUE or values["working-tree-encoding"] not in _NO_VALUE:
        return True
    if values["ident"] == "set":
        return True
    if "unset" in (values["text"], values["crlf"]) or values["eol"] == "lf" or values["crlf"] == "input":
        return False
    return ends_by_default or values["eol"] == "crlf"


def _ends_lines_by_crlf(root: Path) -> bool:
    """Whether git's configuration makes CRLF of line ends, be it for some files only."""
    configured = try_git(["config", "--get-regexp", r"^core\.(autocrlf|eol)$"], cwd=root).stdout.decode()
    return any(line.split()[1:] in (["true"], ["crlf"]) for line in configured.lower().splitlines())


def store_cleaned(root: Path, path: str, data: bytes) -> str:
    """Write the blob that git would make of a file with this content, and return its id."""
    return run_git(["hash-object", "-w", "--stdin", f"--path={path}"], cwd=root, stdin=data).decode().strip()


def check_out(root: Path, index: Path, entries: Sequence[str]) -> None:
    """Let git write files to the work tree.

    Args:
        root: of the work tree.
        index: where an index of its own for that may lie; it is gone afterwards.
        entries: the files, as `git update-index --index-info` reads them.
    """
    env = {"GIT_INDEX_FILE": str(index)}
    stdin = "\0".join([*entries, ""]).encode("utf-8", "surrogateescape")
    index.unlink(missing_ok=True)
    try:
        run_git(["update-index", "-z", "--index-info"], cwd=root, stdin=stdin, env=env)
        run_git(["checkout-index", "--all", "--force", "--quiet"], cwd=root, env=env)
    finally:
        index.unlink(missing_ok=True)
