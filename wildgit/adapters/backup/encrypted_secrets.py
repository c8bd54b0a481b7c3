"""secrets.yaml, encrypted beside itself: `secrets.yaml.age`, which may be tracked.

age takes a new key for every file, so the same secrets never give the same file twice. A keyed hash of what
was encrypted, for whom and to which file is kept in `.git/wild/`: as long as it is the same, so is the file.

Whoever can push to `.wildconfig` could name himself as a recipient. So those whom it names are asked about,
once in each clone; git's own configuration remembers who may.
"""

from __future__ import annotations

import hmac
import json
import secrets as randomness
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wildgit.adapters.backup.age_file import decrypt, encrypt, new_identity
from wildgit.adapters.files import read_bytes, write_atomically
from wildgit.adapters.git.merge_state import MergeState
from wildgit.adapters.git.process import pass_through, run_git, try_git
from wildgit.adapters.instance import SECRET_MODE, SECRETS, Instance
from wildgit.adapters.settings import read_every, read_own, replace_own, share
from wildgit.core.yaml_values import load_mapping
from wildgit.errors import GitError, InputError, UsageError

ENCRYPTED = f"{SECRETS}.age"
RECIPIENT = "wild.ageRecipient"
TRUSTED = "wild.trustedRecipient"
_STATE = "secrets-backup.json"


@dataclass(frozen=True)
class _State:
    """What the encrypted file was made from, as a keyed hash."""

    key: str
    digest: str


def encrypt_secrets(instance: Instance, git_dir: Path, trust: Callable[[Sequence[str]], bool]) -> list[str]:
    """Make secrets.yaml.age hold what secrets.yaml does, for the recipients that the settings name.

    Args:
        instance: whose secrets.
        git_dir: where the hash is kept.
        trust: asked about recipients that nobody trusted in this clone yet.

    Returns:
        for whom it is.

    Raises:
        InputError: no recipient, or none that can be used; no secrets.yaml.
        UsageError: somebody of them is not trusted.
    """
    recipients = read_every(instance.root, RECIPIENT)
    if not recipients:
        raise InputError(
            f"nobody is named who could decrypt a backup of {SECRETS}",
            hint="git wild backup --new-identity FILE makes a key and names it; keep FILE on another machine",
        )
    if not instance.secrets_path.is_file():
        raise InputError("there is no such file to back up", source=SECRETS)
    with instance.secrets_locked():
        text = instance.secrets_text()
        load_mapping(text, SECRETS)  # a broken file is no backup
        state = _read_state(git_dir)
        path = instance.root / ENCRYPTED
        known = path.is_file() and state is not None
        if known and state and state.digest == _digest(state.key, text, recipients, _read(path)):
            return recipients
        _require_trust(instance.root, recipients, trust)
        encrypted = encrypt(text, recipients)
        write_atomically(path, encrypted, mode=0o644)
        _keep_state(git_dir, text, recipients, encrypted)
    return recipients


def _require_trust(root: Path, recipients: Sequence[str], trust: Callable[[Sequence[str]], bool]) -> None:
    trusted = {*read_own(root, TRUSTED), *read_own(root, RECIPIENT)}
    fresh = [each for each in recipients if each not in trusted]
    if not fresh:
        return
    if not trust(fresh):
        raise UsageError(
            f"nothing was encrypted: nobody here said yet that these may decrypt it: {', '.join(fresh)}",
            hint="if they may: git wild backup --secrets --yes",
        )
    # Who is taken off the list and comes back is asked about again.
    replace_own(root, TRUSTED, recipients)


def commit_encrypted(instance: Instance, state: MergeState) -> bool:
    """Commit secrets.yaml.age alone, whatever else is staged; False where it is ignored or committed already.

    Raises:
        GitError: a merge is in progress, or a hook refused.
    """
    root = instance.root
    if try_git(["check-ignore", "--quiet", ENCRYPTED], cwd=root).returncode == 0:
        return False
    if not run_git(["status", "--porcelain", "--", ENCRYPTED], cwd=root):
        return False
    with state.exclusive():
        state.refuse_if_busy()
        state.require_identity()
        run_git(["add", "--", ENCRYPTED], cwd=root)
        message = "security(all): Encrypt the secrets for the backup"
        if pass_through(["commit", "--quiet", "--only", "-m", message, "--", ENCRYPTED], cwd=root) != 0:
            raise GitError(f"git commit refused {ENCRYPTED}; nothing was tagged")
    return True


def decrypt_secrets(instance: Instance, git_dir: Path, identity: Path, file: Path) -> bytes:
    """Return the text of the encrypted secrets.

    Args:
        instance: where.
        git_dir: the hash is kept there, so that the next backup is the same file.
        identity: of one of its recipients.
        file: the encrypted file.

    Raises:
        InputError: it can't be decrypted, or is no mapping.
    """
    encrypted = read_bytes(file, shown_as=file.name)
    text = decrypt(encrypted, identity, source=file.name)
    load_mapping(text, f"what {file.name} holds")
    if file == instance.root / ENCRYPTED:
        _keep_state(git_dir, text, read_every(instance.root, RECIPIENT), encrypted)
    return text


def make_identity(instance: Instance, file: Path) -> str:
    """Write a new identity of age to a file, name its recipient in `.wildconfig`, and return the recipient.

    Raises:
        InputError: the file exists, or lies in the instance, from where it would be published or lost.
    """
    path = file.expanduser().resolve()
    if path.is_relative_to(instance.root):
        raise InputError("the identity must not lie in the instance", source=str(file), hint="choose ~/…")
    if path.exists():
        raise InputError("exists already", source=str(file))
    recipient, text = new_identity()
    write_atomically(path, text, mode=SECRET_MODE)
    share(instance.root, RECIPIENT, recipient)
    replace_own(instance.root, TRUSTED, [*read_own(instance.root, TRUSTED), recipient])
    return recipient


def _read(path: Path) -> bytes:
    return read_bytes(path, shown_as=path.name)


def _digest(key: str, text: bytes, recipients: Sequence[str], encrypted: bytes) -> str:
    parts = [text, "\n".join(sorted(recipients)).encode(), encrypted]
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.new(bytes.fromhex(key), framed, "sha256").hexdigest()


def _keep_state(git_dir: Path, text: bytes, recipients: Sequence[str], encrypted: bytes) -> None:
    key = randomness.token_hex(32)
    state = _State(key, _digest(key, text, recipients, encrypted))
    write_atomically(git_dir / "wild" / _STATE, json.dumps(asdict(state)).encode(), mode=SECRET_MODE)


def _read_state(git_dir: Path) -> _State | None:
    try:
        return _State(**json.loads((git_dir / "wild" / _STATE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None  # then the file is made anew
