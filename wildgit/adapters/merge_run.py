"""One run of an upstream merge, as `merge` and `update` both do it: planned, written, reported."""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.adapters import terminal
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import REMOTE, Settings, read_settings
from wildgit.adapters.upstream import find_upstream
from wildgit.adapters.upstream_merge import MergePlan, plan_merge, write_merge
from wildgit.core.merge import MergeOptions
from wildgit.core.merge.policy import KEEP_OWN_SIZES
from wildgit.errors import NO, OK


def merge_upstream(
    instance: Instance,
    apps: Sequence[str] = (),
    *,
    revision: str | None = None,
    favor: str | None = None,
    dry_run: bool = False,
    explain: bool = False,
    as_json: bool = False,
) -> int:
    """Merge upstream into the instance and say what happened.

    Args:
        instance: where.
        apps: only these; all when empty.
        revision: an upstream revision; its branch's tip when None.
        favor: `ours` or `theirs` settles every conflict, as git's -X does.
        dry_run: plan and report only.
        explain: report every field where the sides differ.
        as_json: report as one JSON document.

    Returns:
        0, or 1 where conflicts are left.
    """
    repo = Repo(instance.root)
    settings = read_settings(instance.root)
    state = MergeState(repo)
    with state.exclusive():
        if not dry_run:
            state.refuse_if_busy()
        upstream = find_upstream(repo, settings, revision)
        plan = plan_merge(
            instance,
            repo,
            settings,
            upstream,
            apps=apps,
            options=merge_options(settings, favor, explain=explain),
        )
        commit = None
        if not dry_run and not plan.is_empty:
            commit = write_merge(plan, instance, state)
    if as_json:
        terminal.say_json(describe(plan, commit, written=not dry_run))
    else:
        report(plan, commit, dry_run=dry_run, explain=explain)
    return NO if plan.conflicts else OK


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


def report(plan: MergePlan, commit: str | None, *, dry_run: bool, explain: bool) -> None:
    """Print what the plan did, or would do."""
    for name in plan.gone:
        terminal.warn(f"{name} is gone from upstream; its files stay as they are")
    if plan.is_empty:
        terminal.say("Already up to date.")
        return
    _report_apps(plan)
    for owner, key in plan.secrets:
        terminal.say(f"{'would add' if dry_run else 'added'} the secret apps.{owner}.{key}")
    if explain:
        _report_decisions(plan)
    else:
        _report_policies(plan)
    if plan.conflicts:
        _report_conflicts(plan, dry_run=dry_run)
    elif dry_run:
        terminal.say("It would merge cleanly.")
    elif commit:
        terminal.say(f"Merged {REMOTE}/{plan.upstream.branch} as {commit[:7]}.")
        if plan.updates:
            terminal.remark(
                f"hint: git wild deploy {' '.join(update.step.app.name for update in plan.updates)}"
            )


def describe(plan: MergePlan, commit: str | None, *, written: bool) -> dict[str, object]:
    """Return the plan as data for scripts; secrets by key only."""
    return {
        "upstream": plan.upstream.commit,
        "branch": plan.upstream.branch,
        "commit": commit,
        "written": written and not plan.is_empty,
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
