"""Backups as annotated tags, here and on a remote. Only tags that say they are ours are ever removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters.git.process import pass_through, run_git, try_git
from wildgit.core.backup_tag import Backup, parse_message, sort_names
from wildgit.errors import GitError

_PATTERN = "backup-*"
_FIELDS = ("refname:strip=2", "objecttype", "objectname", "*objectname", "contents")


@dataclass(frozen=True)
class BackupTag:
    """A tag of ours: its object, the commit it tags, what it says."""

    object_id: str
    commit: str
    backup: Backup


def read_backups(root: Path, *arguments: str) -> list[BackupTag]:
    """Return the backups that are here, oldest first.

    Args:
        root: the repository.
        arguments: of `git for-each-ref`, to choose among them, such as `--merged=HEAD`.
    """
    form = "".join(f"%({field})%00" for field in _FIELDS)
    command = ["for-each-ref", f"--format={form}", *arguments, f"refs/tags/{_PATTERN}"]
    values = run_git(command, cwd=root).decode("utf-8", "replace").split("\0")[:-1]
    found = {}
    for start in range(0, len(values), len(_FIELDS)):
        name, kind, object_id, commit, message = values[start : start + len(_FIELDS)]
        backup = parse_message(name.lstrip("\n"), message) if kind == "tag" else None
        if backup is not None:
            found[backup.name] = BackupTag(object_id, commit, backup)
    return [found[name] for name in sort_names(found)]


def names_taken(root: Path) -> set[str]:
    """Return the names of all tags that look like a backup, whoever made them."""
    listed = run_git(["for-each-ref", "--format=%(refname:strip=2)", f"refs/tags/{_PATTERN}"], cwd=root)
    return set(listed.decode("utf-8", "replace").split())


def names_on(root: Path, remote: str) -> dict[str, str]:
    """Return the tags of a remote that look like a backup: name → object id.

    Raises:
        GitError: the remote does not answer.
    """
    listed = run_git(["ls-remote", "--tags", "--refs", remote, _PATTERN], cwd=root).decode("utf-8", "replace")
    rows = [line.split("\trefs/tags/", 1) for line in listed.splitlines()]
    return {name: object_id for object_id, name in rows}


def make_tag(root: Path, name: str, commit: str, message: str) -> None:
    """Make the annotated tag.

    Raises:
        GitError: a hook refused, or nobody is named who made it.
    """
    command = ["tag", "--annotate", "--cleanup=verbatim", "--file=-", name, commit]
    run_git(command, cwd=root, stdin=message.encode())


def push_tag(root: Path, remote: str, name: str) -> None:
    """Send the tag, and with it every commit it needs.

    Raises:
        GitError: the remote or a hook refused.
    """
    if pass_through(["push", "--quiet", remote, f"refs/tags/{name}"], cwd=root) != 0:
        raise GitError(f"{name} is made, but not pushed to {remote}", hint=f"git push {remote} {name}")


def fetch_tags(root: Path, remote: str) -> None:
    """Bring the backups that others pushed; one whose name we use for another stays out."""
    refs = f"refs/tags/{_PATTERN}:refs/tags/{_PATTERN}"
    try_git(["fetch", "--quiet", "--no-tags", remote, refs], cwd=root)


def prune(root: Path, tags: Sequence[BackupTag], remote: str, there: Mapping[str, str]) -> None:
    """Remove tags here, and from a remote those that are the same there.

    Args:
        root: the repository.
        tags: to remove.
        remote: "" for none.
        there: what the remote has: name → object id.

    Raises:
        GitError: the remote refused; then none is removed here either.
    """
    same = [tag for tag in tags if there.get(tag.backup.name) == tag.object_id]
    if remote and same:
        leases = [f"--force-with-lease=refs/tags/{tag.backup.name}:{tag.object_id}" for tag in same]
        refs = [f":refs/tags/{tag.backup.name}" for tag in same]
        if pass_through(["push", "--quiet", *leases, remote, *refs], cwd=root) != 0:
            raise GitError(f"{remote} refused to remove old backups")
    if tags:
        run_git(["tag", "--delete", *(tag.backup.name for tag in tags)], cwd=root)
