"""One call of `git wild restore`: the tag, the secrets, what makes a clone an instance, the deploy.

Every step leaves what is right as it is, so a restore that stopped is run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wildgit.adapters import instance_setup, terminal
from wildgit.adapters.backup import tags
from wildgit.adapters.backup.encrypted_secrets import ENCRYPTED, decrypt_secrets
from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions
from wildgit.adapters.committed_apps import CommittedApps
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import APPS, CONFIG, SECRETS, Instance
from wildgit.adapters.revision import instance_at
from wildgit.adapters.settings import REMOTE
from wildgit.adapters.upstream import wild_directory
from wildgit.core.backup_tag import Backup
from wildgit.core.cluster.deploy_record import UNCOMMITTED
from wildgit.core.guard.secret_values import read_leaves
from wildgit.errors import GitError, InputError


@dataclass(frozen=True)
class RestoreOptions:
    """What the command line asks for; see the command's help."""

    tag: str | None = None
    identity: Path | None = None
    secrets: Path | None = None
    yes: bool = False
    deploy: bool = True
    environment: str | None = None
    timeout_s: float = 300.0


def restore(instance: Instance, options: RestoreOptions) -> None:
    """Make a clone the instance that it was, and the cluster what the backup says ran.

    Raises:
        InputError: there are no secrets, or others than those to be restored.
        GitError: the tag is not here, or work would be lost.
        ClusterError: an app could not be deployed.
    """
    repo = Repo(instance.root)
    backup = _check_out(repo, options.tag)
    _restore_secrets(instance, repo, options)
    for line in instance_setup.set_up(instance.root, ""):
        terminal.say(line)
    _restore_upstream(repo, backup)
    if options.deploy:
        _deploy(instance, repo, backup, options)
    else:
        terminal.remark("hint: git wild deploy --all")


def _check_out(repo: Repo, tag: str | None) -> Backup | None:
    """Bring the branch to the tag, and return what the backup says.

    Without a tag it is the newest backup, if the branch lacks it and nothing else: the commit of the
    encrypted secrets may have been pushed with the tag alone. A branch that is ahead of it stays.
    """
    if tag is None:
        newer = tags.read_backups(repo.root, "--contains=HEAD")
        if not newer:
            merged = tags.read_backups(repo.root, "--merged=HEAD")
            return merged[-1].backup if merged else None
        tag = newer[-1].backup.name
    named = {each.backup.name: each for each in tags.read_backups(repo.root)}.get(tag)
    if named is None:
        raise GitError(
            f"{tag!r} is no backup that is here",
            hint="git fetch --tags, then git tag -n --list 'backup-*'",
        )
    if repo.head() != named.commit:
        _move_to(repo, named.commit, tag)
    return named.backup


def _move_to(repo: Repo, commit: str, tag: str) -> None:
    head = repo.head() or ""
    with MergeState(repo).exclusive():
        MergeState(repo).refuse_if_busy()
        if not repo.is_ancestor(head, commit):
            others = run_git(["branch", "--remotes", f"--contains={head}"], cwd=repo.root)
            if not others.strip():
                raise GitError(
                    "this branch has commits that no remote has, and the tag has not",
                    hint=f"git switch -c restored {tag}, then git wild restore",
                )
        run_git(["reset", "--quiet", "--keep", commit], cwd=repo.root)
    terminal.say(f"{repo.branch() or 'HEAD'} is at {tag} ({commit[:7]}); it was at {head[:7]}")


def _restore_secrets(instance: Instance, repo: Repo, options: RestoreOptions) -> None:
    file = options.secrets or instance.root / ENCRYPTED
    present = instance.secrets_text()
    if options.identity is None:
        if not present:
            raise InputError(
                f"there is no {SECRETS}"
                + (
                    f", and {file.name} needs the identity of one of its recipients" if file.is_file() else ""
                ),
                hint=f"git wild restore --identity FILE, or copy your {SECRETS} here",
            )
        return
    if not file.is_file():
        raise InputError(
            "is not here, and no backup brings it",
            source=file.name,
            hint="say where it is: --secrets FILE; or fetch the backups: git fetch --tags",
        )
    text = decrypt_secrets(instance, repo.git_dir, options.identity, file.resolve())
    if text == present:
        return
    # What `git wild init` writes holds no value, and nobody misses it.
    is_missed = bool(present) and bool(read_leaves(present, SECRETS)) and not options.yes
    if is_missed and not terminal.confirm(f"Replace {SECRETS} by the backup's?"):
        raise InputError(
            "is there already and differs from the backup",
            source=SECRETS,
            hint=f"mv {SECRETS} ~/, or git wild restore --yes --identity {options.identity}",
        )
    with instance.secrets_locked():
        instance.write_secrets(text)
    terminal.say(f"wrote {SECRETS} from {file.name}")


def _restore_upstream(repo: Repo, backup: Backup | None) -> None:
    if repo.remote_url(REMOTE) is not None:
        return
    if backup is None or not backup.upstream:
        terminal.remark("hint: no backup says where upstream is: git wild remote URL")
        return
    wild_directory.add_remote(repo.root, backup.upstream)
    terminal.say(f"set the remote {REMOTE} to {backup.upstream}; git wild fetch fetches it")


def _deploy(instance: Instance, repo: Repo, backup: Backup | None, options: RestoreOptions) -> None:
    """Deploy from HEAD's objects what ran: nothing is compiled on the way back."""
    head = repo.head() or ""
    apps = sorted(repo.packages(head, APPS))
    run = DeployRun.open(
        instance,
        RunOptions(action="restore", environment=options.environment, timeout_s=options.timeout_s),
    )
    if backup is not None:
        apps = _apps_that_ran(repo, head, apps, backup, run.environment.name)
    if not apps:
        terminal.say("no app is to be deployed")
        return
    with instance_at(instance, repo, head, apps) as revision:
        run.deploy(apps, revision=revision)


def _apps_that_ran(repo: Repo, head: str, apps: list[str], backup: Backup, environment: str) -> list[str]:
    """The apps that ran; what is otherwise in HEAD is said. All, where the backup knows of none."""
    ran = {app: commit for (where, app), commit in backup.deployed.items() if where == environment}
    if not ran:
        terminal.remark(
            f"{backup.name} does not say what ran in the environment {environment}: all apps, then"
        )
        return apps
    for app in sorted(set(apps) - ran.keys()):
        terminal.remark(f"{app} was not deployed, and is not now: git wild deploy {app}")
    for app in sorted(ran.keys() - set(apps)):
        terminal.warn(f"{app} was deployed, but {backup.name} has no {APPS}/{app}")
    committed = CommittedApps(repo)
    for app in sorted(ran.keys() & set(apps)):
        commit = ran[app].removesuffix(UNCOMMITTED)
        if commit != ran[app]:
            terminal.warn(f"{app} ran with changes that were not committed; they are lost")
        elif not repo.has_commit(commit):
            terminal.warn(f"{app} ran {commit[:7]}, which is not here; {head[:7]} is deployed")
        elif not committed.is_same(app, commit, head):
            terminal.warn(
                f"{app} ran {commit[:7]}; what came after it in {CONFIG} or {APPS}/{app} is deployed, too",
                hint=f"for what ran: git wild rollback {app} --to {commit[:12]}",
            )
    return [app for app in apps if app in ran]
