"""In which order apps are updated when each has a commit of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence


def commit_groups(apps: Sequence[str], requires: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """Return the apps in groups that are committed one after the other, those that others require first.

    Apps that require each other are one group: each is rendered with the other's new values, so neither can
    be right without the other. (Tarjan's strongly connected components, which come out in this order.)

    Args:
        apps: what is updated.
        requires: app → the installed apps that serve its requirements; others than `apps` don't matter.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_apps: list[str] = []
    groups: list[tuple[str, ...]] = []

    def visit(app: str) -> None:
        number[app] = lowest[app] = len(number)
        open_apps.append(app)
        for required in sorted(requires.get(app, ())):
            if required not in apps:
                continue
            if required not in number:
                visit(required)
            if required in open_apps:
                lowest[app] = min(lowest[app], lowest[required])
        if lowest[app] == number[app]:
            start = open_apps.index(app)
            groups.append(tuple(sorted(open_apps[start:])))
            del open_apps[start:]

    for app in apps:
        if app not in number:
            visit(app)
    return groups


def clean_groups(
    groups: Iterable[tuple[str, ...]], requires: Mapping[str, Collection[str]], conflicting: Collection[str]
) -> list[tuple[str, ...]]:
    """Return the groups without conflicts, and without any that requires one with conflicts."""
    held: set[str] = set()
    clean = []
    for group in groups:
        needed = set(group).union(*(requires.get(app, ()) for app in group))
        if needed & (held | set(conflicting)):
            held |= set(group)
        else:
            clean.append(group)
    return clean
