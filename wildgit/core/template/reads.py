"""The context as templates read it: which paths a rendering depends on, and the context cut down to them.

A path stands for the whole value there, or for nothing being there. Maps that a template only passes
through are not read: `.cloud.domain` reads `("cloud", "domain")` and nothing else of `cloud`. Maps and
lists therefore travel as `Place`s, until something looks at all of them.
What `ds "config"` returns has paths that begin with "config", as if the datasource were a key of the
context; callers that give both pass `project` the two as one mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wildgit.core.template.values import Fault, Path, Place, go_type, is_string


class Reads:
    """Reads values of the context, and keeps what was read."""

    def __init__(self) -> None:
        self.last_null: Path | None = None
        self._used: set[Path] = set()  # the whole value, or its absence
        self._reached: dict[Path, object] = {}  # a list or map that must be there, whatever is in it
        self._tested: dict[Path, dict[str, object]] = {}  # a map that was true, so must have some key

    def reach(self, value: object, path: Path) -> object:
        """Return a value of the context: a scalar, which is read by that; a map or list as its place."""
        if isinstance(value, dict | list):
            self._reached[path] = value
            return Place(value, path)
        self._used.add(path)
        if value is None:
            self.last_null = path
        return value

    def take(self, value: object) -> object:
        """Return the value itself; all of it is read."""
        if type(value) is Place:
            self._used.add(value.path)
            return value.value
        return value

    def truth(self, value: object) -> bool:
        """Tell whether Go takes `value` for true."""
        if type(value) is not Place:
            return bool(value)
        if isinstance(value.value, dict) and value.value:
            self._tested[value.path] = value.value
        else:
            self._used.add(value.path)
        return bool(value.value)

    def fields(self, start: object, names: Path) -> object:
        """Return what `.name.name` of `start` is.

        Raises:
            Fault: with the path of what is missing.
        """
        if not names:
            return start
        if type(start) is Place:
            return self.reach(_follow(start.value, names, start.path), start.path + names)
        return _follow(start, names, None)

    def index(self, item: object, keys: list[object]) -> tuple[object, list[object]]:
        """Return what the leading keys that are names lead to in a place, and the other keys."""
        used = 0
        for key in keys:
            if type(item) is not Place or not isinstance(item.value, dict) or not is_string(key):
                break
            used += 1
            path = (*item.path, key)
            item = self.reach(item.value.get(key), path)
            if item is None and used < len(keys):
                raise Fault(f"{dotted(path)} is not set", path)
        return item, keys[used:]

    def has(self, item: Place, key: str) -> bool:
        """Tell whether the map at a place has the key; reads what stands there, or that nothing does."""
        assert isinstance(item.value, dict)
        self._used.add((*item.path, key))
        return key in item.value

    def shortest(self) -> frozenset[Path]:
        """Return the paths that determine what was rendered, none below another."""
        used = {path for path in self._used if not any(path[:end] in self._used for end in range(len(path)))}
        above = {path[:end] for path in used for end in range(len(path) + 1)}
        for path, tested in self._tested.items():
            if not _is_covered(path, used) and not any((*path, key) in above for key in tested):
                _use((*path, min(tested)), used, above)
        for path, value in self._reached.items():
            if path and path not in above and not _is_covered(path, used):
                _use((*path, min(value)) if isinstance(value, dict) and value else path, used, above)
        return frozenset(used)


def _use(path: Path, used: set[Path], above: set[Path]) -> None:
    used.add(path)
    above.update(path[:end] for end in range(len(path) + 1))


def _is_covered(path: Path, used: set[Path]) -> bool:
    return any(path[:end] in used for end in range(len(path) + 1))


def _follow(value: object, names: Path, path: Path | None) -> object:
    """Return what the names lead to; the path of `value` is for errors."""
    for depth, name in enumerate(names):
        if isinstance(value, dict):
            if name not in value:
                raise _missing(names, depth, path)
            value = value[name]
        elif value is None:
            parent = dotted((path or ()) + names[:depth])
            raise Fault(f"{parent} is null and has no .{name}", None if path is None else path + names)
        else:
            raise Fault(f"a value of type {go_type(value)} has no field .{name}")
    return value


def _missing(names: Path, depth: int, path: Path | None) -> Fault:
    if path is None:
        return Fault(f'the map has no key "{names[depth]}"')
    there = "" if depth + 1 == len(names) else f": there is no {dotted(path + names[: depth + 1])}"
    return Fault(f"{dotted(path + names)} is not set{there}", path + names)


def dotted(path: Path) -> str:
    """Return the path as a template writes it."""
    return "." + ".".join(path)


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
