"""One file through the ladder: the tree merge, the check, the line merge, one conflict around all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from wildgit.core.merge.aliases import find_contested_names
from wildgit.core.merge.check import CAPTURED, Trees, find_fault, find_fault_beside_clashes
from wildgit.core.merge.conflicts import (
    Chunk,
    Clash,
    Side,
    has_clash,
    joined,
    lines_of,
    reduced,
    trimmed,
    united,
    write,
)
from wildgit.core.merge.entries import WHERE_TO, EntryMerge
from wildgit.core.merge.gaps import SAME_ELEMENT, SAME_NUMBER
from wildgit.core.merge.records import Conflict, Decision, MergeOptions, MergeResult
from wildgit.core.merge.text import merge_lines, merge_text, split_lines
from wildgit.core.merge.three import Three, pick
from wildgit.core.merge.yaml_data import Values
from wildgit.core.merge.yaml_entry import Entry
from wildgit.core.merge.yaml_soundness import BROKEN, is_encrypted, soundness
from wildgit.core.merge.yaml_tree import Unstructured, parse

_SIDES: tuple[Side, ...] = ("ours", "theirs")
_YAML = (".yaml", ".yml", ".json")
_BOM = "\ufeff"
_NO_UTF_8 = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of other bytes
_SNIFFED = 8000  # bytes in which git looks for a NUL to tell binary files
_LONG = 100  # lines of a clash that nobody can compare by eye any more
_FAR_SHORTER = 4
_NOT_OF_LINES = (WHERE_TO, SAME_NUMBER, SAME_ELEMENT)  # what can clash although the lines don't

ENCRYPTED = "both sides changed an encrypted file; its MAC can't be merged"
UNSOUND = "the merged lines are no sound YAML any more"
DISAGREE = "merged as lines it says something else than merged as data"
BINARY = "both sides changed a binary file"


class _Layout(NamedTuple):
    """How a file is written, apart from what it says."""

    bom: str
    newline: str
    ends_line: bool  # whether the last line is ended


class _Side(NamedTuple):
    text: str  # without BOM, lines ended by \n, the last one too
    layout: _Layout


def merge_file(files: Three[bytes], path: str, options: MergeOptions) -> MergeResult:
    """Return the merge of three files that all differ; see `wildgit.core.merge.merge3`."""
    if any(b"\0" in side[:_SNIFFED] for side in files):
        return _binary(files, options)
    texts = Three(*[side.decode("utf-8", "surrogateescape") for side in files])
    if path and not path.endswith(_YAML):
        return _result(merge_text(texts, options.style), options)
    if is_encrypted(texts.ours) and is_encrypted(texts.theirs):
        return _as_lines(texts, options, fault=ENCRYPTED)
    return _as_tree(texts, options) or _as_lines(texts, options)


def _side(text: str) -> _Side:
    """The text in the form the tree is built from.

    Raises:
        Unstructured: it mixes line ends, or isn't UTF-8.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    newline = "\n"
    if "\r" in text:
        if not text.count("\r") == text.count("\r\n") == text.count("\n"):
            raise Unstructured("mixed line ends")
        text, newline = text.replace("\r\n", "\n"), "\r\n"
    if not text.isascii() and _NO_UTF_8.search(text):
        raise Unstructured("not UTF-8")
    ends_line = not text or text.endswith("\n")
    return _Side(text if ends_line else text + "\n", _Layout(bom, newline, ends_line))


def _as_tree(texts: Three[str], options: MergeOptions) -> MergeResult | None:
    """The merge of the trees; None if one of the sides has none, or the result can't be trusted."""
    values = Values()
    known: dict[str, Entry] = {}
    try:
        sides = Three(*map(_side, texts))
        streams = Three(*[parse(side.text, values, known) for side in sides])
        trees = Trees(Three(*[side.text for side in sides]), streams, values, known)
        merge = EntryMerge(values, options)
        chunks, data = merge.streams(trees.streams)
        whole = _joined(chunks)
        chunks = _trimmed(whole, options)
    except (Unstructured, RecursionError):
        return None
    layout = _merged_layout(*[side.layout for side in sides])
    if has_clash(chunks):
        fault, agreed = find_fault_beside_clashes(chunks, data, trees), None
    else:
        fault, agreed = find_fault("".join(lines_of(chunks, "ours")), data, trees), data
    if fault:
        return _result(_second_choice(fault, agreed, trees, options), options, layout=layout)
    chunks = _trimmed(_narrowed(whole, trees, options), options)
    return _result(chunks, options, tuple(merge.journal.decisions), layout)


def _merged_layout(base: _Layout, ours: _Layout, theirs: _Layout) -> _Layout:
    ends_line = pick(base.ends_line, ours.ends_line, theirs.ends_line)
    return ours._replace(ends_line=ours.ends_line if ends_line is None else ends_line)


def _joined(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Lines with their ends; neighbouring clashes as one."""
    whole: list[Chunk] = []
    for is_clash, group in groupby(chunks, key=lambda chunk: isinstance(chunk, Clash)):
        if is_clash:
            whole.append(joined([chunk for chunk in group if isinstance(chunk, Clash)]))
        else:
            whole += group
    return [_ended(chunk) for chunk in whole]


def _trimmed(chunks: Sequence[Chunk], options: MergeOptions) -> list[Chunk]:
    """Clashes cut down to what differs; where the base is shown, it would no longer match."""
    if options.style == "diff3":
        return list(chunks)
    return [piece for chunk in chunks for piece in ([chunk] if isinstance(chunk, str) else trimmed(chunk))]


def _narrowed(chunks: list[Chunk], trees: Trees, options: MergeOptions) -> list[Chunk]:
    """The chunks with the longest clashes cut down to the lines that clash, if that is sound YAML.

    Where one side wrapped a large value in something else, and the other edited inside, the whole of it
    clashes, though nearly all of its lines are the same still.
    """
    narrowed: list[Chunk] = []
    for chunk in chunks:
        narrowed += [chunk] if isinstance(chunk, str) else _lines_that_clash(chunk, options)
    if len(narrowed) == len(chunks) or find_fault_beside_clashes(_trimmed(narrowed, options), None, trees):
        return chunks
    return narrowed


def _lines_that_clash(clash: Clash, options: MergeOptions) -> list[Chunk]:
    """A long clash merged as lines, if that makes it far shorter; else the clash as it is."""
    length = _length([clash])
    if length < _LONG or any(reason in clash.reason for reason in _NOT_OF_LINES):
        return [clash]
    lines = merge_lines(clash.base, clash.ours, clash.theirs, options.style)
    if not 0 < _length(lines) * _FAR_SHORTER <= length:
        return [clash]
    return [x if isinstance(x, str) else clash._replace(base=x[0], ours=x[1], theirs=x[2]) for x in lines]


def _length(chunks: Sequence[Chunk]) -> int:
    """How many lines stand between markers."""
    return sum(len(x.ours) + len(x.theirs) for x in chunks if isinstance(x, Clash))


def _ended(chunk: Chunk) -> Chunk:
    if isinstance(chunk, str):
        return chunk + "\n"
    base, ours, theirs = (tuple([line + "\n" for line in side]) for side in chunk[:3])
    return chunk._replace(base=base, ours=ours, theirs=theirs)


def _result(
    chunks: Sequence[Chunk],
    options: MergeOptions,
    decisions: tuple[Decision, ...] = (),
    layout: _Layout | None = None,
) -> MergeResult:
    if options.favor == "union":
        chunks, options = _united(chunks), replace(options, favor=None)
    written = write(
        chunks,
        labels=options.labels,
        style=options.style,
        marker_size=options.marker_size,
        favor=options.favor,
    )
    text = _laid_out(written.text, layout) if layout else written.text
    conflicts = tuple(_conflict(clash, line) for line, clash in written.clashes)
    return MergeResult(text.encode("utf-8", "surrogateescape"), conflicts, decisions)


def _united(chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """Both versions of every clash, one below the other; what would be worse YAML so stays a clash.

    git would write one key twice there, and whoever reads the file would see one version only, or none.
    """
    allowed = max(soundness(reduced(chunks, side)) for side in _SIDES)
    if soundness(write(chunks, favor="union").text) <= allowed:
        return united(chunks)
    settled: list[Chunk] = []
    for k, chunk in enumerate(chunks):
        if isinstance(chunk, str):
            settled.append(chunk)
            continue
        both, rest = united([chunk]), chunks[k + 1 :]
        if all(soundness(reduced([*settled, *both, *rest], side)) <= allowed for side in _SIDES):
            settled += both
        else:
            settled.append(chunk)
    return settled


def _conflict(clash: Clash, line: int) -> Conflict:
    base, ours, theirs = ("".join(side) or None for side in clash[:3])
    return Conflict(clash.path, clash.document, line, base, ours, theirs, clash.reason)


def _laid_out(text: str, layout: _Layout) -> str:
    if not layout.ends_line and text.endswith("\n"):
        text = text[:-1]
    return layout.bom + (text if layout.newline == "\n" else text.replace("\n", layout.newline))


def _second_choice(
    fault: str, data: Sequence[int] | None, trees: Trees, options: MergeOptions
) -> list[Chunk]:
    """The line merge, if it passes the check that the tree merge failed; else one conflict, or a few.

    Args:
        fault: what is wrong with the tree merge.
        data: what the file has to say; None if the trees clash, so that a clean line merge can't be right.
        trees: the sides.
        options: as of the merge.
    """
    lines = merge_text(trees.texts, options.style)
    if has_clash(lines):
        if find_fault_beside_clashes(lines, None, trees) is None:
            return lines
    elif data is not None and find_fault("".join(lines_of(lines, "ours")), data, trees) is None:
        return lines
    whole = _one_clash(trees.texts, DISAGREE)
    # Several conflicts may be settled for different sides, and then an alias means something else unnoticed.
    if _length(whole) < _LONG or fault == CAPTURED:
        return whole
    held = _with_names_held(trees, options)
    return held if held and _length(held) < _length(whole) else whole


def _with_names_held(trees: Trees, options: MergeOptions) -> list[Chunk] | None:
    """The tree merge in which an anchor is a conflict wherever its aliases are; None if it is unsound."""
    names = find_contested_names(trees.texts)
    if not names:
        return None
    chunks, data = EntryMerge(trees.values, options, names).streams(trees.streams)
    chunks = _trimmed(_joined(chunks), options)
    return None if find_fault_beside_clashes(chunks, data, trees) else chunks


def _as_lines(texts: Three[str], options: MergeOptions, fault: str | None = None) -> MergeResult:
    """The merge of lines; however its clashes are settled, it must not be worse YAML than both sides were."""
    chunks = merge_text(texts, options.style)
    if fault is None and _is_worse(chunks, texts, options):
        chunks = _one_clash(texts, UNSOUND)
    elif fault and not has_clash(chunks):
        chunks = _one_clash(texts, fault)
    return _result(chunks, options)


def _is_worse(chunks: Sequence[Chunk], texts: Three[str], options: MergeOptions) -> bool:
    """Whether the lines, settled for the favoured side or for either, are worse YAML than both sides are."""
    allowed = max(soundness(texts.ours), soundness(texts.theirs))
    if allowed == BROKEN:
        return False
    sides = [side for side in _SIDES if options.favor in (side, "union", None)]
    return any(soundness(text) > allowed for text in {reduced(chunks, side) for side in sides})


def _one_clash(texts: Three[str], reason: str) -> list[Chunk]:
    """One conflict around the smallest stretch in which ours and theirs differ."""
    base, ours, theirs = (tuple(split_lines(text)) for text in texts)
    newline = "\r\n" if ours and ours[0].endswith("\r\n") else "\n"
    return trimmed(Clash(base, ours, theirs, reason=reason, newline=newline))


def _binary(files: Three[bytes], options: MergeOptions) -> MergeResult:
    """Both sides changed a binary file: there is nothing to mark, so ours stays, and it conflicts."""
    if options.favor in ("ours", "theirs"):
        return MergeResult(files.ours if options.favor == "ours" else files.theirs)
    return MergeResult(files.ours, (Conflict((), "", 1, None, None, None, BINARY),))
