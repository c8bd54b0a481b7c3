"""A package and values → pristine files, and exactly which values were read.

The *world* is the mapping that everything a package may see lies in:

- newer packages: `cloud`, `cluster`, `operator`, `app` (this app's part of config.yaml) and `apps`
  (by the name the package uses for each requirement). manifest.yaml sees all of it; resource
  templates see `app` alone, as `.`.
- older packages: config.yaml as it is. Resource templates see it as `.`, `.config` and `ds "config"`.

The package lock keeps the part of the world that was read, so `render(.package, lock.values)` is the
pristine text for ever, whatever happens to config.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wildgit.core.app.installed_as import with_installed_as
from wildgit.core.app.kustomization import check_confined
from wildgit.core.app.package import MANIFEST, Manifest, Package, PackageFile, is_rendered
from wildgit.errors import InputError

SHARED_SECTIONS = ("cloud", "cluster", "operator")
Path = tuple[str, ...]


@dataclass(frozen=True)
class Pristine:
    """What a package renders to.

    Attributes:
        files: path → file; manifest.yaml with `installedAs` filled in, other files as they are.
        reads: the paths of the world that the templates read.
    """

    files: Mapping[str, PackageFile]
    reads: frozenset[Path]


def sees_everything(manifest: Manifest, scope: str = "auto") -> bool:
    """Whether resource templates see the whole config.yaml.

    Args:
        manifest: decides for `auto`: packages without `is:` are of the older generation.
        scope: the setting `wild.templateScope`: `auto`, `app` or `all`.
    """
    return manifest.is_older_generation if scope == "auto" else scope == "all"


def build_world(
    manifest: Manifest,
    app: str,
    config: Mapping[str, object],
    mapping: Mapping[str, str],
    *,
    scope: str = "auto",
) -> dict[str, object]:
    """Return the world of an app.

    Args:
        manifest: of its package.
        app: the name it is installed as.
        config: the values of config.yaml.
        mapping: for each requirement the installed app that serves it: ref → app.
        scope: see `sees_everything`.
    """
    apps = config.get("apps")
    sections = apps if isinstance(apps, Mapping) else {}
    if sees_everything(manifest, scope):
        return dict(config)
    world: dict[str, object] = {name: config[name] for name in SHARED_SECTIONS if name in config}
    own = sections.get(app)
    world["app"] = own if isinstance(own, Mapping) else {}
    world["apps"] = {ref: sections[name] for ref, name in mapping.items() if name in sections}
    return world


def render_package(
    package: Package,
    world: Mapping[str, object],
    app: str,
    mapping: Mapping[str, str],
    *,
    scope: str = "auto",
    only: Iterable[str] | None = None,
) -> Pristine:
    """Return the package's pristine files.

    Args:
        package: what to render.
        world: see `build_world`; a package lock's `values` do as well.
        app: the installed name, for messages.
        mapping: ref → installed app, written into manifest.yaml as `installedAs`.
        scope: see `sees_everything`.
        only: the files wanted; all when None.

    Raises:
        InputError: a template is broken or reads a value that is missing, with file, line and what to type;
            or a kustomization names something outside the app.
    """
    everything = sees_everything(package.manifest, scope)
    files: dict[str, PackageFile] = {}
    reads: set[Path] = set()
    for path in package.files if only is None else only:
        file = package.files[path]
        if path == MANIFEST:
            data = with_installed_as(file.data, mapping, _source(package, path))
        elif is_rendered(path):
            data, seen = _render_file(package, path, world, app, everything=everything)
            reads |= seen
        else:
            data = file.data
        check_confined(data, path, _source(package, path))
        files[path] = file if data == file.data else PackageFile(data, "", file.executable)
    return Pristine(files, frozenset(reads))


def read_values(world: Mapping[str, object], reads: Iterable[Path]) -> dict[str, object]:
    """Return the part of the world that was read: what a package lock keeps."""
    from wildgit.core.template import project

    values = project(world, reads)
    return values if isinstance(values, dict) else {}


def _render_file(
    package: Package, path: str, world: Mapping[str, object], app: str, *, everything: bool
) -> tuple[bytes, set[Path]]:
    source = _source(package, path)
    try:
        text = package.files[path].data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", source=source) from error
    if "{{" not in text:
        return package.files[path].data, set()
    from wildgit.core.template import parse

    template = parse(text, source)
    if everything:
        context = world if "config" in world else {**world, "config": world}
        rendered = template.render(context, datasources={"config": world}, hint=_hint_in_config)
        aliased = "config" not in world
        reads = {seen[1:] if aliased and seen[:1] == ("config",) else seen for seen in rendered.reads}
    else:
        rendered = template.render(world["app"], hint=lambda missing: _hint_in_app(missing, app))
        reads = {("app", *seen) for seen in rendered.reads}
    return rendered.text.encode("utf-8"), reads


def _source(package: Package, path: str) -> str:
    return f"{package.path}/{path}" if package.path else path


def _hint_in_config(missing: Path) -> str | None:
    path = missing[1:] if missing[:1] == ("config",) else missing
    return f"git wild config set {'.'.join(path)} VALUE" if path else None


def _hint_in_app(missing: Path, app: str) -> str | None:
    if missing and missing[0] in (*SHARED_SECTIONS, "apps", "secrets", "config", "app"):
        return "resource templates of this package see only the app's own part of config.yaml"
    return f"git wild config set apps.{app}.{'.'.join(missing)} VALUE" if missing else None
