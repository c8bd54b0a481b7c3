"""The guard at work in a repository: which secrets there are, what has to be scanned, what may stay.

It reads secrets.yaml of this work tree and of the main one (a linked work tree has none of its own).
What it can't read stops it: could not check is not clean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wildgit.adapters.git import objects as git_objects
from wildgit.adapters.git.process import run_git, try_git
from wildgit.core.guard.findings import Finding
from wildgit.core.guard.secret_scan import Scanner
from wildgit.core.guard.secret_values import Leaf, is_public_name, read_leaves, read_public
from wildgit.errors import InputError

if TYPE_CHECKING:
    from wildgit.core.guard.known_values import KnownValues

COMMIT_MESSAGE = "commit message"
ALLOW_KEY = "wild.allowValue"

HISTORY_ADVICE = (
    "rotate first: a secret that was committed is known to every clone, whatever happens to the commit",
    "then, if it must go from history: git filter-repo --replace-text (or the BFG), and tell all who cloned",
)

_SECRETS = "secrets.yaml"
_CONFIG = "config.yaml"
_KNOWN_VALUES = Path("wild") / "known-values"
_SAID = Path("wild") / "said"
_OTHERS_MAY = 0o077
_CHUNK = 500  # commits scanned between two reports of progress


class SecretGuard:
    """Scans what git holds with the secrets of this repository. Open it with `open_guard`.

    `notes` says once what the user should know: no secrets.yaml, secrets not searched for, a loose mode.
    """

    def __init__(self, cwd: Path, scanner: Scanner, notes: list[str]) -> None:
        self._cwd = cwd
        self.scanner = scanner
        self.notes = notes
        self._seen: set[tuple[str, str]] = set()

    def scan_index(self) -> list[Finding]:
        """Return what the index would commit: the files that HEAD has not so."""
        return self._kept(self._scan_entries(git_objects.staged_entries(self._cwd)))

    def scan_tracked(self) -> list[Finding]:
        """Return what every file of the index holds."""
        return self._kept(self._scan_entries(git_objects.index_entries(self._cwd)))

    def scan_files(self, paths: Iterable[str]) -> list[Finding]:
        """Return what these files, and those in these folders, hold as the index has them."""
        return self._kept(self._scan_entries(git_objects.index_entries(self._cwd, paths)))

    def scan_range(self, revisions: str) -> list[Finding]:
        """Return what the commits of a range such as `main..topic` bring.

        Raises:
            UsageError: it is an option, not a range.
            GitError: a revision is not known.
        """
        return self.scan_commits(git_objects.list_range(self._cwd, revisions))

    def scan_history(self, progress: Callable[[str, int], Callable[[], None]] | None = None) -> list[Finding]:
        """Return what every commit that any ref reaches brought, and the names and texts of refs.

        Args:
            progress: called once with a label and the number of steps; returns what is called after each.
        """
        commits = git_objects.list_commits(self._cwd, ["--all"])
        step = progress("scanning history", -(-len(commits) // _CHUNK)) if progress is not None else None
        return [*self.scan_commits(commits, step), *self.scan_all_refs()]

    def scan_commits(self, commits: list[str], step: Callable[[], None] | None = None) -> list[Finding]:
        """Return what these commits changed against their first parents, and what they say."""
        findings: list[Finding] = []
        for start in range(0, len(commits), _CHUNK):
            chunk = commits[start : start + _CHUNK]
            findings += self._scan_entries(git_objects.changed_entries(self._cwd, chunk))
            for commit in git_objects.read_objects(self._cwd, chunk):
                findings += self._scan_object_text(commit)
            if step is not None:
                step()
        return self._kept(findings)

    def scan_push(self, updates: list[tuple[str, str]], *, remote: str, has: list[str]) -> list[Finding]:
        """Return what a push would send.

        Args:
            updates: (ref name, new object id), none of them deleted.
            remote: the name of the remote, or its URL where it has none.
            has: objects that the remote is known to have; those that we have not are left out.
        """
        known = [f"--remotes={remote}", "--remotes=wild-directory", *git_objects.existing(self._cwd, has)]
        return self.scan_ref_updates(updates, known=known)

    def scan_ref_updates(
        self, updates: list[tuple[str, str]], *, known: Sequence[str] = git_objects.GUARDED_REFS
    ) -> list[Finding]:
        """Return what moving refs would bring in: their names, and every commit that is not known yet.

        Args:
            updates: (ref name, new object id) of branches and tags, none of them deleted.
            known: as arguments of `git rev-list`, what needs no look.
        """
        findings = [finding for ref, _ in updates for finding in self.scan_ref_name(ref)]
        tips: list[str] = []
        for target in self._read_targets([object_id for _, object_id in updates]):
            if target.kind == "commit":
                tips.append(target.object_id)
            elif target.kind == "tag":
                findings += self._scan_object_text(target)
            elif target.kind == "tree":
                findings += self._scan_entries(git_objects.tree_entries(self._cwd, target.object_id))
            else:
                place = f"blob {target.object_id[:12]}"
                findings += self.scanner.scan_text(place, target.content, rest=target.rest)
        commits = git_objects.list_commits(self._cwd, [*tips, "--not", *known]) if tips else []
        return self._kept([*findings, *self.scan_commits(commits)])

    def scan_ref_name(self, ref: str) -> list[Finding]:
        """Return what the name of a branch or tag holds."""
        place = f"ref {self.scanner.mask(ref)}"
        names = [finding._replace(line=0) for finding in self.scanner.scan_text(place, ref.encode())]
        return self._kept(names)

    def scan_all_refs(self) -> list[Finding]:
        """Return what the names of all branches and tags hold, and the annotations of tags."""
        listing = run_git(
            ["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"], cwd=self._cwd
        )
        updates = [line.split(" ") for line in listing.decode("utf-8", "replace").splitlines()]
        findings = [finding for ref, _ in updates for finding in self.scan_ref_name(ref)]
        tags = [object_id for ref, object_id in updates if ref.startswith("refs/tags/")]
        for target in self._read_targets(tags):
            if target.kind == "tag":
                findings += self._scan_object_text(target)
        return self._kept(findings)

    def scan_message(self, message: str) -> list[Finding]:
        """Return what a commit message holds."""
        return self._kept(self.scanner.scan_text(COMMIT_MESSAGE, message.encode("utf-8", "surrogateescape")))

    def _read_targets(self, object_ids: list[str]) -> Iterator[git_objects.GitObject]:
        """Yield the objects, and what tags among them point to."""
        while object_ids:
            tagged = []
            for target in git_objects.read_objects(self._cwd, object_ids):
                yield target
                if target.kind == "tag":
                    tagged.append(target.content.split(None, 2)[1].decode())
            object_ids = tagged

    def _scan_entries(self, entries: Iterable[git_objects.Entry]) -> list[Finding]:
        fresh = []
        for entry in entries:
            if (entry.path, entry.object_id) not in self._seen:
                self._seen.add((entry.path, entry.object_id))
                fresh.append(entry)
        findings: list[Finding] = []
        blobs = git_objects.read_objects(self._cwd, (entry.object_id for entry in fresh)) if fresh else ()
        for entry, blob in zip(fresh, blobs, strict=True):
            found = self.scanner.scan_file(entry.path, blob.content, rest=blob.rest, is_link=entry.is_link)
            findings += [finding._replace(commit=entry.commit) for finding in found]
        return findings

    def _scan_object_text(self, target: git_objects.GitObject) -> list[Finding]:
        header, _, message = target.content.partition(b"\n\n")
        place = COMMIT_MESSAGE if target.kind == "commit" else "tag message"
        found = self.scanner.scan_text(place, message, rest=target.rest)
        found += [
            finding._replace(path=f"{target.kind} header", line=0)
            for finding in self.scanner.scan_text("", header.partition(b"\ngpgsig")[0])
        ]
        return [finding._replace(commit=target.object_id, allowed="") for finding in found]

    def _kept(self, findings: list[Finding]) -> list[Finding]:
        """Return the findings that nothing allows.

        A value of secrets.yaml is only let through when this machine's git configuration names its key
        as well: a tracked comment alone must not publish a colleague's secret.
        """
        allowed_keys = _allowed_keys(self._cwd) if any(finding.allowed for finding in findings) else set()
        kept = []
        for finding in findings:
            keys = finding.key.split(", ") if finding.key else []
            missing = [self.scanner.mask(key) for key in keys if key not in allowed_keys]
            if finding.allowed and not missing:
                continue
            if finding.allowed:
                todo = "; ".join(f"git config --add {ALLOW_KEY} {key}" for key in missing)
                finding = finding._replace(message=f"{finding.message}; allow it here too: {todo}")  # noqa: PLW2901
            kept.append(finding._replace(key=self.scanner.mask(finding.key)))
        return kept


def open_guard(cwd: Path) -> SecretGuard:
    """Return the guard of the repository that `cwd` lies in.

    Raises:
        InputError: secrets.yaml can't be read or is no YAML.
        GitError: there is no repository.
    """
    common_dir, folders = _places(cwd)
    notes: list[str] = []
    files = [folder / _SECRETS for folder in folders if (folder / _SECRETS).is_file()]
    if not files:
        notes.append(
            "no secrets.yaml here: files, Secret manifests, keys and tokens are looked for, values not"
        )
        return SecretGuard(cwd, Scanner([]), notes)
    leaves: list[Leaf] = []
    stamps = []
    for file in files:
        text, stamp, mode = _read(file)
        stamps.append(stamp)
        leaves += read_leaves(text, _SECRETS)
        if mode & _OTHERS_MAY:
            notes.append(f"{file} is open to others (mode {mode & 0o777:04o}): chmod 600 {file}")
    known = _remember(common_dir / _KNOWN_VALUES, leaves, " ".join(stamps), notes)
    scanner = Scanner(leaves, public=_public_values(cwd, folders, leaves), known=known)
    if scanner.skipped:
        listed = ", ".join(f"{scanner.mask(key)} ({scanner.mask(why)})" for key, why in scanner.skipped)
        notes.append(f"secrets that are not looked for: {listed}")
    return SecretGuard(cwd, scanner, notes)


def _places(cwd: Path) -> tuple[Path, list[Path]]:
    """Return the common git directory, and the tops of this work tree and of the main one."""
    query = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel"]
    done = try_git(query, cwd=cwd)
    lines = os.fsdecode(done.stdout).splitlines()
    if not lines:
        run_git(query, cwd=cwd)  # raises, with git's own words
    common_dir = Path(lines[0])
    folders = [Path(line) for line in lines[1:2]]
    # Inside .git, where a push to this very repository runs its hooks, there is no work tree to ask for.
    if common_dir.name == ".git" and common_dir.parent not in folders:
        folders.append(common_dir.parent)
    return common_dir, folders


def _read(file: Path) -> tuple[bytes, str, int]:
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            return stream.read(), f"{status.st_size}:{status.st_mtime_ns}", status.st_mode
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", source=str(file)) from error


def _public_values(cwd: Path, folders: list[Path], leaves: list[Leaf]) -> dict[str, str]:
    """Return the values that config.yaml publishes.

    What HEAD has of it is public. Of a config.yaml that is not committed yet only what no secret would be
    called counts (`dbUser`): any other field may be the leak itself.
    """
    for folder in folders:
        file = folder / _CONFIG
        if not file.is_file():
            continue
        config = _read(file)[0]
        # Nearly always none of our secrets is in it, and nothing has to be parsed.
        if not any(leaf.value.strip().encode("utf-8", "surrogatepass") in config for leaf in leaves):
            return {}
        harmless = {leaf.value.strip() for leaf in leaves if is_public_name(_field(leaf.key))}
        uncommitted: dict[str, str] = {}
        for key, value in _read_config(config):
            uncommitted.update((segment, key) for segment in key.split("."))
            if value.strip() in harmless:
                uncommitted[value.strip()] = key
        committed = try_git(["cat-file", "blob", f"HEAD:{_CONFIG}"], cwd=cwd)
        public = read_public(committed.stdout, _CONFIG) if committed.returncode == 0 else {}
        return {**uncommitted, **public}
    return {}


def _read_config(text: bytes) -> list[Leaf]:
    try:
        return read_leaves(text, _CONFIG)
    except InputError:
        return []  # in a conflict, say: then it publishes nothing, and all secrets are looked for


def _field(key: str) -> str:
    return key.rpartition(".")[2]


def _remember(file: Path, leaves: list[Leaf], signature: str, notes: list[str]) -> KnownValues | None:
    """Return the values that were ever in secrets.yaml, after adding what it holds now."""
    from wildgit.core.guard.known_values import KnownValues, parse_known

    try:
        known = parse_known(file.read_text("utf-8"))
    except FileNotFoundError:
        known = KnownValues(os.urandom(32))
    except (OSError, ValueError) as error:
        raise InputError(
            "the list of former secrets can't be read", source=str(file), hint=f"move it away: {file}"
        ) from error
    if known.signature != signature:
        from wildgit.adapters.files import write_atomically

        known = known.with_current(leaves, signature)
        try:
            write_atomically(file, known.to_text().encode(), mode=0o600)
        except OSError as error:
            notes.append(f"{file} can't be written ({error.strerror}): rotated secrets will be forgotten")
    return known


def remember_secrets(cwd: Path) -> None:
    """Keep keyed hashes of all values of secrets.yaml; to be called before one of them is replaced."""
    open_guard(cwd)


def allow_values(cwd: Path, keys: Iterable[str]) -> None:
    """Let `wild:allow` lines publish these secrets, on this machine only."""
    for key in keys:
        if key not in _allowed_keys(cwd):
            run_git(["config", "--local", "--add", ALLOW_KEY, key], cwd=cwd)


def history_report(cwd: Path) -> list[str]:
    """Return what to tell the owner of a repository with secrets in its history; nothing if it has none."""
    findings = open_guard(cwd).scan_history()
    if not findings:
        return []
    lines = [f"{finding.place()}: {finding.rule}: {finding.message}" for finding in findings]
    return [f"this repository already has {len(findings)} secrets in its history:", *lines, *HISTORY_ADVICE]


def _allowed_keys(cwd: Path) -> set[str]:
    done = try_git(["config", "--get-all", ALLOW_KEY], cwd=cwd)
    return set(done.stdout.decode("utf-8", "replace").splitlines())


def unsaid(cwd: Path, guard: SecretGuard) -> list[str]:
    """Return the guard's notes the first time, and again when they change: said once, not at every commit."""
    common_dir = _places(cwd)[0]
    file = common_dir / _SAID
    text = "\n".join(guard.notes)
    try:
        said = file.read_text("utf-8")
    except OSError:
        said = ""
    if text == said:
        return []
    from wildgit.adapters.files import write_atomically

    write_atomically(file, text.encode(), durable=False)
    return guard.notes
