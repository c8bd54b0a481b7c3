"""Where a built resource stands in the files it was built from: for findings about what kustomize made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wildgit.core.guard.yaml_nodes import Node, read_nodes
from wildgit.errors import InputError


class ResourcePlaces:
    """The resources of an app's files, by kind and name.

    Args:
        files: path → content, as they are written.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._places: dict[tuple[str, str], tuple[str, Node]] = {}
        for path, content in files.items():
            if path.endswith((".yaml", ".yml")):
                for node in _documents(path, content):
                    key = (node.string("kind"), node.string("metadata", "name"))
                    self._places.setdefault(key, (path, node))

    def find(self, kind: str, name: str, steps: Sequence[str | int] = ()) -> tuple[str, int]:
        """Return the file and the line of a resource, as far down `steps` as its text has them.

        Empty and 0 for what kustomize made up itself.
        """
        path, node = self._places.get((kind, name), ("", None))
        if node is None:
            return "", 0
        line = node.line
        for step in steps:
            if isinstance(step, int):
                if step >= len(node.items or []):
                    break
                node = (node.items or [])[step]
                line = node.line
            else:
                key, below = node.key(step), node.get(step)
                if key is None or below is None:
                    break
                node, line = below, key.line
        return path, line


def _documents(path: str, content: bytes) -> list[Node]:
    try:
        documents = read_nodes(content, path)
    except InputError:
        return []
    return [item for node in documents for item in (node.sequence("items") or [node])]
