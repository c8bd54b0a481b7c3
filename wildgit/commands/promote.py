"""`git wild promote`: what one environment runs and another does not, and the merge that brings it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wildgit.errors import NO, OK, GitError

if TYPE_CHECKING:
    from wildgit.adapters.cluster.promote_run import Promotion
    from wildgit.adapters.instance import Instance
    from wildgit.core.cluster.promotion import Running, Step


@click.command()
@click.argument("source", required=False, metavar="[FROM]")
@click.argument("target", required=False, metavar="[TO]")
@click.option(
    "--merge", "is_merge", is_flag=True, help="Merge it, on TO's branch, which must be checked out."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def promote(source: str | None, target: str | None, is_merge: bool, as_json: bool) -> int:
    """Show what one environment runs and another does not, and merge it.

    FROM and TO are environments, or their branches; by default what main deploys to, and the only other one.
    The clusters say what they run. With --merge, FROM's branch is merged by git, hooks and all, unless it has
    changes that FROM does not run. Exit code 1: the merge has conflicts.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.cluster.promote_run import describe_promotion, plan_promotion
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings
    from wildgit.core.cluster.environment import read_environments
    from wildgit.core.cluster.promotion import choose_environments

    instance = Instance.find()
    settings = read_settings(instance.root)
    chosen = choose_environments(read_environments(settings.values), source, target)
    promotion = plan_promotion(instance, settings, *chosen)
    if as_json:
        terminal.say_json(describe_promotion(promotion))
    else:
        _say(promotion, is_merge=is_merge)
    return _merge(instance, promotion) if is_merge else OK


def _say(promotion: Promotion, *, is_merge: bool) -> None:
    from wildgit.adapters import terminal

    start, end = promotion.source.environment, promotion.target.environment
    for side in (promotion.source, promotion.target):
        if side.problem:
            terminal.warn(
                f"{side.environment.name} can't be asked ({side.problem}); shown is what was last seen"
            )
    if promotion.steps:
        rows = [_row(step) for step in promotion.steps]
        terminal.say_table(rows, header=("APP", start.name.upper(), end.name.upper(), "COMMITS"))
    else:
        terminal.say(f"{start.name} and {end.name} run the same.")
    if promotion.untried:
        apps = ", ".join(promotion.untried)
        hint = f"git switch {start.branch}, then git wild deploy --changed"
        terminal.warn(f"{start.branch} has changes that {start.name} does not run: {apps}", hint=hint)
    if any(step.missing for step in promotion.steps):
        terminal.remark(f"hint: {start.branch} lacks what {end.name} runs: git merge {end.branch} there")
    if not promotion.is_merged:
        if not is_merge and not promotion.untried:
            terminal.remark(
                f"hint: on {end.branch}: git {' '.join(promotion.merge)}, or git wild promote --merge"
            )
    elif any(step.commits for step in promotion.steps):
        terminal.say(f"{end.branch} has all of {promotion.source.ref} already; not all of it is deployed.")
        terminal.remark(f"hint: git switch {end.branch}, then git wild deploy --changed")


def _row(step: Step) -> tuple[str, str, str, str]:
    from wildgit.adapters import terminal

    words = {"new": "new there", "older": "older than there", "only there": "only there"}
    said = words.get(step.standing.value, "" if step.standing == "newer" else step.standing.value)
    count = len(step.commits)
    parts = [said] if said else []
    if count:
        parts.append(f"{count} commit{'s' * (count != 1)}: {step.commits[0][1]}")
    if step.missing:
        parts.append(f"lacks {len(step.missing)}: {step.missing[0][1]}")
    return terminal.style(step.app, "name"), _shown(step.source), _shown(step.target), "; ".join(parts)


def _shown(running: Running | None) -> str:
    return "–" if running is None else f"{running.version or '?'} ({running.commit[:7]})"


def _merge(instance: Instance, promotion: Promotion) -> int:
    """Have git merge; its hooks, its driver and its messages are the user's own."""
    from wildgit.adapters import terminal
    from wildgit.adapters.git.process import pass_through
    from wildgit.adapters.git.repo import Repo

    start, end = promotion.source.environment, promotion.target.environment
    if promotion.is_merged:
        terminal.remark(f"nothing to merge: {end.branch} has all of {promotion.source.ref}")
        return OK
    if Repo(instance.root).branch() != end.branch:
        raise GitError(f"{end.branch} is not checked out", hint=f"git switch {end.branch}")
    if promotion.untried:
        raise GitError(
            f"{start.branch} would bring what {start.name} does not run: {', '.join(promotion.untried)}",
            hint=f"deploy {start.branch} first; or take it as it is: git {' '.join(promotion.merge)}",
        )
    code = pass_through(promotion.merge, cwd=instance.root)
    if code == 0:
        terminal.remark(f"hint: git push origin {end.branch}")
        return OK
    if code == 1:
        terminal.remark("hint: resolve the conflicts and git commit; or git merge --abort")
        return NO
    raise GitError("git merge refused")


command = promote
