"""One call of `git wild backup`: secrets encrypted, a tag made, pushed, old ones pruned; one line said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wildgit.adapters import terminal
from wildgit.adapters.backup import tags
from wildgit.adapters.backup.encrypted_secrets import ENCRYPTED, commit_encrypted, encrypt_secrets
from wildgit.adapters.cluster.deployed_commits import read_deployed
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.git.work_tree import uncommitted_paths
from wildgit.adapters.instance import APPS, Instance
from wildgit.adapters.settings import REMOTE
from wildgit.core.backup_tag import backup_message, new_name
from wildgit.errors import GitError


@dataclass(frozen=True)
class BackupOptions:
    """What the command line asks for; see the command's help."""

    remote: str = ""
    keep: int | None = None
    secrets: bool = False
    yes: bool = False


def back_up(instance: Instance, options: BackupOptions) -> None:
    """Tag HEAD as a backup, and what else the options ask for.

    Raises:
        GitError: there is no commit, the remote does not answer, or somebody refused.
    """
    repo = Repo(instance.root)
    there = tags.names_on(instance.root, options.remote) if options.remote else {}
    said = _back_up_secrets(instance, repo, yes=options.yes) if options.secrets else []
    name, line = _tag(instance, repo, there.keys())
    if options.remote:
        tags.push_tag(instance.root, options.remote, name)
        said.append(f"pushed to {options.remote}")
    if options.keep is not None:
        said += _prune(instance, options.keep, options.remote, there)
    terminal.say(", ".join([line, *said]))
    _warn_of_uncommitted(instance)


def _back_up_secrets(instance: Instance, repo: Repo, *, yes: bool) -> list[str]:
    def trust(recipients: Sequence[str]) -> bool:
        if yes:  # wild.yes is about deploys
            return True
        terminal.remark("\n  ".join(["Named as who can decrypt the secrets, and new here:", *recipients]))
        return terminal.confirm("May they?")

    recipients = encrypt_secrets(instance, repo.git_dir, trust)
    commit_encrypted(instance, MergeState(repo))
    tracked = run_git(["ls-files", "--", ENCRYPTED], cwd=instance.root)
    if not tracked:
        terminal.warn(f"{ENCRYPTED} is ignored by git, so not in the tag: copy it somewhere else")
    return [f"secrets for {len(recipients)} recipient{'s' * (len(recipients) != 1)}"]


def _tag(instance: Instance, repo: Repo, taken_there: Iterable[str]) -> tuple[str, str]:
    head = repo.head()
    if head is None:
        raise GitError("there is no commit yet to back up", hint="git add -A && git commit")
    apps = sorted(repo.packages(head, APPS))
    deployed, problem = read_deployed(instance)
    minute = datetime.now(UTC).strftime("%Y%m%d-%H%M")
    name = new_name(minute, tags.names_taken(instance.root) | set(taken_there))
    message = backup_message(head, repo.branch() or "", apps, deployed, repo.remote_url(REMOTE) or "")
    tags.make_tag(instance.root, name, head, message)
    line = f"{name}: {len(apps)} app{'s' * (len(apps) != 1)} at {head[:7]}"
    if problem and deployed:
        line += " (what runs is as last deployed from here)"
    return name, line


def _prune(instance: Instance, keep: int, remote: str, there: Mapping[str, str]) -> list[str]:
    if remote:
        tags.fetch_tags(instance.root, remote)
    old = tags.read_backups(instance.root)[:-keep]
    tags.prune(instance.root, old, remote, there)
    return [f"removed {len(old)} older"] if old else []


def _warn_of_uncommitted(instance: Instance) -> None:
    changed = uncommitted_paths(instance.root)
    if changed:
        files = "1 file has" if len(changed) == 1 else f"{len(changed)} files have"
        terminal.warn(f"{files} changes that are not committed, and so not in the backup")
