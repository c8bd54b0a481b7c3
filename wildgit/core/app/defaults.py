"""`defaultConfig` of a package, resolved: as values, and as text for config.yaml.

String values may be templates over the world and over one another (`.app.port`). The text keeps the
package's own comments, quotes and order, so that config.yaml explains itself and merges by lines
that did not move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from wildgit.core.app.package import MANIFEST, Package
from wildgit.core.yaml_text import dump_yaml, scalar_text
from wildgit.errors import InputError

if TYPE_CHECKING:
    import yaml

Path = tuple[str, ...]
_OPEN = "{{"


def resolve_defaults(
    package: Package, world: Mapping[str, object], app: str
) -> tuple[dict[str, object], frozenset[Path]]:
    """Return the defaults with every template rendered, and the paths of the world that they read.

    Args:
        package: whose manifest has the defaults.
        world: see `render.build_world`. What the app's own part sets already is what `.app.…` reads;
            the rest comes from the defaults themselves, in whatever order they need one another.
        app: the installed name.

    Raises:
        InputError: a value is missing, or defaults that read each other in a circle.
    """
    from wildgit.core.template import parse

    source = f"{package.path}/{MANIFEST}" if package.path else MANIFEST
    own_path = ("app",) if "app" in world else ("apps", app)
    overrides = dict(_leaves(_at(world, own_path)))
    resolved = dict(_leaves(package.manifest.default_config))
    waiting = {path: text for path, text in resolved.items() if isinstance(text, str) and _OPEN in text}
    reads: set[Path] = set()
    while waiting:
        known = {path: value for path, value in resolved.items() if path not in waiting}
        context = {**world, "app": _nest({**known, **overrides})}
        failures: list[InputError] = []
        for path, text in list(waiting.items()):
            where = f"{source} (defaultConfig.{'.'.join(path)})"
            try:
                rendered = parse(text, where).render(context, hint=lambda missing: _hint(missing, app))
            except InputError as error:
                failures.append(error)
                continue
            resolved[path] = rendered.text
            reads |= {(*own_path, *read[1:]) if read[:1] == ("app",) else read for read in rendered.reads}
            del waiting[path]
        if failures and len(failures) == len(waiting):
            raise failures[0]
    return _nest(resolved), frozenset(reads)


def defaults_text(package: Package, resolved: Mapping[str, object]) -> str:
    """Return `resolved` as block YAML at column 0, in the words of the package's own manifest.

    Falls back to plain YAML where the manifest's text can't be used (flow style, anchors).
    """
    text = (
        package.files[MANIFEST].data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    )
    block = _default_config_block(text, resolved)
    if block is None:
        return dump_yaml(dict(resolved)) if resolved else ""
    return block


def _default_config_block(text: str, resolved: Mapping[str, object]) -> str | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if "&" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
        return None
    root = yaml.compose(text, Loader=loader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, node in root.value:
        if key.value == "defaultConfig":
            if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
                return None
            return _cut(text, key, node, resolved)
    return None


def _cut(text: str, key: yaml.Node, node: yaml.MappingNode, resolved: Mapping[str, object]) -> str | None:
    """The lines of the block, its templates replaced, moved to column 0."""
    spans = list(_changed_spans(node, resolved))
    start = text.index("\n", key.end_mark.index) + 1
    end = _content_end(node, text)
    for begin, stop, replacement in sorted(spans, reverse=True):
        text = text[:begin] + replacement + text[stop:]
        end += len(replacement) - (stop - begin)
    margin = node.start_mark.column
    lines = text[start:end].split("\n")
    if any(line[:margin].strip() and not line.lstrip().startswith("#") for line in lines):
        return None
    moved = [line[margin:] if not line[:margin].strip() else line.lstrip() for line in lines]
    return "\n".join(moved).rstrip("\n") + "\n"


def _changed_spans(node: yaml.MappingNode, resolved: Mapping[str, object]) -> Iterator[tuple[int, int, str]]:
    import yaml

    for key, value in node.value:
        wanted = resolved.get(key.value)
        if isinstance(value, yaml.MappingNode) and isinstance(wanted, Mapping):
            yield from _changed_spans(value, wanted)
        elif isinstance(value, yaml.ScalarNode) and isinstance(wanted, str) and value.value != wanted:
            style = value.style if value.style in ("'", '"') else None
            yield (
                value.start_mark.index,
                value.end_mark.index,
                scalar_text(wanted, style=style) + ("\n" if value.style in ("|", ">") else ""),
            )


def _content_end(node: yaml.Node, text: str) -> int:
    """Where the last line of content ends: a block collection's own end mark lies behind its comments."""
    import yaml

    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    if isinstance(last, yaml.ScalarNode) and last.style in ("|", ">"):
        return int(last.end_mark.index)
    line_end = text.find("\n", last.end_mark.index)
    return len(text) if line_end < 0 else line_end


def _leaves(values: Mapping[str, object], prefix: Path = ()) -> Iterator[tuple[Path, object]]:
    for key, value in values.items():
        path = (*prefix, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _at(values: Mapping[str, object], path: Path) -> Mapping[str, object]:
    value: object = values
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _nest(leaves: Mapping[Path, object]) -> dict[str, object]:
    root: dict[str, object] = {}
    for path, value in leaves.items():
        folder = root
        for key in path[:-1]:
            inner = folder.get(key)
            if not isinstance(inner, dict):
                inner = folder[key] = {}
            folder = inner
        folder[path[-1]] = value
    return root


def _hint(missing: Path, app: str) -> str | None:
    if not missing:
        return None
    path = ("apps", app, *missing[1:]) if missing[0] == "app" else missing
    return f"git wild config set {'.'.join(path)} VALUE"
