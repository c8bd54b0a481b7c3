"""Files that age encrypted: made for recipients that are named, opened with an identity that lies elsewhere.

Source: https://age-encryption.org/v1. Plugins are left out: a recipient's name would choose a program to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wildgit.adapters.files import read_bytes
from wildgit.errors import InputError

_MAX_IDENTITY_BYTES = 64 * 1024


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return `data` for any of the recipients to read, as text (ASCII armor).

    Args:
        data: in clear.
        recipients: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`, at least one.

    Raises:
        InputError: one is no such recipient.
    """
    import pyrage

    encrypted: bytes = pyrage.encrypt(data, [_recipient(each) for each in recipients], armored=True)
    return encrypted


def decrypt(data: bytes, identity: Path, *, source: str) -> bytes:
    """Return what was encrypted.

    Args:
        data: the encrypted file.
        identity: a file of `AGE-SECRET-KEY-1…` lines, or a private key of SSH without a passphrase.
        source: the encrypted file's name, for messages.

    Raises:
        InputError: the identity can't be used, or the file is not for it, or is damaged.
    """
    import pyrage

    try:
        decrypted: bytes = pyrage.decrypt(data, _identities(identity))
    except pyrage.DecryptError as error:
        raise InputError(
            f"can't be decrypted with {identity}: {error}",
            source=source,
            hint="take the identity of one of wild.ageRecipient in .wildconfig",
        ) from error
    return decrypted


def new_identity() -> tuple[str, bytes]:
    """Return a new recipient, and the file of its identity as `age-keygen` writes it."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return recipient, f"# created: {created}\n# public key: {recipient}\n{identity}\n".encode()


def _recipient(text: str) -> Any:
    import pyrage

    kind: Any = pyrage.ssh if text.startswith(("ssh-ed25519 ", "ssh-rsa ")) else pyrage.x25519
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise InputError(
            f"{text!r} is no recipient of age: {error}",
            source="wild.ageRecipient",
            hint="it is age1…, ssh-ed25519 … or ssh-rsa …",
        ) from error


def _identities(file: Path) -> list[Any]:
    import pyrage

    text = read_bytes(file.expanduser().resolve(), shown_as=str(file), max_bytes=_MAX_IDENTITY_BYTES)
    try:
        if b"PRIVATE KEY-----" in text:
            return [pyrage.ssh.Identity.from_buffer(text)]
        lines = [line.strip() for line in text.decode("utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise InputError(
            f"is no identity that can be used: {error}",
            source=str(file),
            hint="one with a passphrase is opened first: age -d, or ssh-keygen -p on a copy",
        ) from error
    if not found:
        raise InputError("holds no identity", source=str(file))
    return found
