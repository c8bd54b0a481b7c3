"""Where an entry of a merge goes."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple[str, ...]


class Place(NamedTuple):
    """The column of an entry's key, and the path that leads to it."""

    indent: int
    path: Path
