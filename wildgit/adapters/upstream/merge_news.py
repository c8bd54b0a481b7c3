"""What there is to say of an upstream merge: for people, and as data for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wildgit.adapters import terminal
from wildgit.adapters.settings import REMOTE
from wildgit.adapters.upstream.merge import MergePlan


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
        terminal.say(known_line(outcome))
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


def known_line(outcome: Outcome) -> str:
    """Return the line about an update branch that waits already."""
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


def _fields(record: object) -> dict[str, object]:
    from dataclasses import asdict

    fields = asdict(record)  # type: ignore[call-overload]
    fields["path"] = _path(fields["path"])
    return dict(fields)


def _path(path: Sequence[object]) -> str:
    return ".".join(str(part) for part in path)


def _short(value: str | None) -> str:
    if value is None:
        return "–"
    line = " ".join(value.split())
    return line if len(line) <= 32 else f"{line[:31]}…"
