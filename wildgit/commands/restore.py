"""`git wild restore`: from a clone and a key to the instance and the cluster that were."""

from __future__ import annotations

from pathlib import Path

import click

from wildgit.errors import OK, UsageError


@click.command()
@click.argument("what", metavar="[TAG|APP]", required=False)
@click.option("--from", "snapshot", metavar="SNAPSHOT", help="Restore the volumes of APP from it instead.")
@click.option("--yes", is_flag=True, help="Don't ask before something is replaced.")
@click.option(
    "--identity",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The key of age or SSH that opens the secrets.",
)
@click.option(
    "--secrets",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The encrypted secrets, where they are not secrets.yaml.age in the clone.",
)
@click.option("--no-deploy", is_flag=True, help="Leave the cluster alone.")
@click.option(
    "--timeout", type=click.FloatRange(0), default=300, show_default=True, help="Seconds to wait for one app."
)
@click.option("--env", "environment", metavar="NAME", help="The environment to deploy to.")
def restore(
    *,
    what: str | None,
    snapshot: str | None,
    yes: bool,
    identity: Path | None,
    secrets: Path | None,
    no_deploy: bool,
    timeout: float,
    environment: str | None,
) -> int:
    """Make a fresh clone the instance that it was, and deploy it.

    With a TAG, the branch goes to that backup, if no commit is lost by it. Then the secrets are decrypted,
    hooks, merge drivers, modes and the wild-directory remote set up, and what ran is deployed in the order
    of what requires what. A secrets.yaml that differs is not replaced without being asked. Put the kubeconfig
    beside config.yaml before. It is safe to run again.

    With an APP and --from, that app's claims are made anew from the snapshot that `git wild backup APP
    --data` took, with its workloads scaled down meanwhile. The volumes that they had stay.
    """
    from wildgit.adapters.backup.restore_run import RestoreOptions
    from wildgit.adapters.backup.restore_run import restore as restore_all
    from wildgit.adapters.instance import Instance

    instance = Instance.find()
    if snapshot is not None:
        if what is None or identity or secrets or no_deploy:
            raise UsageError("--from goes with an app alone", hint="git wild restore APP --from SNAPSHOT")
        from wildgit.adapters.backup.volume_snapshots import AppVolumes

        instance.require_apps((what,))
        AppVolumes(instance, what, environment, timeout).restore(snapshot, yes=yes)
        return OK
    options = RestoreOptions(what, identity, secrets, yes, not no_deploy, environment, timeout)
    restore_all(instance, options)
    return OK


command = restore
