"""`git wild log`: operations and commits on one time line."""

from __future__ import annotations

from typing import Any

import click

from wildgit.errors import OK


@click.command()
@click.argument("app", required=False)
@click.option(
    "-n", "--number", type=click.IntRange(1), default=30, show_default=True, help="How many entries."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def log(app: str | None, number: int, as_json: bool) -> int:
    """Show operations and commits on one time line.

    Those of one app, or of all; the newest first. What was interrupted shows as unfinished.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.history import read_history
    from wildgit.adapters.instance import Instance

    instance = Instance.find()
    if app is not None:
        instance.app_folder(app)  # a name that can't be an app's is refused here
    entries = read_history(instance, app, number)
    if as_json:
        terminal.say_json(entries)
        return OK
    for entry in entries:
        terminal.say(_line(entry))
    if not entries:
        terminal.remark("nothing was done yet")
    return OK


def _line(entry: dict[str, Any]) -> str:
    from wildgit.adapters.terminal import style

    moment = style(str(entry["time"])[:19].replace("T", " "), "quiet")
    if entry["type"] == "commit":
        return f"{moment}  commit {style(entry['commit'][:7], 'name')}  {entry['subject']} ({entry['who']})"
    good = entry["outcome"] == "succeeded"
    outcome = style(entry["outcome"], "good" if good else "bad")
    error = f": {entry['error']}" if entry.get("error") else ""
    return f"{moment}  {entry['action']} {style(entry['app'], 'name')} {outcome} ({entry['who']}){error}"


command = log
