"""Where in an app's files a value of a built object comes from: the edits that might change it.

Kustomize puts an object together from a manifest, patches, generators and transformers, and only a build
tells which of them had the last word. So these are candidates, the likeliest first; who tries them builds
and looks, with `unwanted_change`, whether the value and nothing else is another.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wildgit.core.app.kustomization import FILE_NAMES
from wildgit.core.cluster.field_diff import ABSENT, changed_fields, element_position, path_text, value_at
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify, with_default_protocols
from wildgit.core.manifest_edit import GONE

Files = Mapping[str, Sequence[Any]]  # path in the app's folder → the documents of a YAML file
_IMAGE = re.compile(r"(?P<name>[^@]+?)(?::(?P<tag>[^/:@]+))?(?:@(?P<digest>.+))?")
_HASHED = re.compile(r"-[a-z0-9]{10}\Z")
# What changes objects after they were read. Said to people, when none of our candidates did it.
_TRANSFORMERS = (
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "replacements",
    "vars",
    "transformers",
    "components",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "configMapGenerator",
    "secretGenerator",
)


@dataclass(frozen=True)
class Edit:
    """One value of one file; `document` is None where the whole file is the value."""

    file: str
    document: int | None
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Origin:
    """Where kustomize has an object from: a document of a file, or a generator of a kustomization."""

    file: str
    document: int | None = None
    generator: str = ""


def candidate_edits(
    obj: Object, path: Sequence[str], value: Any, origin: Origin, files: Files
) -> Iterator[tuple[Edit, ...]]:
    """Yield the edits after which a field of a built object may have the value.

    Args:
        obj: as it is built now.
        path: of the field, as `Change` has it.
        value: what it should be; ABSENT to have it no more.
        origin: where the object comes from.
        files: all YAML files of the app.
    """
    name = _source_name(origin, files) or _HASHED.sub("", str(obj["metadata"]["name"]))
    for file, documents in files.items():
        if posixpath.basename(file) in FILE_NAMES and documents and isinstance(documents[0], dict):
            yield from _of_transformers(file, documents[0], obj, name, path, value)
            yield from _of_patches(file, documents[0], (obj["kind"], name), path, value, files)
            if origin.generator and file == origin.file:
                yield from _of_generators(file, documents[0], name, path, value)
    if origin.document is not None:
        place = locate(files[origin.file][origin.document], path, is_removal=value is ABSENT)
        if place is not None:
            yield (Edit(origin.file, origin.document, place, _or_gone(value)),)


def find_origin(obj: Object, annotation: Mapping[str, Any], files: Files) -> Origin | None:
    """Return where an object comes from; None where that is not plain.

    Args:
        obj: as built.
        annotation: what kustomize's `config.kubernetes.io/origin` says.
        files: all YAML files of the app.
    """
    made_by = annotation.get("configuredBy")
    generator = str(made_by.get("kind")) if isinstance(made_by, Mapping) else ""
    if generator.endswith("Generator"):
        return Origin(str(annotation.get("configuredIn")), generator=generator)
    if "path" in annotation:
        return _document_of(obj, [posixpath.normpath(str(annotation["path"]))], files)
    # A patch that sets all annotations takes kustomize's note of the file away.
    return _document_of(obj, [file for file in files if listing_of(file, files)], files)


def _document_of(obj: Object, places: Sequence[str], files: Files) -> Origin | None:
    """Return the only document of the files that an object can be built from."""
    own = [
        (Origin(file, number), document["metadata"])
        for file in places
        for number, document in enumerate(files.get(file, ()))
        if isinstance(document, dict) and document.get("kind") == obj["kind"] and _name_of(document)
    ]
    name, namespace = str(obj["metadata"]["name"]), obj["metadata"].get("namespace")
    same = [(origin, metadata) for origin, metadata in own if str(metadata["name"]) == name]
    exact = [origin for origin, _ in same]
    if len(exact) > 1:
        exact = [origin for origin, metadata in same if metadata.get("namespace") == namespace]
    inside = [origin for origin, metadata in own if str(metadata["name"]) in name]
    found = exact if len(exact) == 1 else inside
    return found[0] if len(found) == 1 else None


def locate(document: Any, path: Sequence[str], *, is_removal: bool) -> tuple[str | int, ...] | None:
    """Return a path as keys and positions of a document; None where it has no such place.

    Mappings may be missing on the way, elements of lists may not; but the last step may be a new element.
    """
    place: list[str | int] = []
    found = document
    for number, step in enumerate(path, 1):
        if step.startswith("[") and isinstance(found, list):
            items = found if "protocol=" not in step else [_with_protocol(item) for item in found]
            position = element_position(items, step)
            if position is None:
                is_new = number == len(path) and not is_removal
                return (*place, len(found)) if is_new else None
            place.append(position)
            found = found[position]
        elif step.startswith("[") or not isinstance(found, dict | None):
            return None
        else:
            place.append(step)
            found = (found or {}).get(step)
    return None if is_removal and found is None else tuple(place)


def unwanted_change(
    before: Sequence[Object], after: Sequence[Object], resource: ResourceId, path: Sequence[str], value: Any
) -> str:
    """Return what an edit did besides giving a field of an object the value; "" where it did just that."""
    was, now = ({identify(obj): obj for obj in objects} for objects in (before, after))
    if was.keys() != now.keys():
        renamed = ", ".join(sorted(other.short for other in was.keys() ^ now.keys()))
        return f"it would make other objects: {renamed}"
    for other, obj in now.items():
        if other != resource and obj != was[other]:
            return f"it would change {other.short}, too"
    old, new = with_default_protocols(was[resource]), with_default_protocols(now[resource])
    for change in changed_fields(old, new):
        is_inside = change.path[: len(path)] == tuple(path)
        is_emptied = tuple(path[: len(change.path)]) == change.path and change.new in ([], {}, ABSENT)
        if not is_inside and not (value is ABSENT and is_emptied):
            return f"it would change {path_text(change.path)}, too"
    found = value_at(new, path)
    return "" if found == value else "another one sets it afterwards"


def unwanted_addition(before: Sequence[Object], after: Sequence[Object], manifest: Object) -> str:
    """Return what adding a manifest did besides adding its object; "" where it did just that."""
    was, now = ({identify(obj): obj for obj in objects} for objects in (before, after))
    added = [obj for resource, obj in now.items() if resource not in was]
    if len(added) != 1 or any(now.get(resource) != obj for resource, obj in was.items()):
        return "it would change other objects, too"
    if added[0]["metadata"]["name"] != manifest["metadata"]["name"]:
        return f"the kustomization would call it {added[0]['metadata']['name']}"
    if any("selector" in step.lower() for path in added_fields(after, manifest) for step in path):
        return "the kustomization adds labels to its selector, so it would select something else"
    return ""


def added_fields(after: Sequence[Object], manifest: Object) -> list[tuple[str, ...]]:
    """Return the paths of what the kustomization changes of a manifest, its namespace left out."""
    wanted = (manifest["kind"], manifest["metadata"]["name"])
    built = next(obj for obj in after if (obj["kind"], obj["metadata"]["name"]) == wanted)
    changes = changed_fields(manifest, built)
    return [change.path for change in changes if change.path != ("metadata", "namespace")]


def transformers_of(files: Files) -> list[str]:
    """Return what in the app's kustomizations may set fields: `kustomization.yaml (labels, patches)`."""
    found = []
    for file, documents in files.items():
        if posixpath.basename(file) in FILE_NAMES and documents and isinstance(documents[0], dict):
            fields = [field for field in _TRANSFORMERS if documents[0].get(field)]
            found += [f"{file} ({', '.join(fields)})"] if fields else []
    return found


def listing_of(file: str, files: Files) -> tuple[str, int] | None:
    """Return the kustomization that lists a file among its resources, and at which position."""
    for kustomization, documents in files.items():
        if posixpath.basename(kustomization) not in FILE_NAMES or not isinstance(documents[0], dict):
            continue
        folder = posixpath.dirname(kustomization)
        for number, entry in enumerate(documents[0].get("resources") or []):
            if posixpath.normpath(posixpath.join(folder, str(entry))) == file:
                return kustomization, number
    return None


def _of_transformers(
    file: str, kustomization: Object, obj: Object, name: str, path: Sequence[str], value: Any
) -> Iterator[tuple[Edit, ...]]:
    if path[-1] == "image" and isinstance(value, str):
        built = _split_image(str(value_at(obj, path)))
        for number, entry in enumerate(_mappings(kustomization.get("images"))):
            if (entry.get("newName") or entry.get("name")) == built["name"]:
                yield tuple(_image_edits(file, number, entry, built, _split_image(value)))
    if tuple(path) == ("spec", "replicas") and value is not ABSENT:
        for number, entry in enumerate(_mappings(kustomization.get("replicas"))):
            if entry.get("name") == name:
                yield (Edit(file, 0, ("replicas", number, "count"), value),)


def _image_edits(
    file: str, number: int, entry: Object, old: Mapping[str, str | None], new: Mapping[str, str | None]
) -> Iterator[Edit]:
    for field, part in (("newName", "name"), ("newTag", "tag"), ("digest", "digest")):
        if old[part] == new[part]:
            continue
        if new[part] is not None:
            yield Edit(file, 0, ("images", number, field), new[part])
        elif field in entry:
            yield Edit(file, 0, ("images", number, field), GONE)


def _of_patches(
    file: str, kustomization: Object, wanted: tuple[str, str], path: Sequence[str], value: Any, files: Files
) -> Iterator[tuple[Edit, ...]]:
    folder = posixpath.dirname(file)
    named = [entry for entry in kustomization.get("patchesStrategicMerge") or [] if "\n" not in str(entry)]
    named += [item["path"] for item in _mappings(kustomization.get("patches")) if item.get("path")]
    for entry in named:
        patch = posixpath.normpath(posixpath.join(folder, str(entry)))
        for number, document in enumerate(files.get(patch, ())):
            if not isinstance(document, dict) or (document.get("kind"), _name_of(document)) != wanted:
                continue
            place = locate(document, path, is_removal=True)
            if place is not None:
                yield (Edit(patch, number, place, _or_gone(value)),)


def _of_generators(
    file: str, kustomization: Object, name: str, path: Sequence[str], value: Any
) -> Iterator[tuple[Edit, ...]]:
    if len(path) != 2 or path[0] != "data":
        return
    for number, entry in enumerate(_mappings(kustomization.get("configMapGenerator"))):
        if not str(entry.get("name")) or str(entry.get("name")) not in name:
            continue
        for position, literal in enumerate(entry.get("literals") or []):
            if str(literal).partition("=")[0] == path[1]:
                text = GONE if value is ABSENT else f"{path[1]}={value}"
                yield (Edit(file, 0, ("configMapGenerator", number, "literals", position), text),)
        for listed in entry.get("files") or []:
            key, _, target = str(listed).rpartition("=")
            if (key or posixpath.basename(target)) == path[1] and isinstance(value, str):
                source = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
                yield (Edit(source, None, (), value),)


def _source_name(origin: Origin, files: Files) -> str:
    return "" if origin.document is None else _name_of(files[origin.file][origin.document])


def _name_of(document: Any) -> str:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def _split_image(image: str) -> dict[str, str | None]:
    found = _IMAGE.fullmatch(image)
    return found.groupdict() if found else {"name": image, "tag": None, "digest": None}


def _with_protocol(item: Any) -> Any:
    return {"protocol": "TCP", **item} if isinstance(item, dict) else item


def _or_gone(value: Any) -> Any:
    return GONE if value is ABSENT else value


def _mappings(value: Any) -> list[Object]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
