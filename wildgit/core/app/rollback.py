"""Which earlier revision of an app a rollback means, and what its commit says.

Whoever rolls back means "what was deployed before". Git knows in which order the revisions came, records of
deploys know which of them ran. A rollback is noted in its commit, so that the next one goes on from where
the last one led, rather than back and forth between the same two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

TRAILER = "Wild-Rollback"
ALL = "all"
_MOST_REVISIONS = 200
_TRAILER_VALUE = re.compile(r"(?P<app>\S+) [0-9a-f]+\.\.(?P<target>[0-9a-f]{40,64})")


@dataclass(frozen=True)
class AppRevision:
    """A commit that gave an app (or all of them) another state than the commit before it.

    Attributes:
        commit: its id.
        time: when it was made, RFC 3339.
        subject: of its message.
        state: names the content of folder and section; equal names, equal content; "" for no such app.
        restored: the commit that it rolled the app back to; "" where it is no rollback of it.
        is_rollback: it rolls something back: this app, another one, or all.
    """

    commit: str
    time: str
    subject: str
    state: str
    restored: str = ""
    is_rollback: bool = False


@dataclass(frozen=True)
class Deploy:
    """A deploy that wrote to the cluster.

    Attributes:
        time: when it began, RFC 3339, UTC.
        who: did it.
        state: of the app in the commit that was deployed, as in `AppRevision`.
        succeeded: whether it came to a good end.
    """

    time: str
    who: str
    state: str
    succeeded: bool


@dataclass(frozen=True)
class Choice:
    """Where to go back to.

    Attributes:
        target: the revision.
        reason: why this one, in words that follow "because".
        undone: the revisions that are taken back, newest first.
    """

    target: AppRevision
    reason: str
    undone: tuple[AppRevision, ...]


def effective_history(read: Callable[[str], Iterable[AppRevision]], head: str) -> Iterator[AppRevision]:
    """Yield an app's revisions, newest first, as if what was rolled back had never been.

    Args:
        read: yields the revisions from a commit backwards, the newest first.
        head: where to begin.
    """
    followed: set[str] = set()
    walk = iter(read(head))
    skipped: str | None = None  # the state that a rollback restored, and that its target has, too
    while (revision := next(walk, None)) is not None:
        if revision.state != skipped:
            skipped = None
            yield revision
        if revision.restored and revision.restored not in followed:
            followed.add(revision.restored)
            walk, skipped = iter(read(revision.restored)), revision.state


def choose_revision(
    history: Iterable[AppRevision], deploys: Sequence[Deploy], running: str = ""
) -> Choice | None:
    """Return the revision that was deployed before what runs now; None where there is none.

    Records of deploys count only if the last of them is what runs: else somebody deploys elsewhere, and
    what was deployed from here may be months old. Then it is the revision before the last change.

    Args:
        history: as `effective_history` yields it from HEAD.
        deploys: what is known of deploys, oldest first.
        running: the state that the cluster itself says it runs; "" where it was not asked or does not know.
    """
    last = deploys[-1].state if deploys else ""
    is_recorded = bool(last) and running in ("", last)
    walk = iter(history)
    newer = list(_until(walk, last if is_recorded else running))
    if not newer:
        return None
    present = (last if is_recorded else running) or newer[0].state
    if newer[-1].state != present:  # it was deployed from elsewhere: HEAD itself may be what was before
        walk, newer = chain(newer, walk), []
    good = {deploy.state: deploy for deploy in deploys if deploy.succeeded} if is_recorded else {}
    fallback: Choice | None = None
    for revision in islice(walk, _MOST_REVISIONS):
        if revision.state not in ("", present):
            if revision.state in good:
                deploy = good[revision.state]
                return Choice(revision, f"{deploy.who} deployed it at {_minute(deploy.time)}", tuple(newer))
            fallback = fallback or Choice(revision, _without_record(is_recorded), tuple(newer))
            if not good:
                break
        newer.append(revision)
    return fallback


def _until(walk: Iterator[AppRevision], state: str) -> Iterator[AppRevision]:
    """The revisions up to the first with this state; the first one for no state; all where it never comes."""
    for revision in islice(walk, _MOST_REVISIONS):
        yield revision
        if not state or revision.state == state:
            return


def _minute(time: str) -> str:
    return f"{time[:16].replace('T', ' ')} UTC"


def _without_record(is_recorded: bool) -> str:
    if is_recorded:
        return "it is the revision before; no deploy of an earlier one is on record here"
    return "it is the revision before the last change; what was deployed is not on record here"


def restored_by(trailers: Iterable[str], app: str) -> str:
    """Return the commit that a commit with these trailers rolled an app back to; "" for none."""
    for value in trailers:
        match = _TRAILER_VALUE.fullmatch(value.strip())
        if match and match["app"] in (app, ALL):
            return match["target"]
    return ""


def rollback_message(app: str, head: str, choice: Choice, *, emergency: bool, version: str) -> str:
    """Return the message of the commit: where to, why, what it undoes, and a trailer for the next rollback.

    Args:
        app: whose; `ALL` for all.
        head: the commit it goes back from.
        choice: where to.
        emergency: it was deployed before it was committed.
        version: of the package there; "" where it has none.
    """
    target = choice.target
    what = f"{version} as of {target.commit[:7]}" if version else target.commit[:7]
    lines = [f"{'emergency' if emergency else 'rollback'}({app}): Back to {what}", ""]
    lines.append(f"That is {target.subject!r} of {target.time}.")
    if choice.reason:
        lines.append(f"It was chosen because {choice.reason}.")
    if choice.undone:
        name = "all apps" if app == ALL else app
        lines += [
            "",
            f"Undoes for {name}:",
            *(f"- {each.commit[:7]} {each.subject}" for each in choice.undone),
        ]
    return "\n".join([*lines, "", f"{TRAILER}: {app} {head}..{target.commit}", ""])
