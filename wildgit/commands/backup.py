"""`git wild backup`: a tag that says what ran, with the secrets encrypted if asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wildgit.errors import OK, UsageError

if TYPE_CHECKING:
    from wildgit.adapters.instance import Instance


@click.command()
@click.argument("app", required=False)
@click.option("--data", is_flag=True, help="Take snapshots of the volumes of APP, and do nothing else.")
@click.option("--class", "snapshot_class", metavar="NAME", help="With --data: the VolumeSnapshotClass.")
@click.option("--env", "environment", metavar="NAME", help="With --data: the environment.")
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=300,
    show_default=True,
    help="With --data: seconds to wait.",
)
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
@click.option("--yes", is_flag=True, help="With --secrets: don't ask about recipients that are new here.")
@click.option(
    "--new-identity",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Make a key of age in FILE, name it as a recipient, and do nothing else.",
)
def backup(
    *,
    app: str | None,
    data: bool,
    snapshot_class: str | None,
    environment: str | None,
    timeout: float,
    remote: str,
    keep: int | None,
    secrets: bool,
    yes: bool,
    new_identity: Path | None,
) -> int:
    """Tag what is committed as a backup.

    The annotated tag is called backup-YYYYMMDD-HHMM, in UTC, and says which commit of each app runs. With
    --push and --keep, old backups go from the remote, too; only tags that git wild made. With --secrets,
    everyone whom wild.ageRecipient names in .wildconfig can decrypt them; nobody else can. One line is
    printed, so cron can run it. `git tag -n --list 'backup-*'` lists what there is.

    With an APP and --data it is that app's volumes instead, by CSI snapshots, where the cluster has them.
    """
    from wildgit.adapters.backup.backup_run import BackupOptions, back_up
    from wildgit.adapters.instance import Instance

    if data != (app is not None):
        raise UsageError("--data goes with an app, and an app with --data", hint="git wild backup APP --data")
    if not data and (snapshot_class or environment):
        raise UsageError("--class and --env go with --data")
    is_tagged = bool(remote or keep or secrets)
    if app is not None and (is_tagged or new_identity):
        raise UsageError("--data stands alone")
    if new_identity is not None and is_tagged:
        raise UsageError("--new-identity stands alone")
    instance = Instance.find()
    if app is not None:
        from wildgit.adapters.backup.volume_snapshots import AppVolumes

        instance.require_apps((app,))
        AppVolumes(instance, app, environment, timeout).back_up(snapshot_class)
        return OK
    if new_identity is not None:
        return _make_identity(instance, new_identity)
    back_up(instance, BackupOptions(remote, keep, secrets, yes))
    return OK


def _make_identity(instance: Instance, file: Path) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.backup.encrypted_secrets import make_identity

    recipient = make_identity(instance, file)
    terminal.say(f"{recipient} is named in .wildconfig")
    terminal.remark(f"hint: keep {file} where a fire here does not reach; without it, no restore")
    terminal.remark('hint: git add .wildconfig && git commit -m "security(all): Encrypt backups"')
    return OK


command = backup
