"""Proof that the hooks work, in repositories of their own.

Each guard gets a made-up secret put in front of it; each hook that deploys sees a merge into a branch whose
environment has no cluster, and has to complain. git runs the very hooks that it runs in the instance. Hooks
of others among them run too, and may refuse for reasons of their own: then nothing is proved, and that is
said.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from secrets import token_hex

from wildgit.adapters.git.hook_files import hooks_folder, read_states
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.diagnosis import Diagnosis

_INSTALL = "git wild hooks install"

Git = Callable[..., subprocess.CompletedProcess[bytes]]
Attempt = Callable[[Path, Git, Path, str], subprocess.CompletedProcess[bytes]]


def diagnose_guards(root: Path) -> Iterator[Diagnosis]:
    """Yield whether each hook stops a secret, and whether others may read the files of secrets."""
    for name in ("secrets.yaml", "kubeconfig"):
        file = root / name
        if file.exists():
            mode = file.stat().st_mode & 0o777
            is_private = not mode & 0o077
            detail = "" if is_private else f"its mode is {mode:04o}"
            yield Diagnosis(f"{name} is its owner's alone", is_private, detail, f"chmod 600 {file}")
    yield from _try_each(root, _ATTEMPTS)


def diagnose_followers(root: Path) -> Iterator[Diagnosis]:
    """Yield whether each hook that comes after a merge sees one."""
    yield from _try_each(root, _MERGES)


def _try_each(root: Path, attempts: Mapping[str, tuple[Attempt, str]]) -> Iterator[Diagnosis]:
    states = {state.name: state for state in read_states(root)}
    with tempfile.TemporaryDirectory(prefix="git-wild-canary-") as folder:
        place = Path(folder)
        settings = [*("-c", "user.name=git wild"), *("-c", "user.email=canary@example.invalid")]
        settings += ["-c", "commit.gpgSign=false", "-c", "maintenance.auto=false", *_CANARY_ENVIRONMENT]
        env = {"GIT_DIR": f"{folder}/.git", "GIT_WORK_TREE": folder, "GIT_INDEX_FILE": f"{folder}/.git/index"}

        def git(*arguments: str, hooks: Path = Path("/dev/null")) -> subprocess.CompletedProcess[bytes]:
            return try_git([*settings, "-c", f"core.hooksPath={hooks}", *arguments], cwd=place, env=env)

        canary = _prepare(place, git)
        hooks = hooks_folder(root)
        for name, (attempt, words) in attempts.items():
            what = f"{name} {'stops a secret' if name in _ATTEMPTS else 'looks what to deploy'}"
            if not states[name].is_installed:
                yield Diagnosis(what, False, states[name].remark, _INSTALL)
                continue
            done = attempt(place, git, hooks, canary)
            seen = done.stderr.decode("utf-8", "replace").strip()
            if words in seen:
                yield Diagnosis(what, True)
            elif name in _MERGES and done.returncode == 0:
                yield Diagnosis(what, False, "it did not see a merge", _INSTALL)
            elif done.returncode == 0 or any(others in seen for _, others in _ATTEMPTS.values()):
                # Let through, or stopped only by the hook of ours that git asks after this one.
                yield Diagnosis(what, False, "it let a made-up secret through", _INSTALL)
            else:
                last = seen.splitlines()[-1:] or ["without a word"]
                yield Diagnosis(what, None, f"another hook refused first: {last[0]}")


def _prepare(place: Path, git: Git) -> str:
    canary = f"canary-{token_hex(12)}"
    run_git(["init", "--quiet", "--initial-branch=main", "."], cwd=place, env={"GIT_DIR": f"{place}/.git"})
    (place / "secrets.yaml").write_text(f"canary: {canary}\n")
    (place / "secrets.yaml").chmod(0o600)
    git("commit", "--quiet", "--allow-empty", "-m", "feat(all): Begin")
    git("checkout", "--quiet", "-b", "ahead")
    git("commit", "--quiet", "--allow-empty", "-m", "config(all): Take this in")
    git("checkout", "--quiet", "main")
    return canary


def _plant(place: Path, git: Git, canary: str) -> None:
    (place / "leak.yaml").write_text(f"password: {canary}\n")
    git("add", "--force", "leak.yaml")


def _commit(place: Path, git: Git, hooks: Path, canary: str) -> subprocess.CompletedProcess[bytes]:
    _plant(place, git, canary)
    done = git("commit", "-m", "config(all): Leak", hooks=hooks)
    git("reset", "--hard", "--quiet")
    return done


def _merge(place: Path, git: Git, hooks: Path, canary: str) -> subprocess.CompletedProcess[bytes]:
    git("checkout", "--quiet", "-b", "side")
    _plant(place, git, canary)
    git("commit", "--quiet", "-m", "config(all): Leak")
    git("checkout", "--quiet", "main")
    git("commit", "--quiet", "--allow-empty", "-m", "config(all): Go on")
    done = git("merge", "--no-edit", "side", hooks=hooks)
    git("merge", "--abort")
    git("reset", "--hard", "--quiet")
    return done


def _message(_: Path, git: Git, hooks: Path, canary: str) -> subprocess.CompletedProcess[bytes]:
    return git("commit", "--allow-empty", "-m", f"config(all): Set it to {canary}", hooks=hooks)


def _unverified(place: Path, git: Git, hooks: Path, canary: str) -> subprocess.CompletedProcess[bytes]:
    _plant(place, git, canary)
    done = git("commit", "--no-verify", "-m", "config(all): Leak", hooks=hooks)
    git("reset", "--hard", "--quiet")
    return done


def _push(place: Path, git: Git, hooks: Path, canary: str) -> subprocess.CompletedProcess[bytes]:
    run_git(["init", "--quiet", "--bare", "remote.git"], cwd=place, env={"GIT_DIR": f"{place}/remote.git"})
    _plant(place, git, canary)
    git("commit", "--quiet", "-m", "config(all): Leak")
    return git("push", f"{place}/remote.git", "HEAD:refs/heads/main", hooks=hooks)


def _after_merge(_: Path, git: Git, hooks: Path, __: str) -> subprocess.CompletedProcess[bytes]:
    _fork(git)
    return git("merge", "--no-edit", "ahead", hooks=hooks)


def _after_commit(_: Path, git: Git, hooks: Path, __: str) -> subprocess.CompletedProcess[bytes]:
    _fork(git)
    git("merge", "--no-ff", "--no-commit", "ahead")
    # The guards had their turn, and don't decide whether git comes to this hook.
    return git("commit", "--no-verify", "-m", "config(all): Merge by hand", hooks=hooks)


def _after_rebase(_: Path, git: Git, hooks: Path, __: str) -> subprocess.CompletedProcess[bytes]:
    _fork(git)
    git("commit", "--quiet", "--allow-empty", "-m", "config(all): Go on")
    return git("rebase", "--keep-empty", "ahead", hooks=hooks)


def _fork(git: Git) -> None:
    """Check out the branch that the canary's environment is deployed from, one commit behind `ahead`."""
    git("checkout", "--quiet", "--force", "-B", _CANARY_BRANCH, "ahead~1")


_CANARY_BRANCH = "git-wild-canary"
_CANARY_ENVIRONMENT = (
    *("-c", f"wild-environment.git-wild-canary.branch={_CANARY_BRANCH}"),
    *("-c", "wild-environment.git-wild-canary.kubeconfig=there-is-none"),
    *("-c", "wild.postMerge=deploy"),
)

# hook → what it is put to, and the words of its own refusal; the last one leaves the secret committed
_ATTEMPTS: dict[str, tuple[Attempt, str]] = {
    "pre-commit": (_commit, "what is staged holds"),
    "pre-merge-commit": (_merge, "what is staged holds"),
    "commit-msg": (_message, "the commit message holds"),
    "reference-transaction": (_unverified, "what this would bring in holds"),
    "pre-push": (_push, "what would leave holds"),
}
_MERGES: dict[str, tuple[Attempt, str]] = {
    "post-merge": (_after_merge, "git wild: not deployed"),
    "post-commit": (_after_commit, "git wild: not deployed"),
    "post-rewrite": (_after_rebase, "git wild: not deployed"),
}
