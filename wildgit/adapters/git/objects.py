"""What a guard has to look at: the index, the commits of a range, the commits that are new; as git objects.

Plumbing processes rather than pygit2, whose import costs a hook more than three of them. Replacement
objects (`git replace`) are left aside, so that none can stand in for what is really there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from wildgit.adapters.git.process import run_git, start_git, try_git
from wildgit.errors import GitError, UsageError

PIECE_BYTES = 8 << 20

_REAL_OBJECTS = {"GIT_NO_REPLACE_OBJECTS": "1"}
_BATCH = 256  # requests on their way at once: they must fit a pipe while nobody reads
_SUBMODULE = "160000"
_SYMBOLIC_LINK = "120000"
# What was guarded when it came, or is published already. Not the stash, notes or HEAD: those are not guarded.
GUARDED_REFS = ("--branches", "--tags", "--remotes")


class Entry(NamedTuple):
    """A file as a commit or the index has it; `commit` is empty for the index."""

    path: str
    object_id: str
    is_link: bool
    commit: str = ""


def is_null(object_id: str) -> bool:
    """Return whether this is git's way to say "no object"."""
    return not object_id.strip("0")


def index_entries(cwd: Path, paths: Iterable[str] = (":/",)) -> list[Entry]:
    """Return the files of the index at or below these paths; by default all."""
    entries = []
    listing = run_git(["ls-files", "--stage", "-z", "--full-name", "--", *paths], cwd=cwd)
    for record in _records(listing):
        meta, _, path = record.partition("\t")
        mode, object_id, _ = meta.split()
        if mode != _SUBMODULE:
            entries.append(Entry(path, object_id, mode == _SYMBOLIC_LINK))
    return entries


def staged_entries(cwd: Path) -> list[Entry]:
    """Return the files of the index that HEAD has not, or not so."""
    if try_git(["rev-parse", "--verify", "--quiet", "HEAD"], cwd=cwd).returncode != 0:
        return index_entries(cwd)  # the first commit
    raw = run_git(["diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD"], cwd=cwd)
    return list(_parse_raw(_records(raw), ""))


def tree_entries(cwd: Path, tree: str) -> list[Entry]:
    """Return every file of a tree."""
    entries = []
    for record in _records(run_git(["ls-tree", "-r", "-z", "--full-tree", tree], cwd=cwd, env=_REAL_OBJECTS)):
        meta, _, path = record.partition("\t")
        mode, _, object_id = meta.split()
        if mode != _SUBMODULE:
            entries.append(Entry(path, object_id, mode == _SYMBOLIC_LINK))
    return entries


def list_commits(cwd: Path, revisions: Iterable[str]) -> list[str]:
    """Return the commits that `git rev-list` names for these arguments, oldest first.

    Raises:
        GitError: a revision is not known.
    """
    arguments = ["rev-list", "--reverse", "--topo-order", *revisions, "--"]
    return run_git(arguments, cwd=cwd, env=_REAL_OBJECTS).decode().split()


def list_range(cwd: Path, revisions: str) -> list[str]:
    """Return the commits of a range that a person typed, such as `main..topic`, oldest first.

    A merge of upstream brings upstream's whole history into the range. Those commits are left out: they are
    not ours to mend, and the merge itself is looked at with all that it brings.

    Raises:
        UsageError: it is an option of git's, not a range.
        GitError: a revision is not known.
    """
    if revisions.startswith("-"):
        raise UsageError(f"{revisions!r} is no range of commits", hint="for example main..HEAD")
    wanted = revisions.split()
    return list_commits(cwd, [*wanted, "--not", "--remotes=wild-directory", *_merged_upstreams(cwd, wanted)])


def _merged_upstreams(cwd: Path, revisions: list[str]) -> Iterator[str]:
    """Yield the commits of upstream that merges of a range brought in, where its remote was not fetched.

    Our merges name them in a trailer. Anybody can write one, so what has a config.yaml, as every commit of an
    instance has, is none of upstream's.
    """
    form = "--format=%P %(trailers:key=Wild-Upstream,valueonly)"
    arguments = ["log", "-z", "--merges", form, *revisions, "--"]
    for record in run_git(arguments, cwd=cwd, env=_REAL_OBJECTS).decode("utf-8", "replace").split("\0"):
        words = record.split()
        for commit in {word for word in words[1:] if words.count(word) > 1}:
            if not is_instance_at(cwd, commit):
                yield commit


def is_instance_at(cwd: Path, commit: str) -> bool:
    """Return whether a commit is one of an instance: those have a config.yaml, and upstream's have none."""
    return not try_git(["cat-file", "-e", f"{commit}:config.yaml"], cwd=cwd, env=_REAL_OBJECTS).returncode


def existing(cwd: Path, object_ids: list[str]) -> list[str]:
    """Return those of the objects that are here."""
    if not object_ids:
        return []
    request = "".join(f"{object_id}\n" for object_id in object_ids).encode()
    answer = run_git(["cat-file", "--batch-check"], cwd=cwd, stdin=request).decode().splitlines()
    return [line.split()[0] for line in answer if not line.endswith(" missing")]


def changed_entries(cwd: Path, commits: list[str]) -> Iterator[Entry]:
    """Yield the files that each commit has otherwise than its first parent.

    Against the first parent alone, so that content which was born in a merge is seen, as is all that a
    merge brings in.
    """
    arguments = ["diff-tree", "--stdin", "-r", "-z", "--root", "--raw", "--no-renames", "--no-abbrev"]
    for batch in _batches(commits, 2000):
        raw = run_git(
            [*arguments, "--diff-merges=first-parent"],
            cwd=cwd,
            stdin="".join(f"{commit}\n" for commit in batch).encode(),
            env=_REAL_OBJECTS,
        )
        commit = ""
        group: list[str] = []
        for record in _records(raw):
            if not record.startswith(":") and (not group or not group[-1].startswith(":")):
                yield from _parse_raw(group, commit)
                commit, group = record, []
            else:
                group.append(record)
        yield from _parse_raw(group, commit)


def _parse_raw(records: list[str], commit: str) -> Iterator[Entry]:
    for meta, path in zip(records[::2], records[1::2], strict=True):
        _, mode, _, object_id, _ = meta.split()
        if not is_null(object_id) and mode != _SUBMODULE:
            yield Entry(path, object_id, mode == _SYMBOLIC_LINK, commit)


def _records(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class GitObject(NamedTuple):
    """An object as it was read: its content, or the beginning of it where it is large, and the rest."""

    object_id: str
    kind: str
    content: bytes
    rest: Iterator[bytes]


def read_objects(cwd: Path, object_ids: Iterable[str]) -> Iterator[GitObject]:
    """Yield the objects in the order asked for, from one process; the rest of a large one is read on demand.

    Raises:
        GitError: an object is missing, or git failed.
    """
    process = start_git(["cat-file", "--batch"], cwd=cwd, env=_REAL_OBJECTS)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for batch in _batches(object_ids, _BATCH):
            process.stdin.write("".join(f"{object_id}\n" for object_id in batch).encode())
            process.stdin.flush()
            for object_id in batch:
                header = process.stdout.readline().split()
                if len(header) != 3:
                    raise GitError(f"git cat-file: object {object_id} is missing")
                pieces = _pieces(process.stdout, int(header[2]))
                yield GitObject(object_id, header[1].decode(), next(pieces), pieces)
                for _ in pieces:
                    pass
    except BrokenPipeError as error:
        raise GitError("git cat-file ended early") from error
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _pieces(stream: object, size: int) -> Iterator[bytes]:
    """Yield an object's content of `size` bytes in pieces, at least one, and swallow the newline after it."""
    read = getattr(stream, "read")  # noqa: B009
    left = size
    while True:
        piece = read(min(left, PIECE_BYTES))
        left -= len(piece)
        if left and not piece:
            raise GitError("git cat-file ended early")
        if not left:
            read(1)
            yield piece
            return
        yield piece
