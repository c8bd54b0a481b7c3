"""Secrets that are copies of others': what follows when the original changes.

`requiredSecrets: db.password` keeps a copy of another app's secret, and a default such as a connection URL
may have a secret inside. Both follow; the rest of the app's secrets stay.
"""

from __future__ import annotations

from collections.abc import Mapping

from wildgit.core.app.package import Manifest
from wildgit.core.app.secrets import app_values

# A shorter value may stand inside another secret by chance.
_MIN_INSIDE = 8


def outdated_copies(
    manifest: Manifest, app: str, mapping: Mapping[str, str], secrets: Mapping[str, object]
) -> dict[str, str]:
    """Return what must change in an app's secrets so that its copies are again what they are copies of.

    Args:
        manifest: of the app; an older package has no copies.
        app: the installed name.
        mapping: ref → installed app.
        secrets: the values of secrets.yaml.

    Returns:
        key → new value.
    """
    if manifest.is_older_generation:
        return {}
    own = app_values(secrets, app)
    changes: dict[str, str] = {}
    for reference in manifest.required_secrets:
        original = app_values(secrets, mapping.get(reference.ref, reference.ref)).get(reference.key)
        copy = own.get(reference.stored_as)
        if original is not None and copy is not None and copy != original:
            changes |= changed_with({**own, **changes}, reference.stored_as, original)
    return changes


def changed_with(own: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """Return the secrets of an app that change with one of them: itself, and what contains it."""
    old = own.get(key, "")
    changes = {key: value}
    if len(old) >= _MIN_INSIDE:
        changes |= {
            name: text.replace(old, value) for name, text in own.items() if name != key and old in text
        }
    return changes
