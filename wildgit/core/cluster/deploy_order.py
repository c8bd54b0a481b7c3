"""Which app is deployed before which: those that it requires first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wildgit.errors import InputError


def deploy_order(apps: Iterable[str], requires: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the apps and all that they require, each behind what it requires; otherwise in the order given.

    Args:
        apps: what is asked for.
        requires: app → the installed apps that serve its requirements.

    Raises:
        InputError: apps require each other in a circle; the message shows it.
    """
    order: list[str] = []
    done: set[str] = set()

    def visit(app: str, above: tuple[str, ...]) -> None:
        if app in above:
            circle = " → ".join((*above[above.index(app) :], app))
            raise InputError(
                f"these apps require each other: {circle}",
                hint=f"change installedAs in apps/{above[-1]}/manifest.yaml",
            )
        if app in done:
            return
        for required in requires.get(app, ()):
            visit(required, (*above, app))
        done.add(app)
        order.append(app)

    for app in apps:
        visit(app, ())
    return order


def dependants(app: str, requires: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the apps that require `app` themselves, sorted."""
    return sorted(name for name, required in requires.items() if app in required and name != app)
