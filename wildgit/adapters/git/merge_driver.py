"""Our merge drivers in a repository: how they are registered, for which files, and whether git runs them.

git's configuration names the command, `.gitattributes` the files. The command is a line of shell that
must end well when we are not there: git takes any failure for a conflict and leaves our side in the
file without a marker, where the user would add it and lose the other side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from wildgit.adapters.git.package_sides import packages_unlike_locks
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.diagnosis import Diagnosis

# git puts %P, %S, %X and %Y in quotes for the shell itself; quotes of ours around them would open them again.
# Without git-wild, or when it failed before it wrote anything (its Python is gone, the kernel killed it),
# there is no marker in the file, and git's text merge gets its turn.
DRIVER = (
    "if command -v git-wild >/dev/null 2>&1 && git-wild merge-driver %O %A %B %L %P %S %X %Y; then exit 0; "
    "elif grep -q '^<\\{%L\\}' %A; then exit 1; "
    "else git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B || exit 1; fi"
)
CONFIG = {
    "merge.wild-yaml.name": "git wild: merge by the structure of the YAML",
    "merge.wild-yaml.driver": DRIVER,
    "merge.wild-package.name": "git wild: take the newer package whole",
    "merge.wild-package.driver": DRIVER,
}
ATTRIBUTES = (
    "/config.yaml merge=wild-yaml",
    "/apps/**/*.yaml merge=wild-yaml",
    "/apps/**/*.yml merge=wild-yaml",
    # .package has upstream's objects: what git converted would be another tree than the lock names.
    "/apps/*/.package/** merge=wild-package -text -ident !filter !working-tree-encoding",
    "/apps/*/.package.lock.yaml merge=wild-package",
    "/secrets.yaml.age binary",
)


def register(root: Path) -> bool:
    """Set the drivers in the repository's own configuration, which its worktrees share.

    Returns:
        Whether anything changed.
    """
    if is_registered(root):
        return False
    for key, value in CONFIG.items():
        run_git(["config", "--local", "--replace-all", key, value], cwd=root)
    return True


def is_registered(root: Path) -> bool:
    """Return whether the configuration that git sees in `root` is what `register` would set."""
    return all(_configured(root, key) == value for key, value in CONFIG.items())


def add_attributes(attributes: str) -> str:
    """Return the text of a `.gitattributes` with our lines at its end, unless it has them in our order."""
    present = [line for line in attributes.splitlines() if line in ATTRIBUTES]
    if present == list(ATTRIBUTES):
        return attributes
    kept = [line for line in attributes.splitlines() if line not in ATTRIBUTES]
    return "\n".join([*kept, *ATTRIBUTES, ""])


def diagnose(root: Path) -> Iterator[Diagnosis]:
    """Yield whether the drivers are registered, name the right files, and are really run by git."""
    if is_registered(root):
        yield Diagnosis("the merge drivers are registered", ok=True)
    else:
        yield Diagnosis(
            "the merge drivers are registered",
            ok=False,
            detail="git's configuration does not name them as this version would",
            hint="git wild init",
        )
    probes = {"config.yaml": "wild-yaml", "apps/a/b/c.yaml": "wild-yaml", "apps/a/.package/b": "wild-package"}
    wrong = [path for path, driver in probes.items() if _attribute(root, path) != driver]
    yield Diagnosis(
        "the files of apps and config.yaml are merged by them",
        ok=not wrong,
        detail=f"no merge driver of ours for {', '.join(wrong)}" if wrong else "",
        hint="git wild init" if wrong else None,
    )
    mixed = [package.app for package in packages_unlike_locks(root)]
    yield Diagnosis(
        "each app's .package is what its lock names",
        ok=not mixed,
        detail=f"not so: {', '.join(mixed)}" if mixed else "",
        hint="git wild resolve" if mixed else None,
    )
    yield _canary(_configured(root, "merge.wild-yaml.driver"))


def _configured(root: Path, key: str) -> str:
    return try_git(["config", "--get", key], cwd=root).stdout.decode().removesuffix("\n")


def _attribute(root: Path, path: str) -> str:
    # -z: path, attribute and value end in NUL each.
    fields = run_git(["check-attr", "-z", "merge", "--", path], cwd=root).split(b"\0")
    return fields[2].decode()


_CANARY = ("image: web:1\nreplicas: 1\n", "image: web:1\nreplicas: 2\n", "image: web:2\nreplicas: 1\n")
_MERGED = "image: web:2\nreplicas: 2\n"


def _canary(driver: str) -> Diagnosis:
    """Merge, in a repository of its own, what git's line merge can't and ours can: two neighbouring keys."""
    what = "git merge calls our driver"
    if not driver:
        return Diagnosis(what, ok=False, detail="no driver is configured", hint="git wild init")
    with tempfile.TemporaryDirectory(prefix="git-wild-canary-") as folder:
        root = Path(folder)
        settings = [
            *("-c", f"merge.wild-yaml.driver={driver}"),
            *("-c", "user.name=git wild", "-c", "user.email=canary@example.invalid"),
            *(
                "-c",
                f"core.hooksPath={folder}/none",
                "-c",
                "commit.gpgSign=false",
                "-c",
                "core.fsmonitor=false",
            ),
        ]
        env = {"GIT_DIR": f"{folder}/.git", "GIT_WORK_TREE": folder, "GIT_INDEX_FILE": f"{folder}/.git/index"}
        file = root / "apps" / "canary" / "a file's $(name).yaml"
        file.parent.mkdir(parents=True)

        def git(*arguments: str) -> None:
            run_git([*settings, *arguments], cwd=root, env=env)

        def commit(text: str) -> None:
            file.write_text(text)
            git("add", "--all")
            git("commit", "--quiet", "--message", "canary")

        git("init", "--quiet", "--initial-branch=ours")
        (root / ".gitattributes").write_text(add_attributes(""))
        base, ours, theirs = _CANARY
        commit(base)
        git("branch", "theirs")
        commit(ours)
        git("checkout", "--quiet", "theirs")
        commit(theirs)
        git("checkout", "--quiet", "ours")
        done = try_git([*settings, "merge", "--quiet", "--no-edit", "theirs"], cwd=root, env=env)
        if done.returncode == 0 and file.read_text() == _MERGED:
            return Diagnosis(what, ok=True)
        seen = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return Diagnosis(
        what,
        ok=False,
        detail=seen[-1] if seen else "a merge in a temporary repository conflicted that ours settles",
        hint="is git-wild on the PATH that git has? try: git -c alias.p='!command -v git-wild' p",
    )
