"""A merge written into the repository in git's own terms, and taken back or finished.

The order of the writes is the promise: first MERGE_HEAD, then an index in which every path to be
written is unmerged, then the files, then the final index, then the commit. Killed anywhere, the
repository is as before or an ordinary merge that `git merge --abort` undoes, because git resets an
unmerged path to HEAD whatever lies in the work tree.

Index, refs and commits are written by git itself, so hooks run, commits are signed, and whatever way
the repository keeps them in is kept.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from wildgit.adapters import terminal
from wildgit.adapters.files import locked, write_atomically
from wildgit.adapters.git.conversion import Conversions, check_out, find_conversions
from wildgit.adapters.git.index_entries import FileChange, final_entries, store_blobs, unmerged_entries
from wildgit.adapters.git.overwriting import refuse_links
from wildgit.adapters.git.process import pass_through, run_git, try_git
from wildgit.adapters.git.repo import Repo
from wildgit.errors import GitError

_BUSY = {
    "MERGE_HEAD": ("a merge", "git wild merge --continue, or git wild merge --abort"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    "REVERT_HEAD": ("a revert", "git revert --continue, or git revert --abort"),
    "rebase-merge": ("a rebase", "git rebase --continue, or git rebase --abort"),
    "rebase-apply": ("a rebase or git am", "git rebase --abort, or git am --abort"),
}


@dataclass(frozen=True)
class Journal:
    """What was going on, kept in `.git/wild/merge.json`.

    Attributes:
        phase: `writing` until the merge is committed or left to the user, then `merging`.
        head: HEAD before it began.
        merge_head: the upstream commit that becomes the second parent; "" for none.
        apps: app → its new package version.
        paths: the files written.
    """

    phase: str
    head: str
    merge_head: str
    apps: Mapping[str, str] = field(default_factory=dict)
    paths: Sequence[str] = ()


class MergeState:
    """The merge in progress in one work tree, if any."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self._folder = repo.git_dir / "wild"
        self._journal_path = self._folder / "merge.json"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock under which git wild changes this work tree; undo what a killed run left half-done.

        Raises:
            LockedError: another git wild is at work here.
        """
        self._folder.mkdir(exist_ok=True)
        with locked(self._folder / "lock", timeout_s=10.0):
            self._recover()
            yield

    def journal(self) -> Journal | None:
        """Return what is in progress; None for nothing, or when git finished or aborted it since."""
        try:
            journal = Journal(**json.loads(self._journal_path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # never half-written; whoever edited it gets it ignored
            return None
        # git removes MERGE_MSG when it commits, aborts or resets.
        stale = journal.head != self.repo.head() or not self._has_message()
        return None if stale and journal.phase != "writing" else journal

    def unmerged(self) -> list[str]:
        """Return the paths that have conflict stages in the index, sorted."""
        output = run_git(["ls-files", "-z", "--unmerged"], cwd=self.repo.root)
        return sorted({line.split("\t", 1)[1] for line in output.decode().split("\0") if line})

    def refuse_if_busy(self) -> None:
        """Raise GitError where a merge, rebase, cherry-pick, revert or unfinished conflict is in progress."""
        for name, (what, way_out) in _BUSY.items():
            if (self.repo.git_dir / name).exists():
                raise GitError(f"{what} is in progress", hint=way_out)
        unmerged = self.unmerged()
        if unmerged:
            raise GitError(
                f"{unmerged[0]} has conflicts that are not resolved",
                hint="git wild merge --continue, or git wild merge --abort",
            )

    def refuse_unresolved(self) -> None:
        """Raise GitError where a merge can't be committed: none in progress, or stages or markers left."""
        journal = self.journal()
        if journal is None and not self._merging():
            raise GitError("there is no merge to continue")
        unmerged = self.unmerged()
        if unmerged:
            listed = "\n".join(f"  {path}" for path in unmerged)
            raise GitError(
                f"these files have conflicts that are not resolved:\n{listed}",
                hint="resolve them, then git add FILE; git wild resolve walks through them",
            )
        for path in journal.paths if journal else ():
            line = _first_marker(self.repo.root / path)
            if line:
                raise GitError(
                    f"{path}:{line} still has a conflict marker", hint=f"edit it, then git add {path}"
                )

    def stage(self, paths: Sequence[str]) -> None:
        """Add the content of `paths` in the work tree to the index."""
        if paths:
            stdin = "\0".join(paths).encode()
            arguments = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"]
            run_git(["--literal-pathspecs", *arguments], cwd=self.repo.root, stdin=stdin)

    def require_identity(self) -> None:
        """Raise GitError, before anything is written, where git would refuse to commit for lack of a name."""
        run_git(["var", "GIT_COMMITTER_IDENT"], cwd=self.repo.root)

    def write(self, changes: Sequence[FileChange], journal: Journal, message: str) -> None:
        """Write the changes: files in the work tree, entries and conflict stages in the index.

        Afterwards the repository is in an ordinary merge (with `journal.merge_head`) or has staged
        changes, in both cases with the message that `git commit` will offer.
        """
        self._save(journal)
        self._write_heads(journal.merge_head, message)
        before = self.repo.entries_at(journal.head, [change.path for change in changes])
        conversions = find_conversions(self.repo.root, [change.path for change in changes])
        blobs = store_blobs(self.repo, changes, conversions)
        self._update_index(unmerged_entries(changes, before, blobs))
        self._write_files(changes, blobs, conversions)
        self._replace_index(final_entries(self.repo, changes, blobs, conversions))
        if any(change.stages is not None for change in changes):
            try_git(["rerere"], cwd=self.repo.root)  # does nothing unless rerere is on, as in git merge
            self._leave_to_user(journal)

    def write_conflicts(self, changes: Sequence[FileChange]) -> None:
        """Write conflicts outside of a merge, as `git stash pop` leaves them: stages and markers, no more."""
        conversions = find_conversions(self.repo.root, [change.path for change in changes])
        blobs = store_blobs(self.repo, changes, conversions)
        self._replace_index(final_entries(self.repo, changes, blobs, conversions))
        self._write_files(changes, blobs, conversions)

    def write_clean(self, changes: Sequence[FileChange]) -> None:
        """Write files of the work tree in this order, as an editor would: each whole, its mode kept."""
        conversions = find_conversions(self.repo.root, [change.path for change in changes])
        for change in changes:
            path = self.repo.root / change.path
            if change.data is None:
                path.unlink(missing_ok=True)
            elif change.path in conversions.converted:
                self._check_out([change], store_blobs(self.repo, [change], conversions))
            else:
                write_atomically(path, change.data)

    def commit(self, message: str) -> str:
        """Commit what was written, with git's own hooks, and return the new commit's id.

        Raises:
            GitError: a hook or git refused; the merge stays in progress.
        """
        message_file = self._folder / "message"
        write_atomically(message_file, message.encode())
        arguments = ["commit", "--quiet", "--no-edit", "--cleanup=whitespace", "-F", str(message_file)]
        if not self._merging() and not self._anything_staged():
            return self.repo.head() or ""
        # What is to be deployed is looked for when the command is through (`after_merge.py`).
        code = pass_through(arguments, cwd=self.repo.root, env={"GIT_WILD_AT_WORK": "1"})
        if code != 0:
            journal = self.journal()
            if journal is not None:
                self._leave_to_user(journal)
            raise GitError(
                "git commit refused; the merge is still in progress",
                hint="mend what it says, then git wild merge --continue, or git wild merge --abort",
            )
        self._forget()
        message_file.unlink(missing_ok=True)
        return run_git(["rev-parse", "HEAD"], cwd=self.repo.root).decode().strip()

    def finish(self) -> str:
        """Commit a merge whose conflicts are resolved, with the message git keeps for it."""
        message = (self.repo.git_dir / "MERGE_MSG").read_text() if self._has_message() else "Merge upstream\n"
        kept = "\n".join(line for line in message.splitlines() if not line.startswith("#"))
        return self.commit(kept.rstrip() + "\n")

    def abort(self) -> None:
        """Put index and work tree back to where they were before the merge.

        Raises:
            GitError: nothing is in progress, or a file of the merge was changed since and would be lost.
        """
        journal = self.journal()
        if self._merging():
            done = try_git(["merge", "--abort"], cwd=self.repo.root)
            if done.returncode != 0:
                _complain_of_abort(done.stderr.decode("utf-8", "replace"))
        elif journal is not None:
            run_git(["reset", "--quiet", "--merge", "HEAD"], cwd=self.repo.root)
        else:
            raise GitError("there is no merge to abort")
        self._remove_empty_folders(journal)
        self._forget()

    def _recover(self) -> None:
        for left in (*self._folder.glob(".*.tmp"), *self.repo.git_dir.glob(".MERGE_*.tmp")):
            left.unlink(missing_ok=True)
        journal = self.journal()
        if journal is None or journal.phase != "writing":
            return
        # We hold the lock, so whoever wrote this is dead, and so are the lock files git made for it.
        for lock in ("index.lock", "HEAD.lock", f"refs/heads/{self.repo.branch()}.lock"):
            for folder in (self.repo.git_dir, self.repo.common_dir):
                (folder / lock).unlink(missing_ok=True)
        if journal.head == self.repo.head():
            run_git(["reset", "--quiet", "--merge", "HEAD"], cwd=self.repo.root)
            self._remove_temporaries(journal)
            self._remove_empty_folders(journal)
            terminal.remark("undid a merge that was interrupted half-way")
        self._forget()

    def _leave_to_user(self, journal: Journal) -> None:
        self._save(replace(journal, phase="merging"))

    def _save(self, journal: Journal) -> None:
        write_atomically(self._journal_path, json.dumps(asdict(journal), indent=1).encode())

    def _forget(self) -> None:
        for name in ("MERGE_HEAD", "MERGE_MODE", "MERGE_MSG"):
            (self.repo.git_dir / name).unlink(missing_ok=True)
        self._journal_path.unlink(missing_ok=True)

    def _merging(self) -> bool:
        return (self.repo.git_dir / "MERGE_HEAD").exists()

    def _has_message(self) -> bool:
        return (self.repo.git_dir / "MERGE_MSG").exists()

    def _write_heads(self, merge_head: str, message: str) -> None:
        # MERGE_HEAD comes last: only with it is a merge in progress.
        write_atomically(self.repo.git_dir / "MERGE_MSG", message.encode())
        if merge_head:
            write_atomically(self.repo.git_dir / "MERGE_MODE", b"no-ff")
            write_atomically(self.repo.git_dir / "MERGE_HEAD", f"{merge_head}\n".encode())

    def _anything_staged(self) -> bool:
        return try_git(["diff-index", "--cached", "--quiet", "HEAD"], cwd=self.repo.root).returncode != 0

    def _update_index(self, lines: Iterator[str], env: Mapping[str, str] | None = None) -> None:
        stdin = "\0".join(lines).encode("utf-8", "surrogateescape")
        if stdin:
            run_git(["update-index", "-z", "--index-info"], cwd=self.repo.root, stdin=stdin + b"\0", env=env)

    def _replace_index(self, lines: Iterator[str]) -> None:
        """Write the entries and what stat says of the files in one step.

        `git merge --abort` takes an entry without stat data for a file that somebody edited. So the new
        index is made beside the old one, and put in its place by git's own protocol: as index.lock,
        which fails where another git holds it, then renamed.
        """
        index = self.repo.git_dir / "index"
        beside = self._folder / "index"
        shutil.copyfile(index, beside)
        env = {"GIT_INDEX_FILE": str(beside)}
        self._update_index(lines, env)
        try_git(["update-index", "-q", "--refresh"], cwd=self.repo.root, env=env)
        lock = self.repo.git_dir / "index.lock"
        try:
            lock.hardlink_to(beside)
        except FileExistsError as error:
            raise GitError("another git process holds index.lock", hint=f"if none runs: rm {lock}") from error
        beside.unlink()
        lock.rename(index)

    def _write_files(
        self, changes: Sequence[FileChange], blobs: Mapping[str, str], conversions: Conversions
    ) -> None:
        converted = [c for c in changes if c.data is not None and c.path in conversions.converted]
        self._check_out(converted, blobs)
        for change in changes:
            if change.data is None or change.path not in conversions.converted:
                self._write_file(change)

    def _check_out(self, changes: Sequence[FileChange], blobs: Mapping[str, str]) -> None:
        """Let git write what it converts."""
        for change in changes:
            refuse_links(self.repo.root, change.path)
        if changes:
            entries = [f"{change.mode} {blobs[change.path]} 0\t{change.path}" for change in changes]
            check_out(self.repo.root, self._folder / "checkout-index", entries)

    def _write_file(self, change: FileChange) -> None:
        path = self.repo.root / change.path
        refuse_links(self.repo.root, change.path)
        if change.data is None:
            path.unlink(missing_ok=True)
            _remove_empty(path.parent, self.repo.root)
        else:
            mode = 0o777 & ~_umask() if change.executable else 0o666 & ~_umask()
            write_atomically(path, change.data, mode=mode, durable=False)

    def _remove_empty_folders(self, journal: Journal | None) -> None:
        for path in journal.paths if journal else ():
            _remove_empty((self.repo.root / path).parent, self.repo.root)

    def _remove_temporaries(self, journal: Journal) -> None:
        for folder in {(self.repo.root / path).parent for path in journal.paths}:
            for left in folder.glob(".*.tmp"):
                left.unlink(missing_ok=True)


def _complain_of_abort(said: str) -> None:
    """Raise what git said of `merge --abort`; of several lines, the one that names the file counts."""
    match = re.search(r"Entry '(.+)' not uptodate", said)
    if match is None:
        raise GitError(f"git merge --abort: {said.strip().splitlines()[-1].removeprefix('fatal: ')}")
    raise GitError(
        f"{match[1]} was changed after the merge began, and that would be lost",
        hint=f"to lose it: git restore {shlex.quote(match[1])}, then git wild merge --abort",
    )


def _first_marker(path: Path) -> int | None:
    """The 1-based line of the first conflict marker; None where there is none."""
    if not path.is_file():
        return None
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.startswith((b"<<<<<<< ", b">>>>>>> ")):
            return number
    return None


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
