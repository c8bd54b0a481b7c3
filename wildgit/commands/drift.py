"""`git wild drift`: who changed what in the cluster behind git's back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import FAILED, NO, OK, UsageError

if TYPE_CHECKING:
    from wildgit.adapters.instance import Instance


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--all", "every", is_flag=True, help="All installed apps, which is the default.")
@click.option("--env", "environment", metavar="NAME", help="The environment whose cluster is asked.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Also what is intentional, a controller's, or ignored.")
@click.option(
    "--accept",
    is_flag=False,
    flag_value="",
    multiple=True,
    metavar="[FIELD]",
    help="Write what the cluster has into the manifests: of one field, or of all.",
)
@click.option(
    "--ignore", metavar="FIELD", help="Count this field no more, by a rule in .wildconfig; deploy goes on."
)
@click.option("--reason", metavar="TEXT", help="With --ignore: why.")
@click.option("--until", metavar="DATE", help="With --ignore: the last day of the rule, as 2026-12-31.")
def drift(
    *,
    apps: tuple[str, ...],
    every: bool,
    environment: str | None,
    as_json: bool,
    verbose: bool,
    accept: tuple[str, ...],
    ignore: str | None,
    reason: str | None,
    until: str | None,
) -> int:
    """Show what was changed in the cluster behind git's back: which field, by whom, and when.

    Exits with 1 where something was changed (drifted), deleted (missing) or added (extra) behind git's back,
    or a Secret is not what secrets.yaml says (secrets). What is committed and not yet deployed (pending), or
    not yet committed (uncommitted), is shown and is no drift. Exits with 3 where it could not look.

    A FIELD is written as it is shown, deployment/web:spec.replicas; without the object it is every object's,
    and the object alone is all of it. --accept edits files and leaves the commit to you.
    """
    from wildgit.adapters.instance import Instance

    if apps and every:
        raise UsageError("--all already means every app")
    instance = Instance.find()
    if ignore is not None or reason is not None or until is not None:
        if accept or ignore is None or reason is None or until is None or len(apps) != 1:
            raise UsageError(
                "a rule is for one app and has a reason and an end",
                hint="git wild drift APP --ignore FIELD --reason TEXT --until DATE",
            )
        return _ignore(instance, apps[0], ignore, reason, until)
    # `--accept web` may mean the app: a field is never called as an app is, without a dot or a slash.
    named = [text for text in accept if text in instance.app_names()]
    fields = [text for text in accept if text and text not in named]
    chosen = instance.require_apps((*apps, *named))
    if accept:
        return _accept(instance, chosen, environment, fields)
    return _show(instance, chosen, environment, as_json=as_json, verbose=verbose)


def _show(
    instance: Instance, apps: list[str], environment: str | None, *, as_json: bool, verbose: bool
) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.drift.news import drift_json, exit_code, say_drift, say_expired, say_hints
    from wildgit.adapters.cluster.drift.run import look_for_drift

    found, expired = look_for_drift(instance, apps, environment)
    say_expired(expired)
    if as_json:
        terminal.say_json([drift_json(each) for each in found])
    else:
        say_drift(found, verbose=verbose)
        say_hints(found)
    return exit_code(found)


def _accept(instance: Instance, apps: list[str], environment: str | None, fields: list[str]) -> int:
    """Accept what was named; 1 where some of it was refused, or nothing of that name differs."""
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.drift.accept_run import accept
    from wildgit.adapters.cluster.drift.news import say_accepted, summary
    from wildgit.adapters.cluster.drift.run import DriftRun
    from wildgit.core.cluster.drift.ignore_rules import parse_field

    names = [parse_field(text) for text in fields]
    run = DriftRun.open(instance, environment)
    if run.other_branch is not None:
        raise UsageError(
            f"{run.environment.name} is deployed from {run.other_branch}, which is not checked out",
            hint=f"git switch {run.other_branch}",
        )
    done, written = [], []
    for each in run.look(apps):
        if each.problem:
            terminal.say(summary(each))
            return FAILED
        results, files = accept(instance, run.cluster, each, names)
        say_accepted(each.app, results)
        done += results
        written += files
    if not done:
        terminal.say("There is nothing to accept." if not names else "Nothing of that name differs.")
        return OK if not names else NO
    if written:
        terminal.remark("hint: git diff, then git commit; a deploy then finds no difference")
    return NO if any(each.is_refused for each in done) else OK


def _ignore(instance: Instance, app: str, field: str, reason: str, until: str) -> int:
    from datetime import UTC, datetime

    from wildgit.adapters import terminal
    from wildgit.adapters.settings import share_section
    from wildgit.core.cluster.drift.ignore_rules import IgnoreRule, parse_date, parse_field

    [name] = instance.require_apps((app,))
    rule = IgnoreRule(name, parse_field(field), reason, parse_date(until))
    if rule.until < datetime.now(UTC).date().isoformat():
        raise UsageError(f"{rule.until} is over: the rule would never count", hint="write a day to come")
    share_section(instance.root, f"wild-ignore.{rule.key}", {"reason": rule.reason, "until": rule.until})
    terminal.remark(f"{rule} stands in .wildconfig now; commit it to share it")
    return OK


command = drift
