"""What there is to say of drift: a line for each app, a line for each difference, or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wildgit.adapters import terminal
from wildgit.adapters.cluster.drift.run import AppDrift, look_for_drift
from wildgit.adapters.instance import Instance
from wildgit.core.cluster.drift.difference import Difference, DriftClass
from wildgit.core.cluster.drift.ignore_rules import IgnoreRule
from wildgit.core.cluster.field_diff import ABSENT, HIDDEN
from wildgit.core.cluster.field_ownership import Writer
from wildgit.errors import FAILED, NO, OK, WildgitError

if TYPE_CHECKING:
    from wildgit.adapters.cluster.drift.accept_run import Accepted

_MAX_SHOWN = 60
_STEPS_S = ((86400, "day"), (3600, "hour"), (60, "minute"))


def say_drift(found: Sequence[AppDrift], *, verbose: bool) -> None:
    """Print a line for each app and, below it, what differs; with `verbose` also what is nobody's to do."""
    for each in found:
        terminal.say(summary(each))
        if verbose and each.record and each.record.is_finished:
            record = each.record
            terminal.say(f"    deployed {record.commit}, {record.deployed_at}, {record.deployed_by}")
        for note in each.notes:
            terminal.say(f"    {terminal.style(note, 'quiet')}")
        for difference in each.differences:
            if verbose or not (difference.kind.is_quiet or difference.ignored):
                terminal.say(f"    {_line(difference)}")


def say_hints(found: Sequence[AppDrift]) -> None:
    """Print on stderr what to type next."""
    drifted = " ".join(each.app for each in found if each.has_drift)
    kinds = {each.app: {d.kind for d in each.differences if d.counts} for each in found}
    reverted = " ".join(app for app, counting in kinds.items() if counting - {DriftClass.EXTRA})
    pending = " ".join(
        each.app for each in found if _counted(each)[DriftClass.PENDING] and not each.rolled_back
    )
    for each in found:
        if each.rolled_back:
            terminal.remark(
                f"hint: git wild rollback {each.app} --to {each.rolled_back[:12]} commits what runs"
            )
    if reverted:
        terminal.remark(f"hint: git wild deploy {reverted} puts git's state back")
    if drifted:
        terminal.remark(f"hint: git wild drift {drifted} --accept takes the cluster's state into git")
    elif pending:
        terminal.remark(f"hint: git wild deploy {pending}")


def say_expired(rules: Iterable[IgnoreRule]) -> None:
    """Warn of rules whose time is over."""
    for rule in rules:
        terminal.warn(
            f"the rule for {rule.key} ended on {rule.until} and no longer counts: {rule.reason}",
            hint=f'remove [wild-ignore "{rule.key}"] from .wildconfig, or give it another day',
        )


def say_accepted(app: str, done: Sequence[Accepted]) -> None:
    """Print what became of each difference that was to be accepted."""
    for each in done:
        resource, field = each.difference.resource, each.difference.field
        what = f"{app}: {resource.short if resource else ''} {field}".rstrip()
        word, style = ("refused", "bad") if each.is_refused else ("accepted", "good")
        terminal.say(f"{terminal.style(word, style)} {what}: {each.text}")


def summary(each: AppDrift) -> str:
    """Return the line of one app: `web: 2 drifted, 1 pending`."""
    name = terminal.style(each.app, "name")
    if each.problem:
        return f"{name}: {terminal.style('could not look:', 'bad')} {each.problem}"
    counts = _counted(each)
    words = [f"{counts[kind]} {kind.value}" for kind in DriftClass if counts[kind] and not kind.is_quiet]
    ignored = sum(1 for difference in each.differences if difference.ignored)
    words += [f"{ignored} ignored"] if ignored else []
    clean = [] if each.has_drift else [terminal.style("no drift", "good")]
    return f"{name}: {', '.join([*clean, *words])}"


def exit_code(found: Sequence[AppDrift]) -> int:
    """Return 3 where some app could not be looked at, 1 where there is drift, else 0."""
    if any(each.problem for each in found):
        return FAILED
    return NO if any(each.has_drift for each in found) else OK


def drift_json(each: AppDrift) -> dict[str, object]:
    """Return the drift of one app for scripts."""
    record = each.record
    return {
        "app": each.app,
        "drift": each.has_drift,
        "deployed": record.commit if record else "",
        "deployed_at": record.deployed_at if record else "",
        "deployed_by": record.deployed_by if record else "",
        "rolled_back": each.rolled_back,
        "notes": list(each.notes),
        **({"problem": each.problem} if each.problem else {}),
        "differences": [_difference_json(difference) for difference in each.differences],
    }


def report_drift(instance: Instance, apps: Sequence[str], environment: str | None = None) -> int:
    """Look at apps and print one line for each to stderr, after a deploy for instance; never raises ours.

    Returns:
        The exit code that `git wild drift` would have.
    """
    try:
        found, _ = look_for_drift(instance, apps, environment)
    except WildgitError as error:
        terminal.warn(f"could not look for drift: {error.message}", hint=error.hint)
        return FAILED
    for each in found:
        terminal.remark(summary(each))
    return exit_code(found)


def _counted(each: AppDrift) -> Counter[DriftClass]:
    return Counter(difference.kind for difference in each.differences if not difference.ignored)


def _difference_json(difference: Difference) -> dict[str, object]:
    resource, writer, rule = difference.resource, difference.writer, difference.ignored
    values = {
        key: value
        for key, value in (("cluster", difference.live), ("git", difference.wanted))
        if difference.path and value is not ABSENT
    }
    said: dict[str, object] = {"class": difference.kind.value, "drift": difference.counts}
    if resource:
        said |= {"kind": resource.kind, "namespace": resource.namespace, "name": resource.name}
    if difference.path:
        said |= {"field": difference.field, **values}
    if writer:
        said |= {"manager": writer.manager, "time": writer.time, "subresource": writer.subresource}
    if difference.note:
        said["file" if resource is None else "note"] = difference.note
    if rule:
        said["ignored"] = {"reason": rule.reason, "until": rule.until}
    return said


def _line(difference: Difference) -> str:
    styles = {DriftClass.PENDING: "doubtful", DriftClass.UNCOMMITTED: "doubtful"}
    style = "bad" if difference.kind.is_drift else styles.get(difference.kind, "quiet")
    word = terminal.style(f"{difference.kind.value:11}", style)
    if difference.resource is None:
        return f"{word} {difference.note}"
    what = f"{difference.resource.short} {difference.field}".strip()
    remarks = [text for text in (_who(difference), difference.note) if text]
    remarks += (
        [f"ignored until {difference.ignored.until}: {difference.ignored.reason}"]
        if difference.ignored
        else []
    )
    tail = f" ({'; '.join(remarks)})" if remarks else ""
    return f"{word} {what}{_values(difference)}{tail}"


def _values(difference: Difference) -> str:
    if not difference.path:
        return ""
    live, wanted = difference.live, difference.wanted
    if HIDDEN in (live, wanted) and live is not ABSENT and wanted is not ABSENT:
        return " differs"
    if difference.kind is DriftClass.INTENTIONAL:
        return f" is {_shown(live)}, as git says"
    return f" is {_shown(live)}, git says {_shown(wanted)}"


def _shown(value: object) -> str:
    if value is ABSENT:
        return "nothing"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=repr)
    first, *rest = text.splitlines() or [""]
    cut = first[:_MAX_SHOWN]
    return f"{cut}…" if rest or cut != first else cut


def _who(difference: Difference) -> str:
    if difference.kind in (DriftClass.MISSING, DriftClass.PENDING) or not difference.kind.is_drift | (
        difference.kind.is_quiet
    ):
        return ""
    writer = difference.writer
    if writer is None:
        is_told = difference.note or not difference.path or difference.kind is DriftClass.INTENTIONAL
        return "" if is_told else "by whom is not recorded"
    return ", ".join(part for part in (_name(writer), _ago(writer.time)) if part)


def _name(writer: Writer) -> str:
    if writer.subresource and not writer.manager:
        return f"through {writer.subresource}, by whom this server does not record"
    return writer.manager + (f" through {writer.subresource}" if writer.subresource else "")


def _ago(timestamp: str) -> str:
    try:
        age_s = (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()
    except (ValueError, TypeError):
        return ""
    for step_s, word in _STEPS_S:
        if age_s >= step_s:
            count = int(age_s // step_s)
            return f"{count} {word}{'s' * (count > 1)} ago"
    return "just now"
