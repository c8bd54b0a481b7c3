"""A copy of an app's folder to try edits on: each is built, kept if it does what it should, else taken back.

Only `write` touches the app itself, and only the files that were edited.
"""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wildgit.adapters.cluster.kustomize import build
from wildgit.adapters.files import write_atomically
from wildgit.adapters.instance import APPS, Instance
from wildgit.core.app.kustomization import FILE_NAMES
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.cluster.drift.value_sources import Edit, Origin, find_origin, listing_of
from wildgit.core.cluster.kube_objects import Object, ResourceId, annotations_of, identify
from wildgit.core.manifest_edit import GONE, edit_manifest, remove_document
from wildgit.core.yaml_text import dump_yaml
from wildgit.core.yaml_values import load_yaml, load_yaml_all
from wildgit.errors import InputError

_ORIGIN = "config.kubernetes.io/origin"


class Workbench:
    """One app's folder, copied."""

    def __init__(self, instance: Instance, app: str, folder: Path) -> None:
        self.app, self.source = app, instance.app_folder(app)
        self._root = folder / app
        self._name = f"{APPS}/{app}"
        shutil.copytree(self.source, self._root, symlinks=True, ignore=shutil.ignore_patterns(PACKAGE_FOLDER))
        self.objects = build(self._root, self._name)
        self._origins = self._read_origins()
        self._edited: dict[str, bytes | None] = {}  # what they were when they were copied; None: not there

    @classmethod
    @contextmanager
    def of(cls, instance: Instance, app: str) -> Iterator[Workbench]:
        """Yield a workbench; its copy is gone afterwards.

        Raises:
            InputError: the app does not build.
        """
        with TemporaryDirectory(prefix="git-wild-") as folder:
            yield cls(instance, app, Path(folder).resolve())

    @property
    def files(self) -> dict[str, list[Any]]:
        """Every YAML file of the app → its documents; what is no YAML is left out."""
        found = {}
        for path in sorted(self._root.rglob("*")):
            if path.is_file() and (path.suffix in (".yaml", ".yml") or path.name in FILE_NAMES):
                name = path.relative_to(self._root).as_posix()
                try:
                    found[name] = load_yaml_all(path.read_bytes(), name)
                except InputError:
                    continue
        return {name: documents for name, documents in found.items() if documents}

    @property
    def kustomization(self) -> str:
        """The name of the app's kustomization."""
        return next(name for name in FILE_NAMES if (self._root / name).is_file())

    def origin(self, resource: ResourceId) -> Origin | None:
        """Return where an object comes from, by kustomize's own word; None where that is not plain."""
        obj = self.object(resource)
        noted = self._origins.get(identify(obj)) if obj else None
        return None if obj is None or noted is None else find_origin(obj, noted, self.files)

    def object(self, resource: ResourceId) -> Object | None:
        """Return an object as it is built now."""
        return next((obj for obj in self.objects if _is_built_as(identify(obj), resource)), None)

    def edit(self, edits: Sequence[Edit], check: Callable[[Sequence[Object]], str]) -> str:
        """Make edits, and keep them if `check` has nothing to say of what is then built.

        Returns:
            "", or why they were taken back.
        """
        return self._change({edit.file for edit in edits}, lambda: self._apply(edits), check)

    def add(self, file: str, obj: Object, check: Callable[[Sequence[Object]], str]) -> str:
        """Add a manifest and list it in the kustomization; as `edit` does.

        Raises:
            InputError: there is a file of this name.
        """
        if (self._root / file).exists():
            raise InputError("is there already", source=f"{self._name}/{file}")

        def change() -> None:
            (self._root / file).write_bytes(dump_yaml(obj).encode())
            listed = self.files[self.kustomization][0].get("resources") or []
            self._apply([Edit(self.kustomization, 0, ("resources", len(listed)), file)])

        return self._change({file, self.kustomization}, change, check)

    def remove(self, origin: Origin, check: Callable[[Sequence[Object]], str]) -> str:
        """Remove a document and, with the last of its file, the file; as `edit` does."""
        listing = listing_of(origin.file, self.files)
        touched = {origin.file, *(listing[:1] if listing else ())}

        def change() -> None:
            assert origin.document is not None, "generators are refused before"
            left = remove_document(self._read(origin.file), origin.document, origin.file)
            if left:
                (self._root / origin.file).write_bytes(left)
                return
            (self._root / origin.file).unlink()
            if listing:
                self._apply([Edit(listing[0], 0, ("resources", listing[1]), GONE)])

        return self._change(touched, change, check)

    def write(self) -> list[str]:
        """Bring the kept edits into the app's folder, and return the files.

        Raises:
            InputError: somebody edited one of them meanwhile; nothing is written then.
        """
        for name, copied in self._edited.items():
            if _content(self.source / name) != copied:
                raise InputError(
                    "was edited meanwhile; nothing was accepted",
                    source=f"{self._name}/{name}",
                    hint=f"git wild drift {self.app} --accept",
                )
        for name in sorted(self._edited):
            if (self._root / name).exists():
                write_atomically(self.source / name, self._read(name))
            else:
                (self.source / name).unlink()
        return [f"{self._name}/{name}" for name in sorted(self._edited)]

    def _change(
        self, touched: Iterable[str], change: Callable[[], None], check: Callable[[Sequence[Object]], str]
    ) -> str:
        kept = {name: _content(self._root / name) for name in touched}
        try:
            change()
            objects = build(self._root, self._name)
            problem = check(objects)
        except InputError as error:
            problem = error.message
        if not problem:
            self.objects = objects
            changed = {name: old for name, old in kept.items() if old != _content(self._root / name)}
            self._edited = changed | self._edited
            return ""
        for name, data in kept.items():
            if data is None:
                (self._root / name).unlink(missing_ok=True)
            else:
                (self._root / name).write_bytes(data)
        return problem

    def _apply(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            if edit.document is None:
                (self._root / edit.file).write_bytes(edit.value.encode())
                continue
            text = edit_manifest(
                self._read(edit.file), edit.document, edit.path, edit.value, f"{self._name}/{edit.file}"
            )
            (self._root / edit.file).write_bytes(text)

    def _read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def _read_origins(self) -> dict[ResourceId, dict[str, Any]]:
        """Have kustomize note on each object where it has it from; objects keep their identity."""
        path = self._root / self.kustomization
        kept = path.read_bytes()
        values = load_yaml(kept, self.kustomization)
        assert isinstance(values, dict), "it was built before"
        path.write_bytes(dump_yaml(values | {"buildMetadata": ["originAnnotations"]}).encode())
        try:
            built = build(self._root, self._name)
        finally:
            path.write_bytes(kept)
        noted = {identify(obj): annotations_of(obj).get(_ORIGIN, "") for obj in built}
        found = {resource: load_yaml(text, _ORIGIN) for resource, text in noted.items()}
        return {resource: said for resource, said in found.items() if isinstance(said, dict)}


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _is_built_as(built: ResourceId, resource: ResourceId) -> bool:
    """Whether a built object is this one of the cluster; what an app builds need not state its namespace."""
    return replace(built, namespace=built.namespace or resource.namespace) == resource


def file_name(obj: Object) -> str:
    """Return what a new manifest is called: `configmap-settings.yaml`."""
    return posixpath.basename(f"{obj['kind'].lower()}-{obj['metadata']['name']}.yaml")
