"""Secrets that are made by us, and put into secrets.yaml."""

from __future__ import annotations

import secrets as randomness
import string
from collections.abc import Mapping

from wildgit.adapters.instance import Instance
from wildgit.core.app.secrets import SecretPath
from wildgit.core.yaml_edit import add_secrets

_CHARACTERS = string.ascii_letters + string.digits
_LENGTH = 32


def generate_secret() -> str:
    """Return 32 random letters and digits, from the system's source for secrets."""
    return "".join(randomness.choice(_CHARACTERS) for _ in range(_LENGTH))


def store_secrets(instance: Instance, added: Mapping[SecretPath, str]) -> None:
    """Add secrets to secrets.yaml under its lock; a key that exists by now stays as it is."""
    if not added:
        return
    with instance.secrets_locked():
        old = instance.secrets_text()
        new = add_secrets(old, added)
        if new != old:
            instance.write_secrets(new)
