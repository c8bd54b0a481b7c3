"""The layers, read from the imports: cli → commands → {adapters, core} → errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "wildgit"
MODULES = sorted(ROOT.rglob("*.py"))
LAYERS = {
    "cli": {"commands", "errors", "version"},
    "commands": {"commands", "adapters", "core", "errors", "version", "hooks", "templates"},
    "adapters": {"adapters", "core", "errors", "hooks", "templates", "version"},
    "core": {"core", "errors"},
    "errors": set(),
}
ONLY_IN = {
    "pygit2": ("adapters/git/repo.py",),
    "kubernetes": ("adapters/cluster/kubeconfig.py",),
    "click": ("commands/", "cli.py"),
}
IMPURE = {"open", "input", "print"}
IMPURE_MODULES = {"subprocess", "os", "time", "datetime", "tempfile", "shutil", "socket", "random", "secrets"}
DRAWERS = {"utils", "util", "helpers", "common", "models", "misc"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> list[str]:
    return list(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)  # it may be a module, too


def layer(module: str) -> str:
    name = module.removeprefix("wildgit").removeprefix(".").split(".")[0]
    return "version" if name in ("", "__version__") else name


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_imports_only_from_the_layers_below(path: Path) -> None:
    own = relative(path).split("/")[0].removesuffix(".py")
    if own not in LAYERS:
        return
    for module in imports(path):
        if module.split(".")[0] == "wildgit":
            assert layer(module) in LAYERS[own], f"{relative(path)} imports {module}"


def test_modules_import_each_other_in_no_circle() -> None:
    """Neither when they are loaded nor later, inside a function."""
    paths = {relative(path).removesuffix(".py").removesuffix("/__init__"): path for path in MODULES}
    modules = {f"wildgit.{name.replace('/', '.')}": path for name, path in paths.items()}
    found = {name: modules.keys() & set(imports(path)) - {name} for name, path in modules.items()}
    # `from package import module` is no import of the package's own names.
    needs = {
        name: {each for each in those if not any(other.startswith(f"{each}.") for other in those)}
        for name, those in found.items()
    }
    TopologicalSorter(needs).prepare()  # its CycleError names them


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_commands_do_not_import_each_other(path: Path) -> None:
    if not relative(path).startswith("commands/"):
        return
    others = [name for name in imports(path) if name.startswith("wildgit.commands.")]  # the tables
    assert all(name in ("wildgit.commands.COMMANDS", "wildgit.commands.PLUMBING") for name in others), others


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_library_is_imported_in_its_one_place(path: Path) -> None:
    for module in imports(path):
        places = ONLY_IN.get(module.split(".")[0])
        assert places is None or relative(path).startswith(places), f"{relative(path)} imports {module}"


@pytest.mark.parametrize("path", [p for p in MODULES if "core" in p.parts], ids=relative)
def test_core_touches_nothing_outside(path: Path) -> None:
    for module in imports(path):
        assert module.split(".")[0] not in IMPURE_MODULES, f"{relative(path)} imports {module}"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE, f"{relative(path)}:{node.lineno} calls {node.func.id}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_nobody_changes_directory_and_no_module_is_a_drawer(path: Path) -> None:
    assert "chdir(" not in path.read_text()
    assert path.stem not in DRAWERS
