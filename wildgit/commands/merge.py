"""`git wild merge`: merge fetched upstream into config.yaml and the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import NO, OK, UsageError

if TYPE_CHECKING:
    from wildgit.adapters.instance import Instance


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...")
@click.option("--rev", metavar="REV", help="Merge this upstream revision instead of the branch's tip.")
@click.option(
    "-X", "favor", type=click.Choice(["ours", "theirs"]), help="Settle every conflict for one side."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option(
    "--explain", is_flag=True, help="Show every field where the sides differ: values, choice, rule."
)
@click.option("--continue", "go_on", is_flag=True, help="Commit the merge when its conflicts are resolved.")
@click.option("--abort", is_flag=True, help="Put index and work tree back to where they were.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON document.")
def merge(
    apps: tuple[str, ...],
    rev: str | None,
    favor: str | None,
    dry_run: bool,
    explain: bool,
    go_on: bool,
    abort: bool,
    as_json: bool,
) -> int:
    """Merge upstream, as fetched, into config.yaml and the manifests.

    A clean merge is committed with upstream as its second parent; with conflicts it is an ordinary
    merge in progress, for git status, git mergetool, git rerere and git commit. If only some apps are
    named, the commit has one parent: the others are still to come. Exit code 1: conflicts are left.
    """
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.upstream.merge_run import MergeRequest, merge_upstream

    if go_on + abort > 1 or ((go_on or abort) and (apps or rev or favor or dry_run or explain)):
        raise UsageError("--continue and --abort stand alone")
    instance = Instance.find()
    if abort:
        return _abort(instance)
    if go_on:
        return _continue(instance)
    instance.require_apps(apps)
    request = MergeRequest(apps, rev, favor, dry_run or explain, explain, as_json)
    return merge_upstream(instance, request)


def _abort(instance: Instance) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.git.merge_state import MergeState
    from wildgit.adapters.git.repo import Repo

    state = MergeState(Repo(instance.root))
    with state.exclusive():
        state.abort()
    terminal.say("The merge is undone; index and work tree are as before.")
    return OK


def _continue(instance: Instance) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.git.merge_state import MergeState
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.upstream.after_merge import look_after_merge
    from wildgit.adapters.upstream.compile_run import compile_apps

    repo = Repo(instance.root)
    state = MergeState(repo)
    with state.exclusive():
        state.refuse_unresolved()
        journal = state.journal()
        # config.yaml may have been resolved otherwise than the manifests were rendered with.
        if (
            journal is not None
            and journal.apps
            and compile_apps(instance, repo, list(journal.apps), stage=True)
        ):
            return NO
        commit = state.finish()
    terminal.say(f"Committed the merge as {commit[:7]}.")
    look_after_merge(instance.root)
    return OK


command = merge
