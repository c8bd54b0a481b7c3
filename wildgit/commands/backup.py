"""`git wild backup`: a tag that says what ran, with the secrets encrypted if asked."""

from __future__ import annotations

from pathlib import Path

import click

from wildgit.errors import OK, UsageError


@click.command()
@click.option(
    "--push",
    "remote",
    metavar="[REMOTE]",
    is_flag=False,
    flag_value="origin",
    default="",
    help="Push the tag, to origin if none is named.",
)
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Remove backups but the newest N.")
@click.option("--secrets", is_flag=True, help="Encrypt secrets.yaml as secrets.yaml.age, and commit that.")
@click.option("--yes", is_flag=True, help="With --secrets: don't ask about recipients that are new.")
@click.option(
    "--new-identity",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Make a key of age in FILE, name it as a recipient, and do nothing else.",
)
def backup(*, remote: str, keep: int | None, secrets: bool, yes: bool, new_identity: Path | None) -> int:
    """Tag what is committed as a backup.

    The annotated tag is called backup-YYYYMMDD-HHMM, in UTC, and says which commit of each app runs. With
    --push and --keep, old backups go from the remote, too; only tags that git wild made. With --secrets,
    everyone whom wild.ageRecipient names in .wildconfig can decrypt them; nobody else can. One line is
    printed, so cron can run it. `git tag -n --list 'backup-*'` lists what there is.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.backup_run import BackupOptions, back_up
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.secrets_backup import make_identity

    instance = Instance.find()
    if new_identity is not None:
        if remote or keep or secrets:
            raise UsageError("--new-identity stands alone")
        recipient = make_identity(instance, new_identity)
        terminal.say(f"{recipient} is named in .wildconfig")
        terminal.remark(f"hint: keep {new_identity} where a fire here does not reach; without it, no restore")
        terminal.remark('hint: git add .wildconfig && git commit -m "security(all): Encrypt backups"')
        return OK
    back_up(instance, BackupOptions(remote, keep, secrets, yes))
    return OK


command = backup
