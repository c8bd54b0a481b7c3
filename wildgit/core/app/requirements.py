"""Which installed app serves which requirement of a package, and in what order apps come."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wildgit.core.app.package import Manifest, Requirement
from wildgit.errors import InputError


def map_requirements(
    manifest: Manifest,
    installed: Mapping[str, str],
    *,
    chosen: Mapping[str, str] | None = None,
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the app that serves each requirement: ref → installed app.

    A choice of the user's comes first, then what was mapped before, then the only installed app of
    the type, then the app that has the type's own name.

    Args:
        manifest: whose `requires` are mapped.
        installed: installed app → the type it provides.
        chosen: ref → app, from the command line.
        known: ref → app, from the instance's manifest.

    Raises:
        InputError: nothing serves a requirement, or several apps do; the hint says what to type.
    """
    wanted = {requirement.ref: requirement for requirement in manifest.requires}
    for ref, app in (chosen or {}).items():
        if ref not in wanted:
            refs = ", ".join(wanted) or "nothing"
            raise InputError(f"{manifest.name} has no requirement {ref!r}", hint=f"it requires {refs}")
        if app not in installed:
            raise InputError(f"app {app!r} is not installed", hint=f"git wild add {app}")
        if installed[app] != wanted[ref].name:
            raise InputError(f"app {app!r} is a {installed[app]}, and {ref} needs a {wanted[ref].name}")
    explicit = {**(known or {}), **(chosen or {})}
    return {
        ref: explicit.get(ref) or _only(requirement, manifest, installed)
        for ref, requirement in wanted.items()
    }


def refuse_cycle(name: str, manifest_of: Callable[[str], Manifest | None]) -> None:
    """Raise InputError where `name` requires itself through others; the message shows the circle.

    Args:
        name: the package to begin at.
        manifest_of: returns the manifest of the package that provides a type; None where there is none.
    """
    done: set[str] = set()

    def visit(kind: str, trail: tuple[str, ...]) -> None:
        if kind in trail:
            circle = " → ".join((*trail[trail.index(kind) :], kind))
            raise InputError(f"the packages require each other in a circle: {circle}")
        if kind in done:
            return
        manifest = manifest_of(kind)
        for requirement in manifest.requires if manifest else ():
            visit(requirement.name, (*trail, kind))
        done.add(kind)

    visit(name, ())


def _only(requirement: Requirement, manifest: Manifest, installed: Mapping[str, str]) -> str:
    serving = sorted(app for app, kind in installed.items() if kind == requirement.name)
    if len(serving) == 1:
        return serving[0]
    if requirement.name in serving:
        return requirement.name
    if serving:
        raise InputError(
            f"{manifest.name} requires a {requirement.name}, and {', '.join(serving)} are installed",
            hint=f"say which: --with {requirement.ref}={serving[0]}",
        )
    raise InputError(
        f"{manifest.name} requires {requirement.name}, which is not installed",
        hint=f"git wild add {requirement.name}",
    )
