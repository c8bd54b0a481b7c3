"""Our hooks on disk: put in beside what is there, and taken out so that every byte is as before.

Where git finds hooks decides how:

- in `.git/hooks`: our file takes the name, the hook that was there moves to `.git/hooks-before-wild`
  (as deep as `hooks`, with links to its neighbours, so that scripts that look around from `$0` find
  everything) and runs first;
- in a folder that `core.hooksPath` names (husky, a tracked folder, one shared by all repositories): that
  folder is nobody's to change, so `core.hooksPath` is pointed at `.git/wild/hooks`, from where each hook of
  that folder is called where it lies;
- in git's configuration (git 2.54 or newer, on request): git itself runs ours and the others.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from wildgit.adapters.files import write_atomically
from wildgit.adapters.git.process import run_git, try_git
from wildgit.errors import UsageError

HOOKS = (
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "reference-transaction",
    "pre-push",
    "post-merge",
    "post-commit",
    "post-rewrite",
)
CONFIG_HOOKS_SINCE = (2, 54)

_MARK = b"# git wild:"
_KEPT = "hooks-before-wild"
_SCRIPT = "hook.sh"


@dataclass(frozen=True)
class HookState:
    """One of our hooks: where git would run it from, whether it does, and what it runs besides."""

    name: str
    path: Path
    is_installed: bool
    remark: str


@dataclass(frozen=True)
class _Layout:
    common_dir: Path
    hooks_path: str  # what core.hooksPath says; empty where it is not set
    scope: str  # of that setting: local, global, worktree …

    @property
    def wild(self) -> Path:
        return self.common_dir / "wild"

    @property
    def own_hooks(self) -> Path:
        return self.wild / "hooks"

    @property
    def is_redirected(self) -> bool:
        return bool(self.hooks_path) and Path(self.hooks_path) == self.own_hooks

    @property
    def has_config_hooks(self) -> bool:
        return (self.wild / "config-hooks").exists()


def install(cwd: Path, *, in_config: bool = False) -> list[HookState]:
    """Put our hooks in, or bring them up to date, and return their state; safe to run again.

    Args:
        cwd: a folder of the repository.
        in_config: through git's configuration rather than through files.

    Raises:
        UsageError: `in_config` with a git that has no such hooks.
        GitError: there is no repository.
    """
    layout = _layout(cwd)
    write_atomically(layout.wild / _SCRIPT, _packaged(_SCRIPT), mode=0o644)
    if in_config or layout.has_config_hooks:
        _install_in_config(layout, cwd)
    elif layout.hooks_path:
        _install_redirected(layout, cwd)
    else:
        _install_in_place(layout)
    return read_states(cwd)


def uninstall(cwd: Path) -> None:
    """Take our hooks out; what was there before is back, byte for byte."""
    layout = _layout(cwd)
    if layout.has_config_hooks:
        for name in HOOKS:
            try_git(["config", "--local", "--remove-section", f"hook.wild-{name}"], cwd=cwd)
        (layout.wild / "config-hooks").unlink()
    if layout.is_redirected:
        _restore_hooks_path(layout, cwd)
    _uninstall_in_place(layout)
    _remove_folder(layout.own_hooks)
    (layout.wild / _SCRIPT).unlink(missing_ok=True)


def read_states(cwd: Path) -> list[HookState]:
    """Return for each of our hooks whether git runs it."""
    layout = _layout(cwd)
    return [_state(layout, cwd, name) for name in HOOKS]


def hooks_folder(cwd: Path) -> Path:
    """Return the folder that git runs the hooks of this repository from."""
    layout = _layout(cwd)
    return layout.own_hooks if layout.has_config_hooks else _hooks_folder(layout, cwd)


def _state(layout: _Layout, cwd: Path, name: str) -> HookState:
    folder = _hooks_folder(layout, cwd)
    if layout.has_config_hooks:
        configured = try_git(["config", f"hook.wild-{name}.command"], cwd=cwd).returncode == 0
        return HookState(name, layout.own_hooks / name, configured, "in git's configuration")
    path = folder / name
    if _is_ours(path) and os.access(path, os.X_OK):
        before = _before(layout, name)
        return HookState(name, path, True, f"after {before}" if before else "")
    legacy = _legacy(path)
    if _is_ours(legacy):
        return HookState(name, path, True, f"called by {path.name} of pre-commit")
    return HookState(name, path, False, "another hook is in its place" if path.exists() else "missing")


def _before(layout: _Layout, name: str) -> str:
    if layout.is_redirected:
        former = Path(_former_hooks_path(layout)) / name
        return str(former) if former.exists() else ""
    kept = layout.common_dir / _KEPT / name
    return str(kept) if kept.exists() and not kept.is_symlink() else ""


def _install_in_place(layout: _Layout) -> None:
    hooks, kept = layout.common_dir / "hooks", layout.common_dir / _KEPT
    for name in HOOKS:
        path = hooks / name
        if not _is_ours(path):
            if _is_ours(_legacy(path)):
                continue  # pre-commit moved ours aside, and calls it
            if path.exists() or path.is_symlink():
                kept.mkdir(exist_ok=True)
                path.rename(kept / name)
        before = f'"${{0%/*}}/../{_KEPT}/{name}"'
        _write_shim(path, name, before, f'"${{0%/*}}/../wild/{_SCRIPT}"')
    if kept.is_dir():
        _link_neighbours(hooks, kept)


def _link_neighbours(hooks: Path, kept: Path) -> None:
    for neighbour in hooks.iterdir():
        link = kept / neighbour.name
        if not neighbour.name.endswith(".sample") and neighbour.name not in HOOKS and not link.exists():
            link.symlink_to(Path("..") / "hooks" / neighbour.name)


def _uninstall_in_place(layout: _Layout) -> None:
    hooks, kept = layout.common_dir / "hooks", layout.common_dir / _KEPT
    for name in HOOKS:
        for path in (hooks / name, _legacy(hooks / name)):
            if _is_ours(path):
                path.unlink()
                if (kept / name).exists() or (kept / name).is_symlink():
                    (kept / name).rename(path)
    if kept.is_dir():
        for link in kept.iterdir():
            if link.is_symlink() and link.name not in HOOKS:
                link.unlink()
        with suppress(OSError):  # a hook that somebody replaced meanwhile stays in here
            kept.rmdir()
    with suppress(OSError):
        if not any(hooks.iterdir()):
            hooks.rmdir()


def _install_redirected(layout: _Layout, cwd: Path) -> None:
    if not layout.is_redirected:
        _remove_folder(layout.own_hooks)
        former = layout.hooks_path
    else:
        former = _former_hooks_path(layout)
    theirs = Path(former)
    existing = theirs if theirs.is_absolute() else _work_tree(cwd) / theirs
    names = {entry.name for entry in existing.iterdir()} if existing.is_dir() else set()
    for name in sorted({*HOOKS, *filter(_is_hook_name, names)}):
        before = shlex.quote(str(theirs / name))
        _write_shim(layout.own_hooks / name, name, before, f'"${{0%/*}}/../{_SCRIPT}"')
    if not layout.is_redirected:
        _redirect_hooks_path(layout, cwd)


def _redirect_hooks_path(layout: _Layout, cwd: Path) -> None:
    config = layout.common_dir / "config"
    former_config = config.read_bytes()
    scope = "--worktree" if layout.scope == "worktree" else "--local"
    run_git(["config", scope, "core.hooksPath", str(layout.own_hooks)], cwd=cwd)
    own = layout.scope in ("local", "worktree")
    write_atomically(layout.own_hooks / ".before-path", layout.hooks_path.encode())
    write_atomically(layout.own_hooks / ".before-scope", (scope if own else "").encode())
    write_atomically(layout.own_hooks / ".before-config", former_config, mode=0o600)
    write_atomically(layout.own_hooks / ".after-config", config.read_bytes(), mode=0o600)


def _restore_hooks_path(layout: _Layout, cwd: Path) -> None:
    config = layout.common_dir / "config"
    own = layout.own_hooks
    scope = (own / ".before-scope").read_text()
    if scope != "--worktree" and config.read_bytes() == (own / ".after-config").read_bytes():
        # Nothing else changed: git would leave other blanks and an empty section behind.
        write_atomically(config, (own / ".before-config").read_bytes())
    elif scope:
        run_git(["config", scope, "core.hooksPath", _former_hooks_path(layout)], cwd=cwd)
    else:
        run_git(["config", "--local", "--unset", "core.hooksPath"], cwd=cwd)


def _former_hooks_path(layout: _Layout) -> str:
    return (layout.own_hooks / ".before-path").read_text()


def _install_in_config(layout: _Layout, cwd: Path) -> None:
    version = _git_version(cwd)
    if version < CONFIG_HOOKS_SINCE:
        needed = ".".join(map(str, CONFIG_HOOKS_SINCE))
        raise UsageError(f"hooks in git's configuration need git {needed}", hint="git wild hooks install")
    for name in HOOKS:
        _write_shim(layout.own_hooks / name, name, "''", f'"${{0%/*}}/../{_SCRIPT}"')
        command = f'"$(git rev-parse --git-common-dir)"/wild/hooks/{name}'
        run_git(["config", "--local", f"hook.wild-{name}.event", name], cwd=cwd)
        run_git(["config", "--local", f"hook.wild-{name}.command", command], cwd=cwd)
    write_atomically(layout.wild / "config-hooks", b"")


def _git_version(cwd: Path) -> tuple[int, ...]:
    match = re.search(rb"(\d+)\.(\d+)", run_git(["version"], cwd=cwd))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _layout(cwd: Path) -> _Layout:
    query = ["rev-parse", "--path-format=absolute", "--git-common-dir"]
    common_dir = Path(os.fsdecode(run_git(query, cwd=cwd)).rstrip("\n"))
    query = ["config", "--show-scope", "--path", "--get", "core.hooksPath"]
    scope, _, value = os.fsdecode(try_git(query, cwd=cwd).stdout).rstrip("\n").partition("\t")
    if not value and (common_dir / "hooks").is_symlink():
        value = str(common_dir / "hooks")  # leads to a folder that others may share, or track
    return _Layout(common_dir, value, scope)


def _hooks_folder(layout: _Layout, cwd: Path) -> Path:
    if not layout.hooks_path:
        return layout.common_dir / "hooks"
    path = Path(layout.hooks_path)
    return path if path.is_absolute() else _work_tree(cwd) / path


def _work_tree(cwd: Path) -> Path:
    return Path(os.fsdecode(run_git(["rev-parse", "--show-toplevel"], cwd=cwd)).rstrip("\n"))


def _legacy(path: Path) -> Path:
    return path.with_name(f"{path.name}.legacy")  # where pre-commit moves a hook that it finds


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_bytes()[:400]
    except OSError:
        return False


def _is_hook_name(name: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9-]*", name) is not None


def _write_shim(path: Path, name: str, before: str, script: str) -> None:
    text = _packaged("shim").decode()
    for placeholder, value in (("@HOOK@", name), ("@BEFORE@", before), ("@SCRIPT@", script)):
        text = text.replace(placeholder, value)
    write_atomically(path, text.encode(), mode=0o755)


def _packaged(name: str) -> bytes:
    return (files("wildgit.hooks") / name).read_bytes()


def _remove_folder(folder: Path) -> None:
    for path in _contents(folder):
        path.unlink()
    with suppress(OSError):
        folder.rmdir()


def _contents(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()
