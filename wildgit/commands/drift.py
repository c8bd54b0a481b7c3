"""`git wild drift`: who changed what in the cluster behind git's back."""

from __future__ import annotations

import click

from wildgit.errors import UsageError


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--all", "every", is_flag=True, help="All installed apps, which is the default.")
@click.option("--env", "environment", metavar="NAME", help="The environment whose cluster is asked.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Also what is intentional, a controller's, or ignored.")
def drift(
    *, apps: tuple[str, ...], every: bool, environment: str | None, as_json: bool, verbose: bool
) -> int:
    """Show what was changed in the cluster behind git's back: which field, by whom, and when.

    Exits with 1 where something was changed (drifted), deleted (missing) or added (extra) behind git's back,
    or a Secret is not what secrets.yaml says (secrets). What is committed and not yet deployed (pending), or
    not yet committed (uncommitted), is shown and is no drift. Exits with 3 where it could not look.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.drift_news import (
        drift_json,
        exit_code,
        say_drift,
        say_expired,
        say_hints,
    )
    from wildgit.adapters.cluster.drift_run import look_for_drift
    from wildgit.adapters.instance import Instance

    if apps and every:
        raise UsageError("--all already means every app")
    instance = Instance.find()
    found, expired = look_for_drift(instance, instance.require_apps(apps), environment)
    say_expired(expired)
    if as_json:
        terminal.say_json([drift_json(each) for each in found])
    else:
        say_drift(found, verbose=verbose)
        say_hints(found)
    return exit_code(found)


command = drift
