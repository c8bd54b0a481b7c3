"""What a deploy says while it runs: lines, a live table on a terminal, or JSON events for scripts.

Lines of progress go to stderr, as all remarks do; JSON events and the plan of a dry run are the result, and
go to stdout.
"""

from __future__ import annotations

import json
import sys
import threading

from wildgit.adapters import terminal
from wildgit.adapters.cluster.operations import now
from wildgit.core.cluster.changes import Changes
from wildgit.core.cluster.deploy_plan import Action, Plan, Verb
from wildgit.core.cluster.environment import Environment
from wildgit.core.cluster.events import DONE, FAILED, NOTE, WAITING, Event, Report

_SIGNS = {
    Verb.CREATE: ("+", "good"),
    Verb.UPDATE: ("~", "doubtful"),
    Verb.RECREATE: ("±", "doubtful"),
    Verb.PRUNE: ("-", "bad"),
    Verb.KEEP: ("!", "doubtful"),
}
_STATE_STYLES = {DONE: "good", FAILED: "bad", WAITING: "doubtful"}


class News:
    """Shows events as they come. `close` ends a live table."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._is_live = not as_json and terminal.is_live(sys.stderr)
        self._rows: dict[tuple[str, str], tuple[str, str]] = {}
        self._height = 0
        self._lock = threading.Lock()  # objects of one rank are applied, and told, at once

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            self._show(event)

    def _show(self, event: Event) -> None:
        if self._as_json:
            terminal.say(json.dumps({"time": now(), **event.as_json()}, ensure_ascii=False))
        elif event.step == "wait" and self._is_live:
            self._rows[event.app, event.resource] = (event.state, event.message)
            self._draw()
        elif event.state == NOTE:
            self._line(f"{event.app}: {event.message}")
        elif event.resource:
            style = _STATE_STYLES.get(event.state, "quiet")
            self._line(f"{event.app}: {event.resource} {terminal.style(event.message, style, sys.stderr)}")
        elif event.state == FAILED:
            self._line(f"{event.app}: {terminal.style('failed:', 'bad', sys.stderr)} {event.message}")

    def close(self) -> None:
        """Leave the table as it stands and go on below it."""
        self._rows.clear()
        self._height = 0

    def _line(self, text: str) -> None:
        self._erase()
        terminal.remark(text)
        self._draw()

    def _erase(self) -> None:
        if self._height:
            sys.stderr.write(f"\x1b[{self._height}F\x1b[J")
            self._height = 0

    def _draw(self) -> None:
        if not self._rows:
            return
        import shutil

        self._erase()
        columns, lines = shutil.get_terminal_size()
        width = max(len(f"{app} {resource}") for app, resource in self._rows)
        for (app, resource), (state, text) in list(self._rows.items())[-(lines - 2) :]:
            label = f"{app} {resource}".ljust(width)
            cut = text[: max(columns - width - 3, 10)]
            terminal.remark(f"{label}  {terminal.style(cut, _STATE_STYLES.get(state, 'quiet'), sys.stderr)}")
            self._height += 1


def say_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what a deploy would do."""
    if as_json:
        terminal.say(json.dumps(plan_json(plan), ensure_ascii=False))
        return
    changed = [action for action in plan.actions if action.verb is not Verb.UNCHANGED]
    for action in changed:
        _say_action(action, plan.namespace)
    for problem in plan.problems:
        terminal.say(f"{terminal.style('refused', 'bad')} {problem}")
    if not changed and not plan.problems:
        terminal.say(f"{plan.app}: nothing would change")
    else:
        terminal.say(f"{plan.app}: {counts_text(plan)}")


def say_changes(changes: Changes, environment: Environment, report: Report) -> None:
    """Tell which apps will be deployed and why, and what is left to the user."""
    for change in changes.changed:
        report(Event(change.app, "changed", NOTE, message=change.reason))
    for app in changes.excluded:
        report(Event(app, "changed", NOTE, message=f"left out of {environment.name}; named, it is deployed"))
    for app in changes.gone:
        message = f"is deployed and no longer in git; to delete it and its data: git wild delete {app}"
        report(Event(app, "changed", NOTE, message=message))
    for app, note in changes.notes.items():
        report(Event(app, "changed", NOTE, message=note))
    for app, why in changes.held.items():
        report(Event(app, "changed", NOTE, message=why))
    if not changes.changed and not changes.held:
        terminal.remark("nothing to deploy: what git has is deployed")


def counts_text(plan: Plan) -> str:
    """Return `2 created, 1 updated, 5 unchanged`."""
    words = {
        "create": "created",
        "update": "updated",
        "recreate": "made anew",
        "unchanged": "unchanged",
        "prune": "pruned",
        "keep": "kept",
    }
    return ", ".join(f"{count} {words[verb]}" for verb, count in plan.counts().items())


def plan_json(plan: Plan) -> dict[str, object]:
    """Return a plan for scripts."""
    return {
        "app": plan.app,
        "namespace": plan.namespace,
        "actions": [
            {
                "action": action.verb.value,
                "resource": str(action.resource),
                "changes": [str(change) for change in action.changes],
                **({"note": action.note} if action.note else {}),
            }
            for action in plan.actions
        ],
        "problems": list(plan.problems),
    }


def _say_action(action: Action, namespace: str) -> None:
    sign, style = _SIGNS[action.verb]
    place = "" if action.resource.namespace in ("", namespace) else f" in {action.resource.namespace}"
    note = f" ({action.note})" if action.note else ""
    terminal.say(f"{terminal.style(f'{sign} {action.resource.short}', style)}{place}{note}")
    if action.take_over:
        terminal.say("    taken over from kubectl")
    for change in action.changes:
        terminal.say(f"    {change}")
