"""Secrets that change after they were made: rotated on purpose, or because what they copy was."""

from __future__ import annotations

from collections.abc import Mapping

from wildgit.adapters.cluster.app_source import required_apps, requirements_of_all
from wildgit.adapters.instance import SECRETS, Instance
from wildgit.core.app.secret_references import changed_with, outdated_copies
from wildgit.core.app.secrets import app_values
from wildgit.core.cluster.deploy_order import dependants
from wildgit.core.yaml_edit import set_value
from wildgit.errors import InputError


def rotate(instance: Instance, app: str, key: str, value: str) -> tuple[list[str], list[str]]:
    """Give a secret a new value, and what contains it in the same app.

    Returns:
        The keys that changed, and the apps to deploy so that it takes effect: this one, then its users.

    Raises:
        InputError: the app has no such secret, or it is a copy of another app's.
    """
    manifest = instance.manifest(app)
    mapping = required_apps(instance, manifest)
    for reference in manifest.required_secrets:
        if not manifest.is_older_generation and reference.stored_as == key:
            owner = mapping.get(reference.ref, reference.ref)
            raise InputError(
                f"{app}.{key} is a copy of {owner}.{reference.key}",
                hint=f"git wild secret rotate {owner}.{reference.key}",
            )
    with instance.secrets_locked():
        own = app_values(instance.secrets(), app)
        if key not in own:
            raise InputError(f"{app} has no secret {key!r}", hint=f"it has: {', '.join(own) or 'none'}")
        changes = changed_with(own, key, value)
        _write(instance, app, changes)
    return list(changes), [app, *dependants(app, requirements_of_all(instance))]


def refresh_copies(instance: Instance, app: str) -> list[str]:
    """Copy again what an app's secrets are copies of, and return the keys that changed.

    Raises:
        InputError: something that the app requires is not installed.
    """
    manifest = instance.manifest(app)
    if not manifest.required_secrets:
        return []
    mapping = required_apps(instance, manifest)
    if not outdated_copies(manifest, app, mapping, instance.secrets()):
        return []
    with instance.secrets_locked():
        changes = outdated_copies(manifest, app, mapping, instance.secrets())
        _write(instance, app, changes)
    return list(changes)


def _write(instance: Instance, app: str, changes: Mapping[str, str]) -> None:
    text = instance.secrets_text()
    for key, value in changes.items():
        text = set_value(text, ("apps", app, key), value, SECRETS)
    if changes:
        instance.write_secrets(text)
