"""What makes a directory an instance. Every step leaves what is there as it is, so it can run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wildgit.adapters.files import write_atomically
from wildgit.adapters.git import hook_files, merge_driver
from wildgit.adapters.git.process import run_git, try_git
from wildgit.adapters.git.repo import SHA_256, SHA_256_HINT
from wildgit.adapters.instance import CONFIG, KUBECONFIG, SECRET_MODE, SECRETS, refuse_bare
from wildgit.errors import GitError, InputError

IGNORED = (
    SECRETS,
    KUBECONFIG,
    "*.lock",
    "operations/",
    ".kube/cache/",
    "*.tmp",
    "*.swp",
    ".DS_Store",
    "*.log",
)
# A package may bring a file that the rules above would hide; its folder is committed whole.
KEPT = ("!/apps/*/.package/**", "!/apps/*/.package.lock.yaml")
_SECRETS_TEXT = (
    b"# Passwords and keys of the apps. Never tracked by git; keep a backup elsewhere.\napps: {}\n"
)


def set_up(directory: Path, config_text: str, *, hooks: bool = True) -> Iterator[str]:
    """Turn `directory` into an instance; yields a line for each thing done.

    Args:
        directory: made where it is missing.
        config_text: of a new config.yaml.
        hooks: install the hooks, beside those that are there.

    Raises:
        InputError: it lies inside the work tree of another repository, or a file in the way is no file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / ".git").exists():
        refuse_bare(directory.resolve())
        _refuse_inside_other(directory)
        run_git(["init", "--quiet"], cwd=directory)
        yield f"made a git repository in {directory}"
    shown = run_git(["rev-parse", "--show-object-format"], cwd=directory).decode().strip()
    if shown != "sha1":
        raise GitError(SHA_256, hint=SHA_256_HINT)
    for name, text, mode in (
        (CONFIG, config_text.encode(), None),
        (SECRETS, _SECRETS_TEXT, SECRET_MODE),
    ):
        path = directory / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise InputError("is in the way: it is no regular file", source=name)
        if not path.exists():
            write_atomically(path, text, mode=mode)
            yield f"wrote {name}"
    for name in (SECRETS, KUBECONFIG):
        if _restrict(directory / name):
            yield f"took the rights of others off {name} (mode 0600)"
    if _add_lines(directory / ".gitignore", (*IGNORED, *KEPT)):
        yield "wrote .gitignore"
    attributes = directory / ".gitattributes"
    before = attributes.read_text() if attributes.exists() else ""
    after = merge_driver.add_attributes(before)
    if after != before:
        write_atomically(attributes, after.encode())
        yield "wrote .gitattributes"
    if merge_driver.register(directory):
        yield "registered the merge drivers"
    if hooks and not all(state.is_installed for state in hook_files.read_states(directory)):
        hook_files.install(directory)
        yield "installed the hooks that keep secrets out"


def absolute_url(url: str) -> str:
    """Return a URL that means the same from any folder: a relative path becomes an absolute one."""
    path = Path(url).expanduser()
    return str(path.resolve()) if "://" not in url and path.exists() else url


def _refuse_inside_other(directory: Path) -> None:
    inside = try_git(["rev-parse", "--show-toplevel"], cwd=directory)
    if inside.returncode == 0:
        top = inside.stdout.decode().strip()
        raise InputError(
            f"{directory} lies in the repository {top}; an instance is the root of its own",
            hint=f"git wild init {top}",
        )


def _restrict(path: Path) -> bool:
    if not path.is_file() or path.is_symlink() or not path.stat().st_mode & 0o077:
        return False
    path.chmod(SECRET_MODE)
    return True


def _add_lines(path: Path, wanted: tuple[str, ...]) -> bool:
    text = path.read_text() if path.exists() else ""
    missing = [line for line in wanted if line not in text.splitlines()]
    if missing:
        joint = "" if not text or text.endswith("\n") else "\n"
        write_atomically(path, (text + joint + "\n".join(missing) + "\n").encode())
    return bool(missing)
