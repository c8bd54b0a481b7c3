"""One value of a manifest set, added or removed, and not a byte of the rest.

The file is taken apart into entries (see `merge.yaml_tree`), one entry is made anew, and the others are put
back as they were: comments, quotes, indentation and order stay. A comment goes only with the entry that it
belongs to. What comes out is read back; should it not say exactly what was asked, ruamel.yaml's round
trip does the edit, and if that can't either, the edit is refused.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Block, Entry
from wildgit.core.merge.yaml_tree import Stream, Unstructured, flow_items, parse
from wildgit.core.yaml_text import dump_yaml, scalar_text
from wildgit.core.yaml_values import is_same, load_yaml_all
from wildgit.errors import InputError

Path = Sequence[str | int]


class _Gone:
    def __repr__(self) -> str:
        return "(gone)"


GONE = _Gone()


def edit_manifest(text: bytes, document: int, path: Path, value: object, source: str) -> bytes:
    """Return the file with `value` at `path`.

    Args:
        text: the file.
        document: which of its documents, from 0.
        path: keys of mappings and positions in lists. Mappings that are missing on the way are made; a
            position right behind the end of a list adds to it.
        value: the new value, or GONE to remove what is there.
        source: the file, for messages.

    Raises:
        InputError: the file is broken, or can't be edited so that it says what was asked and nothing else.
    """
    return _with_lf_ends(text, source, lambda lines: _edited(lines, document, path, value, source))


def _edited(text: bytes, document: int, path: Path, value: object, source: str) -> bytes:
    expected = _plain(load_yaml_all(text, source))
    if document >= len(expected):
        raise InputError(f"there is no document {document + 1}", source=source)
    try:
        edits = list(_smaller_edits(_value_at(expected[document], path), value, path))
        _assign(expected[document], path, value)
    except (KeyError, IndexError, TypeError) as error:
        raise InputError(f"there is no {_shown(path)}", source=source) from error

    def edit_entries() -> bytes:
        values = Values()
        whole = text.decode()
        stream = parse(whole if whole.endswith("\n") else whole + "\n", values)
        documents = list(stream.documents)
        for place, wanted in edits:
            documents[document] = _Editor(values).edited(documents[document], place, wanted)
        return Stream(tuple(documents)).text().encode()

    def edit_by_round_trip() -> bytes:
        return _round_trip(text, document, path, value)

    for edit in (edit_entries, edit_by_round_trip):
        edited = _attempt(edit)
        if edited is not None and _says(edited, expected):
            return edited
    raise InputError(f"{_shown(path)} can't be set here; edit it by hand", source=source)


def remove_document(text: bytes, document: int, source: str) -> bytes:
    """Return the file without one of its documents and the comments that belong to it.

    Raises:
        InputError: the file is broken.
    """
    return _with_lf_ends(text, source, lambda lines: _without(lines, document, source))


def _without(text: bytes, document: int, source: str) -> bytes:
    expected = load_yaml_all(text, source)
    del expected[document]
    if not expected:
        return b""
    whole = text.decode()
    documents = list(parse(whole if whole.endswith("\n") else whole + "\n", Values()).documents)
    del documents[document]
    edited = Stream(tuple(documents)).text().encode()
    if not _says(edited, expected):
        raise InputError(f"document {document + 1} can't be cut out; edit it by hand", source=source)
    return edited


def _with_lf_ends(text: bytes, source: str, edit: Callable[[bytes], bytes]) -> bytes:
    """Edit a file whose lines may end in CRLF; they do so afterwards."""
    if b"\r" not in text:
        return edit(text)
    lines = text.replace(b"\r\n", b"\n")
    if lines.count(b"\n") != text.count(b"\r\n") or b"\r" in lines:
        raise InputError("its lines end in more than one way; edit it by hand", source=source)
    return edit(lines).replace(b"\n", b"\r\n")


class _Editor:
    """Edits entries; what it makes anew is parsed from dumped YAML, so it is an entry as any other."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def edited(self, entry: Entry, path: Path, value: object) -> Entry:
        """Return an entry whose value has `value` at `path`."""
        if not path:
            return self._with_value(entry, value)
        block = entry.block
        if block is None:
            if entry.style in ("{", "["):
                return entry._replace(value=self._flow_edited(entry.value, path, value))
            return self._with_value(entry, _nest(path, value))  # no value yet
        entries = list(block.entries)
        found = _find(block, path[0])
        if found is None:
            if value is GONE:
                raise KeyError(path[0])
            last = max((i for i, each in enumerate(entries) if not each.is_note), default=-1)
            entries.insert(last + 1, self._made(path[0], _nest(path[1:], value)))
        elif len(path) > 1 or value is not GONE:
            entries[found] = self.edited(entries[found], path[1:], value)
        else:
            del entries[found]
        if all(each.is_note for each in entries):
            return self._with_value(entry, {} if block.kind == "map" else [])
        return entry._replace(
            block=Block(block.kind, block.column, lambda: tuple(entries), inline=block.inline), source=None
        )

    def _with_value(self, entry: Entry, value: object) -> Entry:
        """Return the entry with another value; what stands around it stays."""
        if isinstance(value, str) and entry.style in ("'", '"', "") and entry.value and "\n" not in value:
            return entry._replace(value=scalar_text(value, style=_quotes(entry.value)))
        made = self._made(entry.name if entry.key >= 0 else 0, value)
        if entry.style in ("{", "[") and isinstance(value, dict | list):
            return entry._replace(value=_flow_text(value))
        if made.block is None and made.style not in ("|", ">") and entry.block is None:
            before = entry.before if entry.value else made.before
            return entry._replace(before=before, value=made.value, style=made.style, source=None)
        before = entry.before.rstrip() if made.block is not None else made.before
        return made._replace(head=entry.head, before=before, foot=entry.foot)

    def _made(self, key: str | int, value: object) -> Entry:
        """Return a new entry: of a mapping, or (a number as key) of a list."""
        text = dump_yaml({key: value} if isinstance(key, str) else [value])
        block = parse(text, self._values).documents[0].block
        assert block is not None, "a collection that is not empty is a block"
        return block.entries[0]

    def _flow_edited(self, text: str, path: Path, value: object) -> str:
        items = list(flow_items(text, self._values))
        step, rest = path[0], path[1:]
        found = next(
            (i for i, (*_, item) in enumerate(items) if step in (i, item.name if item.key >= 0 else None)),
            None,
        )
        if found is None:
            return _flow_added(text, [end for _, end, _ in items], _flow_item(step, _nest(rest, value)))
        start, end, item = items[found]
        if rest:
            inner = self._flow_edited(item.value, rest, value)
            return text[:start] + item.before + inner + text[end:]
        if value is GONE:
            return _flow_removed(text, [(start, end) for start, end, _ in items], found)
        if isinstance(value, str):
            return text[:start] + item.before + scalar_text(value, style=_quotes(item.value)) + text[end:]
        return text[:start] + item.before + _flow_text(value) + text[end:]


def _smaller_edits(old: Any, new: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield the edits that make a new collection of an old one, so that what both have keeps its comments."""
    if isinstance(old, dict) and isinstance(new, dict) and old and new:
        for key in [key for key in old if key not in new]:
            yield (*path, key), GONE
        for key, value in new.items():
            if key not in old:
                yield (*path, key), value
            elif old[key] != value:
                yield from _smaller_edits(old[key], value, (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and old and new and _is_same_shape(old, new):
        kept = _positions(new, old) if len(new) < len(old) else range(len(old))
        for number in sorted(set(range(len(old))) - set(kept), reverse=True):
            yield (*path, number), GONE
        for number, (was, value) in enumerate(zip([old[n] for n in kept], new, strict=False)):
            if was != value:
                yield from _smaller_edits(was, value, (*path, number))
        for number in range(len(old), len(new)):
            yield (*path, number), new[number]
    else:
        yield path, new


def _is_same_shape(old: list[Any], new: list[Any]) -> bool:
    """Whether a list can be edited item by item: as long as before, items added at its end or taken out."""
    if len(new) < len(old):
        return len(_positions(new, old)) == len(new)
    return len(new) == len(old) or new[: len(old)] == old


def _positions(part: list[Any], whole: list[Any]) -> list[int]:
    """Return where the items of `part` stand in `whole`, in order; fewer where they don't."""
    found: list[int] = []
    for item in part:
        following = range(found[-1] + 1 if found else 0, len(whole))
        place = next((n for n in following if whole[n] == item), None)
        if place is None:
            break
        found.append(place)
    return found


def _value_at(document: Any, path: Path) -> Any:
    """Return what lies at a path; None where nothing does."""
    for step in path:
        is_there = step in document if isinstance(document, dict) else isinstance(document, list)
        if not is_there or (isinstance(step, int) and step >= len(document)):
            return None
        document = document[step]
    return document


def _find(block: Block, step: str | int) -> int | None:
    """Return where among a block's entries the one of a key or a position is."""
    places = [i for i, entry in enumerate(block.entries) if not entry.is_note]
    if isinstance(step, int):
        return places[step] if block.kind == "seq" and step < len(places) else None
    return next((i for i in places if block.entries[i].name == step), None)


def _quotes(text: str) -> str | None:
    return text[0] if text[:1] in ("'", '"') else None


def _flow_text(value: object) -> str:
    return dump_yaml(value, flow=True).strip().removesuffix("\n...").strip()


def _flow_item(step: str | int, value: object) -> str:
    return _flow_text({step: value})[1:-1] if isinstance(step, str) else _flow_text(value)


def _flow_added(text: str, ends: list[int], item: str) -> str:
    if not ends:
        return text[0] + item + text[-1]
    return f"{text[: ends[-1]]}, {item}{text[ends[-1] :]}"


def _flow_removed(text: str, spans: list[tuple[int, int]], number: int) -> str:
    start, end = spans[number]
    if number + 1 < len(spans):
        return text[:start] + text[spans[number + 1][0] :]
    return (text[: spans[number - 1][1]] if number else text[:start]) + text[end:]


def _nest(path: Path, value: object) -> object:
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _assign(document: Any, path: Path, value: object) -> None:
    for number, step in enumerate(path[:-1]):
        if isinstance(step, str) and isinstance(document, dict) and document.get(step) is None:
            if value is GONE:
                raise KeyError(step)
            document[step] = {} if isinstance(path[number + 1], str) else []
        document = document[step]
    last = path[-1]
    if value is GONE:
        del document[last]
    elif isinstance(document, list) and last == len(document):
        document.append(copy.deepcopy(value))
    else:
        document[last] = copy.deepcopy(value)


def _round_trip(text: bytes, document: int, path: Path, value: object) -> bytes:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    documents = list(yaml.load_all(text.decode()))
    _assign(documents[document], path, value)
    output = io.BytesIO()
    yaml.dump_all(documents, output)
    return output.getvalue()


def _attempt(edit: Callable[[], bytes]) -> bytes | None:
    from ruamel.yaml.error import YAMLError

    try:
        return edit()
    except (Unstructured, YAMLError, KeyError, IndexError, TypeError, UnicodeDecodeError):
        return None


def _says(text: bytes, expected: list[object]) -> bool:
    try:
        return is_same(_plain(load_yaml_all(text, "")), expected)
    except InputError:
        return False


def _plain(values: list[object]) -> list[Any]:
    """Return the values without anything shared: an alias is a value of its own."""
    found: list[Any] = json.loads(json.dumps(values))
    return found


def _shown(path: Path) -> str:
    return ".".join(str(step) for step in path)
