"""`git wild init`: turn a directory into an instance that tracks a Wild Directory."""

from __future__ import annotations

from pathlib import Path

import click

from wildgit.errors import NO, OK

_CONFIG = """\
# The cluster this instance describes. `git wild config set PATH VALUE` edits it and keeps comments.
cloud: {}
cluster: {}
operator: {}
apps: {}
"""


@click.command()
@click.argument("directory", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--upstream", metavar="URL", help="Set the wild-directory remote, and fetch it.")
@click.option("--no-hooks", is_flag=True, help="Don't install the hooks that keep secrets out of commits.")
def init(directory: Path, upstream: str | None, no_hooks: bool) -> int:
    """Turn a directory into an instance that tracks a Wild Directory.

    Makes the repository where there is none, config.yaml, secrets.yaml (never tracked), .gitignore,
    .gitattributes with the merge driver, the wild-directory remote and the hooks. What is there stays
    as it is: it is safe to run again. Exit code 1: the history there already holds a secret.
    """
    from wildgit.adapters import instance_setup, terminal
    from wildgit.adapters.secret_guard import history_report
    from wildgit.adapters.upstream import wild_directory

    if upstream is not None:
        wild_directory.check_url(upstream)
    for line in instance_setup.set_up(directory, _CONFIG, hooks=not no_hooks):
        terminal.say(line)
    if upstream is not None:
        wild_directory.add_remote(directory, instance_setup.absolute_url(upstream))
        terminal.say(f"set the remote wild-directory to {wild_directory.shown_url(upstream)}")
        wild_directory.fetch(directory, quiet=True)
    # A directory that was a repository before may have published a secret already.
    report = history_report(directory)
    for line in report:
        terminal.warn(line) if line is report[0] else terminal.remark(line)
    _say_next(directory)
    return NO if report else OK


def _say_next(directory: Path) -> None:
    from wildgit.adapters import terminal
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.settings import REMOTE

    if Repo(directory).remote_url(REMOTE) is None:
        terminal.remark("hint: git wild remote URL, then git wild fetch")
    else:
        terminal.remark("hint: git wild config set cloud.domain DOMAIN, then git wild apps")


command = init
