"""`git wild status`: one line per app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import OK

if TYPE_CHECKING:
    from wildgit.adapters.local_status import LocalStatus


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--porcelain", is_flag=True, help="One line per app, fields split by tabs; stable for scripts.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(apps: tuple[str, ...], porcelain: bool, as_json: bool) -> int:
    """Show where each app stands: version, upstream, local edits, config.yaml, git."""
    from dataclasses import asdict

    from wildgit.adapters import terminal
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.local_status import read_local_status
    from wildgit.adapters.repo import Repo

    instance = Instance.find()
    names = instance.require_apps(apps)
    found = read_local_status(instance, Repo(instance.root), names)
    if as_json:
        terminal.say_json([asdict(each) for each in found])
    elif porcelain:
        for each in found:
            fields = (each.app, each.version, each.upstream_version or "-", ",".join(_words(each)) or "-")
            terminal.say("\t".join(fields))
    elif not found:
        terminal.say("No apps are installed.")
        terminal.remark("hint: git wild apps lists what upstream has; git wild add APP")
    else:
        terminal.say_table([_row(each) for each in found], header=("APP", "VERSION", "UPSTREAM", "STATE"))
    return OK


def _words(status: LocalStatus) -> list[str]:
    words = [status.news] if status.news else []
    words += ["customised"] if status.customised else []
    words += ["stale"] if status.stale else []
    words += ["uncommitted"] if status.uncommitted else []
    return [*words, *(["broken"] if status.problem else [])]


def _row(status: LocalStatus) -> tuple[str, str, str, str]:
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
    if status.uncommitted:
        said.append(style("uncommitted changes", "doubtful"))
    upstream = status.upstream_version or "–"
    return (
        style(status.app, "name"),
        status.version or "–",
        upstream,
        ", ".join(said) or style("as upstream", "quiet"),
    )


command = status
