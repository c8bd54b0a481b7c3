"""`git wild rollback`: an app as it was before, as a new commit, deployed."""

from __future__ import annotations

import click

from wildgit.errors import UsageError


@click.command()
@click.argument("app", required=False)
@click.option("--to", metavar="REV", help="The commit or tag to go back to, instead of the one before.")
@click.option("--all", "every", is_flag=True, help="All apps.")
@click.option("--emergency", is_flag=True, help="Deploy first, whatever lies in the work tree; commit after.")
@click.option("--dry-run", is_flag=True, help="Say where to and what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Don't ask whether the revision is the right one.")
@click.option("--no-deploy", is_flag=True, help="Commit only.")
@click.option("--wait", is_flag=True, help="Follow rollouts, jobs and claims to their end.")
@click.option("--env", "environment", metavar="NAME", help="The environment to deploy to.")
def rollback(
    *,
    app: str | None,
    to: str | None,
    every: bool,
    emergency: bool,
    dry_run: bool,
    yes: bool,
    no_deploy: bool,
    wait: bool,
    environment: str | None,
) -> int:
    """Bring back what was deployed before, as a new commit, and deploy it.

    The app's folder and its section of config.yaml become what they were, byte for byte; the rest of
    config.yaml stays. Without --to it is the revision that was deployed before what runs now; `git wild
    log APP` lists others. The server tries the old revision first: what can't be deployed is not committed.
    It refuses where uncommitted work would be lost; --emergency deploys even then, from git's objects, and
    exits with 1 if the commit has to wait. Data in volumes and secrets stay as they are.
    """
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.rollback.run import RollbackOptions, RollbackRun
    from wildgit.core.app.rollback import ALL

    if (app is None) != every:
        raise UsageError("say which app to roll back, or --all", hint="git wild rollback APP")
    if emergency and no_deploy:
        raise UsageError("--emergency deploys first; --no-deploy does not go with it")
    instance = Instance.find()
    if app is not None:
        instance.app_folder(app)  # a name that can't be an app's is refused here
    options = RollbackOptions(
        to=to,
        emergency=emergency,
        dry_run=dry_run,
        yes=yes,
        deploy=not no_deploy,
        wait=wait,
        environment=environment,
    )
    return RollbackRun(instance, app or ALL, options).run()


command = rollback
