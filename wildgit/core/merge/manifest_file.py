"""A file of manifests as its documents, each with its exact text and the resource it describes.

`---` at the beginning of a line is a document marker wherever it stands, also inside a block scalar,
so the text can be cut without parsing it. The concatenated texts are the file, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

# Source: https://yaml.org/spec/1.2.2/#912-document-markers
_MARKER = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SEPARATOR = re.compile(rb"---[ \t]*(?:#[^\n]*)?\r?\n?")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Identity(NamedTuple):
    """What Kubernetes tells two resources apart by; the version of the API is no part of it."""

    group: str
    kind: str
    namespace: str
    name: str


class Document(NamedTuple):
    """One document: its marker line (empty for a first one without), its text, and the resource it is."""

    separator: bytes
    body: bytes
    identity: Identity | None


def is_manifest(path: str) -> bool:
    """Return whether files of this name hold resources: YAML, and no kustomization."""
    return path.endswith((".yaml", ".yml")) and path.rpartition("/")[2] not in _KUSTOMIZATIONS


def split_documents(text: bytes) -> list[Document] | None:
    """Return the file's documents; None where one can't be read, or shares a line with its marker."""
    starts = [found.start() for found in _MARKER.finditer(text)]
    if not starts or starts[0] != 0:
        starts.insert(0, 0)
    documents = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        chunk = text[start:end]
        separator = b""
        if chunk.startswith(b"---") and _MARKER.match(chunk):
            found = _SEPARATOR.match(chunk)
            if found is None or not (found.group().endswith(b"\n") or found.end() == len(chunk)):
                return None
            separator = found.group()
        try:
            identity = _identify(chunk)
        except InputError:
            return None
        documents.append(Document(separator, chunk[len(separator) :], identity))
    return documents


def join_documents(documents: Sequence[Document]) -> bytes:
    """Return the text of a file of these documents, with a marker between any two."""
    pieces: list[bytes] = []
    for document in documents:
        separator = document.separator
        if pieces:
            separator = separator or b"---\n"
            if not pieces[-1].endswith(b"\n"):
                separator = b"\n" + separator
        pieces.append(separator + document.body)
    return b"".join(pieces)


@lru_cache(maxsize=1024)  # the three sides of a merge are mostly the same documents
def _identify(chunk: bytes) -> Identity | None:
    match load_yaml(chunk, ""):
        case {"apiVersion": str(version), "kind": str(kind), "metadata": {"name": str(name), **rest}}:
            namespace = rest.get("namespace")
            group = version.rpartition("/")[0]
            return Identity(group, kind, namespace if isinstance(namespace, str) else "", name)
    return None
