"""`git wild status`: one line per app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import OK

if TYPE_CHECKING:
    from wildgit.adapters.local_status import LocalStatus
    from wildgit.adapters.standings import ClusterView
    from wildgit.core.cluster.app_state import Standing


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("-v", "--verbose", is_flag=True, help="Also workloads, addresses and certificates.")
@click.option("--local", "is_local", is_flag=True, help="Don't ask the cluster.")
@click.option("--env", "environment", metavar="NAME", help="The environment whose cluster is asked.")
@click.option("--porcelain", is_flag=True, help="One line per app, fields split by tabs; stable for scripts.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(
    *,
    apps: tuple[str, ...],
    verbose: bool,
    is_local: bool,
    environment: str | None,
    porcelain: bool,
    as_json: bool,
) -> int:
    """Show where each app stands: version, upstream, local edits, git, cluster.

    With --porcelain the fields are: app, version, upstream's version, local words, state in the cluster.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.local_status import LocalStatus, read_local_status
    from wildgit.adapters.standings import ClusterView, only_in_cluster, read_standings, view_cluster

    instance = Instance.find()
    installed = instance.app_names()
    names = list(dict.fromkeys(apps or installed))
    for name in names:
        instance.app_folder(name)  # a name that can't be an app's is refused here
    repo = Repo(instance.root)
    local = read_local_status(instance, repo, [name for name in names if name in installed])
    not_asked = ClusterView(None, "not asked")
    view = not_asked if is_local else view_cluster(instance, repo, names, local, environment)
    names += only_in_cluster(view, [*names, *installed]) if not apps else []
    standings = read_standings(instance, repo, names, local, view)
    known = {each.app: each for each in local}
    rows = [(known.get(each.app) or LocalStatus(each.app, ""), each) for each in standings]
    if as_json:
        terminal.say_json([_json(*row) for row in rows])
    elif porcelain:
        for row in rows:
            terminal.say("\t".join(_fields(*row)))
    elif not rows:
        terminal.say("No apps are installed.")
        terminal.remark("hint: git wild apps lists what upstream has; git wild add APP")
    else:
        _say_rows(rows, view, verbose=verbose)
    return OK


def _say_rows(rows: list[tuple[LocalStatus, Standing]], view: ClusterView, *, verbose: bool) -> None:
    from wildgit.adapters import terminal
    from wildgit.adapters.standings import explain

    if not verbose:
        terminal.say_table(
            [_row(*row) for row in rows], header=("APP", "VERSION", "UPSTREAM", "STATE", "REMARKS")
        )
    for local, each in rows if verbose else ():
        terminal.say_table([_row(local, each)])
        if each.next_step:
            terminal.say(f"    next: {each.next_step}")
        for line in explain(each.app, view):
            terminal.say(f"    {line}")
    if view.problem and view.problem != "not asked":
        terminal.warn(f"the cluster can't be asked: {view.problem}")
    if view.hidden:
        hint = "grant the kubeconfig's user to list them"
        terminal.warn(f"nothing is said of what it may not list: {', '.join(view.hidden)}", hint=hint)


def _json(local: LocalStatus, each: Standing) -> dict[str, object]:
    from dataclasses import asdict

    where = {"state": each.state.value, "reasons": list(each.reasons), "next": each.next_step}
    return {**asdict(local), **where}


def _fields(local: LocalStatus, each: Standing) -> tuple[str, ...]:
    words = ",".join(_words(local)) or "-"
    return (local.app, local.version or "-", local.upstream_version or "-", words, each.state.value)


def _words(status: LocalStatus) -> list[str]:
    words = [status.news] if status.news else []
    words += ["customised"] if status.customised else []
    words += ["stale"] if status.stale else []
    words += ["mixed"] if status.mixed else []
    words += ["uncommitted"] if status.uncommitted else []
    return [*words, *(["broken"] if status.problem else [])]


def _row(local: LocalStatus, each: Standing) -> tuple[str, ...]:
    from wildgit.adapters.terminal import style

    styles = {"deployed": "good", "stuck terminating": "bad", "unknown": "quiet"}
    return (
        style(local.app, "name"),
        local.version or "–",
        local.upstream_version or "–",
        style(each.state.value, styles.get(each.state.value, "doubtful")),
        ", ".join([*each.reasons, *_remarks(local)]) or style("as upstream", "quiet"),
    )


def _remarks(status: LocalStatus) -> list[str]:
    from wildgit.adapters.terminal import style

    said = []
    if status.problem:
        said.append(style(status.problem, "bad"))
    if status.news == "gone":
        said.append(style("gone from upstream", "doubtful"))
    elif status.news:
        said.append(style("update available", "doubtful"))
    if status.customised:
        said.append(f"{len(status.customised)} customised file{'s' * (len(status.customised) > 1)}")
    if status.stale:
        said.append(style("config.yaml changed since it was compiled", "doubtful"))
    if status.mixed:
        said.append(style(".package is a mixture of two: git wild resolve", "bad"))
    if status.uncommitted:
        said.append(style("uncommitted changes", "doubtful"))
    return said


command = status
