"""What a package is: a manifest, files, and what it asks of the instance.

A package is a folder of an upstream git repository with a `manifest.yaml`. Everything in it comes
from strangers, so names are checked before anything is done with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

MANIFEST = "manifest.yaml"
MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_PACKAGE_BYTES = 32 * 1024 * 1024
MAX_FILES = 2_000
# RFC 1123 label: an app's name becomes a folder, a namespace and a part of object names.
# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
_APP_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]*")
_RENDERED = (".yaml", ".yml")


@dataclass(frozen=True)
class Requirement:
    """An app that must be installed: `name` is its type, `alias` how templates call it."""

    name: str
    alias: str | None = None
    installed_as: str | None = None

    @property
    def ref(self) -> str:
        """The name templates use: `.apps.<ref>`."""
        return self.alias or self.name


@dataclass(frozen=True)
class SecretDefault:
    """A secret the package owns; `default` is a template, None asks for random characters."""

    key: str
    default: str | None = None


@dataclass(frozen=True)
class SecretReference:
    """A secret that belongs to another app, `<ref>.<key>`, or in older packages `apps.<app>.<key>`."""

    ref: str
    key: str

    @property
    def stored_as(self) -> str:
        """The key under which this app keeps its copy: `db.password` is `dbPassword`."""
        words = [word for word in re.split(r"[-_.]", f"{self.ref}.{self.key}") if word]
        return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])

    @property
    def dotted(self) -> str:
        """The reference as templates of a Secret name it: `db.password`."""
        return f"{self.ref}.{self.key}"


@dataclass(frozen=True)
class Manifest:
    """`manifest.yaml`, checked. `type` is None for the older generation of packages."""

    name: str
    type: str | None
    version: str
    description: str
    requires: tuple[Requirement, ...]
    default_config: Mapping[str, object]
    default_secrets: tuple[SecretDefault, ...]
    required_secrets: tuple[SecretReference, ...]

    @property
    def provides(self) -> str:
        """The type that other packages' `requires` match."""
        return self.type or self.name

    @property
    def is_older_generation(self) -> bool:
        """True where resource templates see the whole config.yaml instead of this app's part."""
        return self.type is None


@dataclass(frozen=True)
class PackageFile:
    """One file of a package. `blob` is its git object id, so that equal files are known without reading."""

    data: bytes
    blob: str
    executable: bool = False


@dataclass(frozen=True)
class Package:
    """A package as it lies in upstream.

    Attributes:
        path: its folder there, "" for none.
        commit: the upstream commit it was read from.
        tree: git tree id of the folder.
        files: path inside the folder → file; `manifest.yaml` is among them.
    """

    path: str
    commit: str
    tree: str
    files: Mapping[str, PackageFile]
    manifest: Manifest = field(repr=False)


def is_app_name(name: str) -> bool:
    """Whether `name` can be an app's: a DNS label, so it is a safe folder and namespace too."""
    return _APP_NAME.fullmatch(name) is not None


def check_app_name(name: str) -> str:
    """Return `name`, or raise InputError where it can't be an app's."""
    if not is_app_name(name):
        raise InputError(
            f"{name!r} is not a valid app name: lower-case letters, digits and '-', at most 63 characters"
        )
    return name


def is_rendered(path: str) -> bool:
    """Whether the file is a template; every other file is copied byte for byte."""
    return path.endswith(_RENDERED) and path != MANIFEST


def check_file_name(path: str, source: str) -> None:
    """Raise InputError for a path that could leave the app's folder, or mean something to git or to us."""
    parts = path.split("/")
    if any(ord(character) < 32 or character == "\x7f" for character in path):
        raise InputError(f"file name {path!r} has control characters", source=source)
    if any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise InputError(f"file name {path!r} leaves the package", source=source)
    if any(part.lower().startswith((".git", "git~")) for part in parts):
        raise InputError(
            f"file {path!r} would configure git; packages may not bring such files", source=source
        )
    if parts[0].lower() in (".package", ".package.lock.yaml"):
        raise InputError(f"file name {path!r} is reserved for git wild", source=source)


def parse_manifest(data: bytes, source: str) -> Manifest:
    """Return the checked manifest.

    Raises:
        InputError: broken YAML, a missing or ill-typed field, or a duplicate; with the file.
    """
    raw = load_yaml(data, source)
    if not isinstance(raw, dict):
        raise InputError("is not a mapping", source=source)
    name = _text(raw, "name", source)
    if name is None:
        raise InputError("has no 'name'", source=source)
    if not is_app_name(name):
        raise InputError(f"name {name!r} is not a valid app name", source=source)
    kind = _text(raw, "is", source)
    return Manifest(
        name=name,
        type=kind,
        version=_text(raw, "version", source) or "",
        description=_text(raw, "description", source) or "",
        requires=_requirements(raw.get("requires"), source),
        default_config=_default_config(raw.get("defaultConfig"), source),
        default_secrets=tuple(_default_secrets(raw.get("defaultSecrets"), source)),
        required_secrets=tuple(_required_secrets(raw.get("requiredSecrets"), source, older=kind is None)),
    )


def _text(raw: Mapping[str, object], key: str, source: str) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"'{key}' must be a string, not {_type_name(value)}", source=source)
    return str(value)


def _type_name(value: object) -> str:
    names = {dict: "a mapping", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")


def _entries(value: object, key: str, source: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"'{key}' must be a list, not {_type_name(value)}", source=source)
    return value


def _requirements(value: object, source: str) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    for entry in _entries(value, "requires", source):
        item = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise InputError("each entry of 'requires' needs a 'name'", source=source)
        requirement = Requirement(
            item["name"], _text(item, "alias", source), _text(item, "installedAs", source)
        )
        for name in filter(None, (requirement.name, requirement.installed_as)):
            if not is_app_name(name):
                raise InputError(f"'requires' names {name!r}, which is not a valid app name", source=source)
        found.append(requirement)
    _refuse_duplicates((requirement.ref for requirement in found), "requires", source)
    return tuple(found)


def _default_config(value: object, source: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"'defaultConfig' must be a mapping, not {_type_name(value)}", source=source)
    return value


def _default_secrets(value: object, source: str) -> Iterable[SecretDefault]:
    keys = []
    for entry in _entries(value, "defaultSecrets", source):
        item = {"key": entry} if isinstance(entry, str) else entry
        if not isinstance(item, dict) or not isinstance(item.get("key"), str):
            raise InputError("each entry of 'defaultSecrets' needs a 'key'", source=source)
        if not _KEY.fullmatch(item["key"]):
            raise InputError(f"'defaultSecrets' has the invalid key {item['key']!r}", source=source)
        keys.append(item["key"])
        yield SecretDefault(item["key"], _text(item, "default", source))
    _refuse_duplicates(keys, "defaultSecrets", source)


def _required_secrets(value: object, source: str, *, older: bool) -> Iterable[SecretReference]:
    for entry in _entries(value, "requiredSecrets", source):
        parts = entry.split(".") if isinstance(entry, str) else []
        wanted = "apps.<app>.<key>" if older else "<ref>.<key>"
        if older and len(parts) == 3 and parts[0] == "apps":
            parts = parts[1:]
        elif older or len(parts) != 2:
            raise InputError(f"'requiredSecrets' entry {entry!r} is not of the form {wanted}", source=source)
        if not all(_KEY.fullmatch(part) for part in parts):
            raise InputError(f"'requiredSecrets' entry {entry!r} is not of the form {wanted}", source=source)
        yield SecretReference(*parts)


def _refuse_duplicates(names: Iterable[str], key: str, source: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"'{key}' names {name!r} twice", source=source)
        seen.add(name)
