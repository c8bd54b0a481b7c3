"""One value of a YAML file set or removed, and not a byte of the rest.

An edit is a three-way merge: the file is ours, and theirs differs from base in nothing but the edit.
So comments, quotes, indentation and order stay, by the same engine that keeps them in a merge. The
result is read back and compared; should it not say what was asked (a flow mapping, an anchor in the
way), ruamel.yaml's round trip does the edit instead.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wildgit.core.merge import MergeOptions, merge3
from wildgit.core.yaml_text import dump_yaml, scalar_text
from wildgit.core.yaml_values import is_same, load_mapping, load_yaml
from wildgit.errors import InputError

if TYPE_CHECKING:
    from wildgit.core.merge.yaml_entry import Entry

Path = tuple[str, ...]
_Edit = Callable[[Any], None]


def parse_path(text: str) -> Path:
    """Return `apps.ghost.port` as a path from the root of the file.

    Raises:
        InputError: it is empty or has an empty part.
    """
    path = tuple(text.split("."))
    if not all(path):
        raise InputError(f"{text!r} is no path", hint="write it like apps.ghost.port")
    return path


def get_value(values: Mapping[str, object], path: Path) -> object:
    """Return what lies at `path`.

    Raises:
        KeyError: nothing does.
    """
    found: object = values
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            raise KeyError(".".join(path))
        found = found[key]
    return found


def set_value(text: bytes, path: Path, value: object, source: str) -> bytes:
    """Return the file with `value` at `path`, mappings made on the way where there are none.

    Raises:
        InputError: the file is broken, something on the way is no mapping, or `value` is none and would take
            the place of one with all that is in it.
    """
    values = load_mapping(text, source)
    try:
        present = get_value(values, path)
        old = _nest(path, present)
    except KeyError:
        present, old = None, {}
    if old and is_same(old, _nest(path, value)):
        return text
    _refuse_other_than_mapping(values, path, source)
    if present and isinstance(present, Mapping) and not isinstance(value, Mapping):
        name = ".".join(path)
        raise InputError(
            f"{name} is a mapping, and one value would replace all of it",
            source=source,
            hint=f"write the whole path, like {name}.{next(iter(present))}",
        )

    def edit(document: Any) -> None:
        _assign(document, path, value)

    return _edited(text, values, old, _nest(path, value), edit)


def unset_value(text: bytes, path: Path, source: str) -> bytes:
    """Return the file without what lies at `path`; the mapping it lay in stays, empty if need be.

    Raises:
        InputError: the file is broken.
        KeyError: nothing lies there.
    """
    values = load_mapping(text, source)
    old = _nest(path, get_value(values, path))

    def edit(document: Any) -> None:
        del get_parent(document, path)[path[-1]]

    return _edited(text, values, old, _nest(path[:-1], {}) if path[:-1] else {}, edit)


def add_defaults(text: bytes, section: bytes, source: str) -> bytes:
    """Return the file with what `section` has and the file has not; what is there stays as it is.

    Args:
        text: the file.
        section: YAML text of the additions, from the root of the file, in the words to be used.
        source: the file, for messages.
    """
    values = load_mapping(text, source)
    wanted = load_yaml(section, source)

    def edit(document: Any) -> None:
        _fill(document, wanted)

    expected = copy.deepcopy(values)
    edit(expected)
    if is_same(expected, values):
        return text
    merged = merge3(b"", text, section, path=source, options=MergeOptions(favor="ours"))
    return merged.text if _says(merged.text, expected) else _round_trip(text, edit)


def add_secrets(text: bytes, added: Mapping[tuple[str, str], str]) -> bytes:
    """Return secrets.yaml with the secrets that are not in it yet: (app, key) → value."""
    apps: dict[str, dict[str, str]] = {}
    for (app, key), value in added.items():
        apps.setdefault(app, {})[key] = value
    return add_defaults(text, dump_yaml({"apps": apps}).encode(), "secrets.yaml")


def take_entry(text: bytes, other: bytes, path: Path, source: str) -> bytes:
    """Return the file with the entry at `path` as another version of the file has it, comments included.

    Every other entry keeps its bytes. What the other version does not have goes; what only it has comes
    behind its siblings. Where the text can't be taken over (a flow mapping, an alias), the value is.

    Raises:
        InputError: one of the files is broken.
    """
    values, wanted = load_mapping(text, source), load_mapping(other, source)
    is_there, is_wanted = _has(values, path), _has(wanted, path)
    if not is_there and not is_wanted:
        return text
    expected = copy.deepcopy(values)
    if is_wanted:
        _refuse_other_than_mapping(values, path, source)
        _assign(expected, path, get_value(wanted, path))
    else:
        del get_parent(expected, path)[path[-1]]
    grafted = _grafted(text, other, path)
    if grafted is not None and _says(grafted, expected):
        return grafted
    # Removed first: setting alone would keep the keys that the other version has not.
    bare = unset_value(text, path, source) if is_there else text
    return set_value(bare, path, get_value(wanted, path), source) if is_wanted else bare


def _grafted(text: bytes, other: bytes, path: Path) -> bytes | None:
    """The text with the other's entry in place of its own; None where a layout stands in the way."""
    from wildgit.core.merge.yaml_data import Values
    from wildgit.core.merge.yaml_entry import entry_lines
    from wildgit.core.merge.yaml_tree import Unstructured, parse

    values = Values()
    try:
        [ours] = parse(_whole_lines(text), values).documents
        [theirs] = parse(_whole_lines(other), values).documents
        wanted, place = _find_entry(theirs, path), path
        holder, model = _find_entry(ours, path[:-1]), _find_entry(theirs, path[:-1])
        if wanted and model and holder and holder.value in ("", "{}") and holder.block is None:
            wanted, place = _with_only(model, wanted)._replace(head=holder.head), path[:-1]
        changed = _with_entry(ours, place, wanted)
        grafted = "".join(f"{line}\n" for line in entry_lines(changed, 0)).encode() if changed else None
    except (Unstructured, ValueError):  # ValueError: several documents
        return None
    return grafted if grafted is None or text.endswith(b"\n") else grafted.removesuffix(b"\n")


def _find_entry(entry: Entry, path: Path) -> Entry | None:
    found: Entry | None = entry
    for key in path:
        entries = found.block.entries if found is not None and found.block is not None else ()
        found = next((each for each in entries if each.name == key and not each.is_note), None)
    return found


def _with_entry(entry: Entry, path: Path, wanted: Entry | None) -> Entry | None:
    """The entry with `wanted`, or nothing, at `path`; None where a mapping on the way is no block."""
    from wildgit.core.merge.yaml_entry import Block

    block = entry.block
    if block is None or block.kind != "map":
        return None
    entries = list(block.entries)
    place = next((i for i, each in enumerate(entries) if each.name == path[0] and not each.is_note), -1)
    if len(path) > 1:
        inner = _with_entry(entries[place], path[1:], wanted) if place >= 0 else None
        if inner is None:
            return None
        entries[place] = inner
    else:
        here = place if place >= 0 else len(entries)
        entries[here : here + 1] = [wanted] if wanted is not None else []
    made = Block(block.kind, block.column, lambda: tuple(entries), inline=block.inline)
    return entry._replace(block=made, source=None)


def _with_only(entry: Entry, inner: Entry) -> Entry:
    """The entry, which has a block, with nothing but `inner` in it."""
    from wildgit.core.merge.yaml_entry import Block

    block = entry.block
    assert block is not None
    return entry._replace(
        block=Block(block.kind, block.column, lambda: (inner,), inline=False), foot=(), source=None
    )


def _whole_lines(text: bytes) -> str:
    decoded = text.decode("utf-8")
    return decoded if decoded.endswith("\n") or not decoded else decoded + "\n"


def _has(values: Mapping[str, object], path: Path) -> bool:
    try:
        get_value(values, path)
    except KeyError:
        return False
    return True


def get_parent(document: Any, path: Path) -> Any:
    """Return the mapping that holds the last key of `path`."""
    for key in path[:-1]:
        document = document[key]
    return document


def _edited(
    text: bytes, values: dict[str, object], old: dict[str, object], new: dict[str, object], edit: _Edit
) -> bytes:
    expected = copy.deepcopy(values)
    edit(expected)
    for print_side in (_in_block_style, _in_flow_style):  # as the file may have it: `{port: 80}`
        merged = merge3(print_side(old), text, print_side(new))
        if merged.clean and _says(merged.text, expected):
            return merged.text
    return _round_trip(text, edit)


def _in_block_style(values: Mapping[str, object]) -> bytes:
    return dump_yaml(values).encode() if values else b""


def _in_flow_style(values: Mapping[str, object]) -> bytes:
    """The values with their innermost mapping in flow style; the ones around it have one key each."""
    if len(values) != 1:
        return dump_yaml(values, flow=True).encode() if values else b""
    [(key, value)] = values.items()
    if not isinstance(value, Mapping) or not value:
        return dump_yaml(values, flow=True).encode()
    inner = _in_flow_style(value).decode()
    if inner.startswith("{"):
        return f"{scalar_text(key)}: {inner}".encode()
    return (f"{scalar_text(key)}:\n" + "".join(f"  {line}" for line in inner.splitlines(True))).encode()


def _says(text: bytes, expected: object) -> bool:
    try:
        return is_same(load_yaml(text, "") or {}, expected)
    except InputError:
        return False


def _round_trip(text: bytes, edit: _Edit) -> bytes:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    document = yaml.load(text.decode("utf-8"))
    if document is None:
        document = CommentedMap()
    edit(document)
    output = io.BytesIO()
    yaml.dump(document, output)
    return output.getvalue()


def _nest(path: Path, value: object) -> dict[str, object]:
    for key in reversed(path):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def _refuse_other_than_mapping(values: Mapping[str, object], path: Path, source: str) -> None:
    found: object = values
    for position, key in enumerate(path):
        if not isinstance(found, Mapping):
            raise InputError(f"{'.'.join(path[:position])} is not a mapping", source=source)
        found = found.get(key)
        if found is None:
            return


def _assign(document: Any, path: Path, value: object) -> None:
    for key in path[:-1]:
        if document.get(key) is None:
            document[key] = {}
        document = document[key]
    document[path[-1]] = value


def _fill(document: Any, wanted: Any) -> None:
    for key, value in wanted.items():
        if key not in document or (document[key] is None and isinstance(value, Mapping)):
            document[key] = copy.deepcopy(value)
        elif isinstance(value, Mapping) and isinstance(document[key], Mapping):
            _fill(document[key], value)
