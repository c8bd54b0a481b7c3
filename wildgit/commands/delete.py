"""`git wild delete`: an app taken away."""

from __future__ import annotations

import click

from wildgit.errors import OK, InputError, UsageError


@click.command()
@click.argument("app")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--force", is_flag=True, help="Delete it although other apps require it.")
@click.option("--env", "environment", metavar="NAME", help="The environment to delete it from.")
def delete(app: str, yes: bool, force: bool, environment: str | None) -> int:
    """Delete an app from the cluster and from the instance.

    Its namespace goes, its folder, its configuration, its secrets. The cluster first, as far as it answers:
    one that can't be reached is a warning, never a refusal. Then the instance, always. Deleting what is not
    there succeeds. Volumes that outlive the app are named.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.app_source import requirements_of_all
    from wildgit.adapters.cluster.delete_run import delete_app
    from wildgit.adapters.instance import Instance
    from wildgit.core.cluster.deploy_order import dependants

    instance = Instance.find()
    instance.app_folder(app)  # a name that can't be an app's is refused here
    users = [] if force else dependants(app, requirements_of_all(instance, broken_ok=[app]))
    if users:
        raise InputError(
            f"{app} is required by {', '.join(users)}",
            hint=f"delete those first, or git wild delete --force {app}",
        )
    if not yes and not terminal.confirm(f"Delete {app}, its data in the cluster and its secrets?"):
        raise UsageError("nothing was deleted", hint=f"git wild delete --yes {app}")
    delete_app(instance, app, environment)
    return OK


command = delete
