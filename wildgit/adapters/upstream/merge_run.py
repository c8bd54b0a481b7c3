"""One run of an upstream merge, as `merge` and `update` both do it: planned, written, reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wildgit.adapters import terminal
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import REMOTE, Settings, read_settings
from wildgit.adapters.upstream.after_merge import look_after_merge
from wildgit.adapters.upstream.merge import MergePlan, app_trailer, plan_merge, write_merge
from wildgit.adapters.upstream.wild_directory import find_upstream
from wildgit.core.app.update_order import clean_groups, commit_groups
from wildgit.core.merge import MergeOptions
from wildgit.core.merge.policy import KEEP_OWN_SIZES
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


@dataclass(frozen=True)
class Outcome:
    """What became of a plan.

    Attributes:
        commits: what was committed, oldest first.
        branch: the branch that was made for it, or would be; "" for none.
        known_branch: an update branch that has all of it already that merges cleanly, so that nothing was
            written; "" for none.
        missing: the apps that are not on it: they conflict, so nobody committed them there.
    """

    commits: tuple[str, ...] = ()
    branch: str = ""
    known_branch: str = ""
    missing: tuple[str, ...] = ()


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
    state.refuse_to_overwrite(plan.changes)
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


def merge_options(settings: Settings, favor: str | None = None, *, explain: bool = False) -> MergeOptions:
    """Return how files are merged: git's conflict style, our labels, and the policies for upstream merges."""
    style = settings.get("merge.conflictStyle") or "merge"
    return MergeOptions(
        labels=("HEAD", "base", REMOTE),
        style=style if style in ("merge", "diff3", "zdiff3") else "merge",  # type: ignore[arg-type]
        favor=favor,  # type: ignore[arg-type]
        policies=KEEP_OWN_SIZES,
        explain=explain,
    )


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
            terminal.remark(_known(outcome))
    else:
        report(plan, outcome, dry_run=request.dry_run, explain=request.explain, is_branch=request.branch)


def report(plan: MergePlan, outcome: Outcome, *, dry_run: bool, explain: bool, is_branch: bool) -> None:
    """Print what the plan did, or would do."""
    for name in plan.gone:
        terminal.warn(f"{name} is gone from upstream; its files stay as they are")
    if plan.is_empty:
        terminal.say("Already up to date.")
        return
    if is_branch and not plan.updates:
        terminal.say("Nothing new for your apps; no branch was made.")
        return
    _report_apps(plan)
    if outcome.known_branch:
        terminal.say(_known(outcome))
        from wildgit.adapters.upstream.review_branch import local_name

        merge = f" && git wild merge {' '.join(outcome.missing)}" if outcome.missing else ""
        terminal.remark(f"hint: to go on there: git switch {local_name(outcome.known_branch)}{merge}")
        return
    for owner, key in plan.secrets:
        terminal.say(f"{'would add' if dry_run else 'added'} the secret apps.{owner}.{key}")
    if explain:
        _report_decisions(plan)
    else:
        _report_policies(plan)
    if outcome.branch:
        terminal.say(
            f"It would be on a new branch, {outcome.branch}." if dry_run else f"On branch {outcome.branch}."
        )
    _report_end(plan, outcome, dry_run=dry_run)


def _known(outcome: Outcome) -> str:
    if not outcome.missing:
        return f"{outcome.known_branch} has this update already; no branch was made."
    missing = ", ".join(outcome.missing)
    return (
        f"{outcome.known_branch} has what merges cleanly already; no branch was made. "
        f"Not on it, for they conflict: {missing}."
    )


def _report_end(plan: MergePlan, outcome: Outcome, *, dry_run: bool) -> None:
    if plan.conflicts:
        _report_conflicts(plan, dry_run=dry_run)
    elif dry_run:
        terminal.say("It would merge cleanly.")
    elif outcome.commits:
        merged = f"Merged {REMOTE}/{plan.upstream.branch} as {outcome.commits[-1][:7]}"
        before = len(outcome.commits) - 1
        terminal.say(f"{merged}, after a commit for each app." if before else f"{merged}.")
        apps = " ".join(update.step.app.name for update in plan.updates)
        if outcome.branch:
            terminal.remark(f"hint: for the review: git push -u origin {outcome.branch}")
        elif apps:
            terminal.remark(f"hint: git wild deploy {apps}")


def describe(plan: MergePlan, outcome: Outcome, *, written: bool) -> dict[str, object]:
    """Return the plan as data for scripts; secrets by key only."""
    return {
        "upstream": plan.upstream.commit,
        "branch": plan.upstream.branch,
        "commit": outcome.commits[-1] if outcome.commits else None,
        "commits": list(outcome.commits),
        "new_branch": outcome.branch or None,
        "known_branch": outcome.known_branch or None,
        "missing": list(outcome.missing),
        "written": written and not plan.is_empty and not outcome.known_branch,
        "apps": [
            {
                "name": update.step.app.name,
                "from": update.step.app.package.manifest.version,
                "to": update.step.package.manifest.version,
                "files": [file.path for file in update.files],
                "customised": list(update.customised),
            }
            for update in plan.updates
        ],
        "gone": list(plan.gone),
        "secrets": [f"apps.{owner}.{key}" for owner, key in plan.secrets],
        "conflicts": [{"file": file, **_fields(conflict)} for file, conflict in plan.conflicts],
        "decisions": [{"file": file, **_fields(decision)} for file, decision in plan.decisions],
    }


def _fields(record: object) -> dict[str, object]:
    from dataclasses import asdict

    fields = asdict(record)  # type: ignore[call-overload]
    fields["path"] = _path(fields["path"])
    return dict(fields)


def _path(path: Sequence[object]) -> str:
    return ".".join(str(part) for part in path)


def _report_apps(plan: MergePlan) -> None:
    rows = []
    for update in plan.updates:
        old, new = update.step.app.package.manifest.version, update.step.package.manifest.version
        version = f"{old or '?'} → {new or '?'}" if old != new else new or "?"
        kept = f"kept your changes in {len(update.customised)} files" if update.customised else ""
        if len(update.customised) == 1:
            kept = f"kept your changes in {update.customised[0]}"
        count = len(update.conflicts)
        conflicts = terminal.style(f"{count} conflict{'s' * (count != 1)}", "bad") if count else ""
        rows.append((terminal.style(update.step.app.name, "name"), version, conflicts or kept))
    terminal.say_table(rows)


def _report_decisions(plan: MergePlan) -> None:
    rows = [
        (
            f"{file}: {_path(each.path)}",
            _short(each.base),
            _short(each.ours),
            _short(each.theirs),
            _short(each.result),
            each.rule,
        )
        for file, each in plan.decisions
    ]
    commit = plan.upstream.commit[:7]
    if rows:
        terminal.say_table(rows, header=("FIELD", "BASE", "OURS", f"THEIRS {commit}", "TAKEN", "RULE"))


def _report_policies(plan: MergePlan) -> None:
    for file, decision in plan.decisions:
        if decision.rule.startswith("policy"):
            values = f"{_short(decision.ours)}, upstream has {_short(decision.theirs)}"
            terminal.say(f"kept ours in {file}: {_path(decision.path)}: {values}")


def _report_conflicts(plan: MergePlan, *, dry_run: bool) -> None:
    for file, conflict in plan.conflicts:
        place = f"{file}:{conflict.line}"
        terminal.say(f"{terminal.style('CONFLICT', 'bad')} {place} {_path(conflict.path)}: {conflict.reason}")
    if dry_run:
        terminal.say("It would stop at these conflicts.")
    else:
        terminal.remark("hint: resolve them (git wild resolve, git mergetool, an editor and git add),")
        terminal.remark("hint: then git wild merge --continue; or git wild merge --abort")


def _short(value: str | None) -> str:
    if value is None:
        return "–"
    line = " ".join(value.split())
    return line if len(line) <= 32 else f"{line[:31]}…"
