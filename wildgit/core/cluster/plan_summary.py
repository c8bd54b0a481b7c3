"""Deploy plans in Markdown, for a comment on a change request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from wildgit.core.cluster.deploy_plan import Action, Plan, Verb
from wildgit.core.markdown import Section, code, details, document, fenced_line, table

_WORDS = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.RECREATE: "made anew",
    Verb.UNCHANGED: "unchanged",
    Verb.PRUNE: "pruned",
    Verb.KEEP: "kept",
}


def plan_summary(
    plans: Sequence[Plan], *, title: str, refusals: Mapping[str, str], gone: Sequence[str] = ()
) -> str:
    """Return what a deploy would do.

    Args:
        plans: one an app, in the order of deploying.
        title: where it is deployed to, in Markdown.
        refusals: app → why there is no plan of it.
        gone: apps that are no more in git, which no deploy removes.
    """
    changed = [plan for plan in plans if plan.has_writes or plan.problems or _listed(plan)]
    sections = [Section(f"## {title}"), Section(_counts(plans) or "Nothing to deploy.")]
    sections += _problems(plans, refusals)
    sections += [section for plan in changed for section in _app(plan)]
    if gone:
        names = ", ".join(map(code, gone))
        advice = code("git wild delete APP")
        sections.append(Section(f"Gone from git, and left in the cluster until {advice}: {names}"))
    quiet = [plan.app for plan in plans if plan not in changed]
    if quiet and changed:
        sections.append(Section(f"Nothing changes in {', '.join(map(code, quiet))}."))
    return document(sections)


def _counts(plans: Sequence[Plan]) -> str:
    total: Counter[str] = Counter()
    for plan in plans:
        total.update(plan.counts())
    parts = [f"{total[verb]} {word}" for verb, word in _WORDS.items() if total[verb]]
    if parts and not any(plan.has_writes for plan in plans):
        return f"**Nothing would change**: {', '.join(parts)}"
    return f"**{', '.join(parts)}**" if parts else ""


def _problems(plans: Sequence[Plan], refusals: Mapping[str, str]) -> list[Section]:
    found = [f"- {code(plan.app)}: {code(problem)}" for plan in plans for problem in plan.problems]
    found += [f"- {code(app)}: {code(reason)}" for app, reason in refusals.items()]
    return [Section("**It can't be deployed like this:**\n", tuple(found))] if found else []


def _app(plan: Plan) -> list[Section]:
    counts = ", ".join(f"{count} {_WORDS[Verb(verb)]}" for verb, count in plan.counts().items())
    rows = [(action.verb.value, _object(action, plan.namespace), _remark(action)) for action in _listed(plan)]
    if not rows:
        return []
    sections = [table(("", "object", ""), rows, title=f"### {code(plan.app)}: {counts}")]
    fields = [line for action in _listed(plan) for line in _fields(action)]
    if fields:
        sections.append(details("Fields that change", fields, fence="diff"))
    return sections


def _listed(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.verb is not Verb.UNCHANGED]


def _object(action: Action, namespace: str) -> str:
    place = action.resource.namespace
    elsewhere = f" in {code(place)}" if place not in ("", namespace) else ""
    return f"{code(action.resource.short)}{elsewhere}"


def _remark(action: Action) -> str:
    if action.note:
        return code(action.note)
    count = len(action.changes)
    return f"{count} field{'s' * (count != 1)}" if count else ""


def _fields(action: Action) -> list[str]:
    """The fields as lines that a forge colours: a change is the old line and the new one."""
    if not action.changes:
        return []
    lines = [f"  {fenced_line(action.resource.short)}"]
    for change in action.changes:
        lines += [fenced_line(line) for line in change.as_diff()]
    return lines
