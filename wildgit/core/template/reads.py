"""Which parts of the context a rendering depends on, and the context cut down to them.

A path stands for the whole value there, or for nothing being there. Maps that a template only passes
through are not read: `.cloud.domain` reads `("cloud", "domain")` and nothing else of `cloud`.
What `ds "config"` returns has paths that begin with "config", as if the datasource were a key of the
context; callers that give both pass `project` the two as one mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Path = tuple[str, ...]


class Reads:
    """Collects, while a template runs, what it depends on."""

    def __init__(self) -> None:
        self.used: set[Path] = set()  # the whole value, or its absence
        self.reached: dict[Path, object] = {}  # a list or map that must be there, whatever is in it
        self.tested: dict[Path, dict[str, object]] = {}  # a map that was true, so must have some key

    def shortest(self) -> frozenset[Path]:
        """Return the paths that determine what was rendered, none below another."""
        used = _without_covered(self.used)
        for path, tested in self.tested.items():
            is_shown = any(
                _is_covered((*path, key), used) or _has_below(used, (*path, key)) for key in tested
            )
            if not is_shown:
                used.add((*path, min(tested)))
        for path, value in self.reached.items():
            if not _is_covered(path, used) and not _has_below(used, path):
                used.add((*path, min(value)) if isinstance(value, dict) and value else path)
        return frozenset(_without_covered(used))


def _is_covered(path: Path, used: set[Path]) -> bool:
    return any(path[:length] in used for length in range(len(path) + 1))


def _has_below(used: set[Path], path: Path) -> bool:
    return any(other[: len(path)] == path for other in used)


def _without_covered(used: set[Path]) -> set[Path]:
    return {path for path in used if not any(path[:length] in used for length in range(len(path)))}


def project(values: object, reads: Iterable[Path]) -> object:
    """Return `values` with nothing but what stands at the paths; rendering with it gives the same text.

    Where a path leads to nothing, the maps on the way stay, so that it still leads to nothing.
    """
    wanted: dict[str, list[Path]] = {}
    for path in reads:
        if not path or not isinstance(values, Mapping):
            return values
        wanted.setdefault(path[0], []).append(path[1:])
    if not isinstance(values, Mapping):
        return values
    return {key: project(value, wanted[key]) for key, value in values.items() if key in wanted}
