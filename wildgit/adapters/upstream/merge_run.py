"""One run of an upstream merge, as `merge` and `update` both do it: planned, written, reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wildgit.adapters import terminal
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.overwriting import refuse_to_overwrite
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import read_settings
from wildgit.adapters.upstream.after_merge import look_after_merge
from wildgit.adapters.upstream.merge import MergePlan, plan_merge, write_merge
from wildgit.adapters.upstream.merge_message import app_trailer
from wildgit.adapters.upstream.merge_news import Outcome, describe, known_line, report
from wildgit.adapters.upstream.merge_options import merge_options
from wildgit.adapters.upstream.wild_directory import find_upstream
from wildgit.core.app.update_order import clean_groups, commit_groups
from wildgit.errors import NO, OK

Planner = Callable[..., MergePlan]


@dataclass(frozen=True)
class MergeRequest:
    """What is asked for.

    Attributes:
        apps: only these; all when empty.
        revision: an upstream revision; its branch's tip when None.
        favor: `ours` or `theirs` settles every conflict, as git's -X does.
        dry_run: plan and report only.
        explain: report every field where the sides differ.
        as_json: report as one JSON document.
        branch: write it on a new branch for the review.
        per_app: a commit for each app that merges cleanly, and then the merge.
        summary: the file that gets a Markdown summary; `-` for stdout, in place of the report.
    """

    apps: Sequence[str] = ()
    revision: str | None = None
    favor: str | None = None
    dry_run: bool = False
    explain: bool = False
    as_json: bool = False
    branch: bool = False
    per_app: bool = False
    summary: str | None = None


def merge_upstream(instance: Instance, request: MergeRequest) -> int:
    """Merge upstream into the instance and say what happened.

    Returns:
        0, or 1 where conflicts are left.
    """
    repo = Repo(instance.root)
    settings = read_settings(instance.root)
    state = MergeState(repo)
    with state.exclusive():
        if not request.dry_run:
            state.refuse_if_busy()
        upstream = find_upstream(repo, settings, request.revision)
        options = merge_options(settings, request.favor, explain=request.explain)

        def planner(apps: Sequence[str] = request.apps, *, one_parent: bool = False) -> MergePlan:
            return plan_merge(
                instance, repo, settings, upstream, apps=apps, options=options, one_parent=one_parent
            )

        plan = planner()
        outcome = _find_place(plan, repo, request)
        if not (request.dry_run or plan.is_empty or outcome.known_branch):
            outcome = _write(plan, planner, instance, state, request, outcome)
    _say(plan, outcome, repo, instance, request)
    if outcome.commits and not plan.conflicts:
        look_after_merge(instance.root)
    return NO if plan.conflicts and not outcome.known_branch else OK


def _find_place(plan: MergePlan, repo: Repo, request: MergeRequest) -> Outcome:
    """Where a plan is written: the branch at hand, a new one, or nowhere since a branch waits with it."""
    if not request.branch or not plan.updates:
        return Outcome()
    from wildgit.adapters.upstream.review_branch import find_branch_with, new_branch_name

    clean = {app for group in _clean_groups(plan) for app in group} if request.per_app else set()
    trailers = {update.step.app.name: app_trailer(update, plan.upstream) for update in plan.updates}
    needed = {trailer for app, trailer in trailers.items() if not clean or app in clean}
    known = find_branch_with(repo, needed)
    if known is None:
        return Outcome(branch=new_branch_name(repo))
    name, there = known
    missing = tuple(app for app, trailer in trailers.items() if trailer not in there)
    return Outcome(known_branch=name, missing=missing)


def _write(
    plan: MergePlan,
    planner: Planner,
    instance: Instance,
    state: MergeState,
    request: MergeRequest,
    outcome: Outcome,
) -> Outcome:
    if request.branch and not outcome.branch:
        return outcome  # upstream moved, and no app of ours with it: nothing to review
    # All of it, before the branch is made or the first app is committed.
    refuse_to_overwrite(state.repo, plan.changes)
    state.require_identity()
    if outcome.branch:
        from wildgit.adapters.upstream.review_branch import switch_to_new

        switch_to_new(state.repo, outcome.branch)
    plans = _plans_per_app(plan, planner) if request.per_app else [plan]
    written = [write_merge(each, instance, state) for each in plans]
    return Outcome(tuple(filter(None, written)), outcome.branch)


def _plans_per_app(plan: MergePlan, planner: Planner) -> Iterator[MergePlan]:
    """Yield a plan for each app that merges cleanly, each against the HEAD that the one before it made.

    The last plan is what is left: the apps with conflicts, and the merge that makes upstream an ancestor. It
    has no changes of its own where nothing conflicts, so any app's commit can be reverted by itself.
    """
    for group in _clean_groups(plan):
        yield planner(group, one_parent=True)
    rest = planner()
    if not rest.is_empty:
        yield rest


def _clean_groups(plan: MergePlan) -> list[tuple[str, ...]]:
    groups = commit_groups([update.step.app.name for update in plan.updates], plan.requires)
    return clean_groups(groups, plan.requires, plan.conflicting_apps)


def _say(plan: MergePlan, outcome: Outcome, repo: Repo, instance: Instance, request: MergeRequest) -> None:
    if request.summary is not None:
        from wildgit.adapters.upstream.review_summary import update_summary

        terminal.add_mask(instance.mask())
        text = update_summary(plan, repo, outcome.branch, outcome.known_branch, outcome.missing)
        terminal.say_to_file(request.summary, text)
    if plan.updates and not instance.secrets_path.exists():
        from wildgit.adapters.upstream.review_summary import new_secrets

        for key in new_secrets(plan):
            terminal.warn(f"the new secret {key} was not made: there is no secrets.yaml here")
    if request.as_json:
        terminal.say_json(describe(plan, outcome, written=not request.dry_run))
    elif request.summary == "-":
        if outcome.known_branch:
            terminal.remark(known_line(outcome))
    else:
        report(plan, outcome, dry_run=request.dry_run, explain=request.explain, is_branch=request.branch)
