"""Before a deploy: is each app compiled with today's config.yaml? If not, compile it, or refuse.

Rendering a package to see that nothing changed takes longer than deploying a small app. So what was found
up to date is remembered, by what it was found from: config.yaml, the package lock and the manifest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from wildgit.adapters.cluster.operations import FOLDER as OPERATIONS
from wildgit.adapters.files import write_atomically
from wildgit.adapters.instance import Instance
from wildgit.core.app.package import MANIFEST
from wildgit.core.app.package_lock import FILE as LOCK_FILE
from wildgit.errors import GitError, InputError

_REMEMBERED = ".compiled"


def ensure_compiled(
    instance: Instance, app: str, say: Callable[[str], None], *, frozen: bool, dry_run: bool
) -> bool:
    """Bring the app's files up to date with config.yaml; return whether any changed.

    An app without a package lock was not compiled by us: its files are what they are.

    Args:
        instance: where.
        app: which.
        say: told what is done, in a sentence.
        frozen: refuse instead. So does continuous integration (CI in the environment): what it deploys is
            what was reviewed.
        dry_run: only say so.

    Raises:
        InputError: refused, or a template reads what config.yaml has not.
        GitError: config.yaml's change conflicts with edits by hand.
    """
    folder = instance.app_folder(app)
    if not (folder / LOCK_FILE).is_file():
        return False
    remembered = instance.root / OPERATIONS / _REMEMBERED / app
    if remembered.is_file() and remembered.read_text() == _inputs(instance, folder):
        return False
    from wildgit.adapters.git.merge_state import MergeState
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.upstream.compile_run import compile_apps, plan_compile

    repo = Repo(instance.root)
    is_stale = bool(plan_compile(instance, repo, [app]))
    if is_stale and (frozen or os.environ.get("CI")):
        raise InputError(f"{app} is not compiled with today's config.yaml", hint=f"git wild compile {app}")
    if is_stale and dry_run:
        say("config.yaml changed: a deploy compiles it first, which this dry run does not show")
        return False
    if is_stale:
        say("config.yaml changed: compiling")
        with MergeState(repo).exclusive():
            conflicts = compile_apps(instance, repo, [app])
        if conflicts:
            raise GitError(
                f"config.yaml's change conflicts with edits of {app} by hand; nothing was deployed",
                hint="resolve the conflicts, git add, and deploy again",
            )
    if not dry_run:
        write_atomically(remembered, _inputs(instance, folder).encode(), durable=False)
    return is_stale


def _inputs(instance: Instance, folder: Path) -> str:
    digest = hashlib.sha256(instance.config_text())
    for name in (LOCK_FILE, MANIFEST):
        digest.update(b"\0" + (folder / name).read_bytes())
    return digest.hexdigest()
