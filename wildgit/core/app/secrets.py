"""Which secrets an app needs, which of them must still be made, and what its cluster Secret holds.

What exists is never generated again: a new password for a running database locks its apps out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wildgit.core.app.package import MANIFEST, Manifest, Package, SecretDefault
from wildgit.errors import InputError

SecretPath = tuple[str, str]


def missing_secrets(
    package: Package,
    app: str,
    world: Mapping[str, object],
    mapping: Mapping[str, str],
    secrets: Mapping[str, object],
    *,
    generate: Callable[[], str],
) -> dict[SecretPath, str]:
    """Return what must be added to secrets.yaml before the app can run: (app, key) → value.

    Args:
        package: asks for the secrets.
        app: the installed name.
        world: what templates of defaults may read besides `.secrets`; see `render.build_world`.
        mapping: ref → installed app.
        secrets: the values of secrets.yaml.
        generate: makes one random secret.

    Raises:
        InputError: another app's secret is missing, or a template is broken or reads what is not there.
    """
    if package.manifest.is_older_generation:
        return _missing_of_older(package.manifest, app, secrets, generate)
    own = dict(app_values(secrets, app))
    added: dict[SecretPath, str] = {}
    for reference in package.manifest.required_secrets:
        if reference.stored_as not in own:
            owner = mapping.get(reference.ref, reference.ref)
            own[reference.stored_as] = added[app, reference.stored_as] = _owned(
                secrets, owner, reference.key, app
            )
    waiting: list[SecretDefault] = []
    for secret in package.manifest.default_secrets:
        if secret.key in own:
            continue
        if secret.default is None:
            own[secret.key] = added[app, secret.key] = generate()
        else:
            waiting.append(secret)
    for key, value in _rendered(package, world, own, waiting, app).items():
        added[app, key] = value
    return added


def secret_data(manifest: Manifest, app: str, secrets: Mapping[str, object]) -> dict[str, str]:
    """Return the data of the app's cluster Secret: only keys that the package declares.

    A required secret appears under both names that templates use, `dbPassword` and `db.password`.

    Raises:
        InputError: a declared secret is missing; the hint sets it.
    """
    data: dict[str, str] = {}
    if manifest.is_older_generation:
        for reference in manifest.required_secrets:
            if reference.ref == app:
                data[reference.key] = _owned(secrets, app, reference.key, app)
        return data
    for secret in manifest.default_secrets:
        data[secret.key] = _owned(secrets, app, secret.key, app)
    for reference in manifest.required_secrets:
        value = _owned(secrets, app, reference.stored_as, app)
        data[reference.stored_as] = data[reference.dotted] = value
    return data


def app_values(secrets: Mapping[str, object], app: str) -> dict[str, str]:
    """Return one app's part of secrets.yaml as strings; nulls and nested values are left out."""
    apps = secrets.get("apps")
    part = apps.get(app) if isinstance(apps, Mapping) else None
    if not isinstance(part, Mapping):
        return {}
    return {str(key): _plain(value) for key, value in part.items() if isinstance(value, str | int | float)}


def _plain(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _missing_of_older(
    manifest: Manifest, app: str, secrets: Mapping[str, object], generate: Callable[[], str]
) -> dict[SecretPath, str]:
    added: dict[SecretPath, str] = {}
    for reference in manifest.required_secrets:
        if reference.key in app_values(secrets, reference.ref):
            continue
        if reference.ref != app:
            _owned(secrets, reference.ref, reference.key, app)
        added[app, reference.key] = generate()
    return added


def _owned(secrets: Mapping[str, object], owner: str, key: str, app: str) -> str:
    value = app_values(secrets, owner).get(key)
    if value is None:
        raise InputError(
            f"{app} needs the secret apps.{owner}.{key}, which is not in secrets.yaml",
            hint=f"git wild secret set apps.{owner}.{key}",
        )
    return value


def _rendered(
    package: Package,
    world: Mapping[str, object],
    known: dict[str, str],
    waiting: list[SecretDefault],
    app: str,
) -> dict[str, str]:
    """Render defaults that read other secrets, each after those it reads."""
    from wildgit.core.template import parse  # deploy needs the rest of this module, and no template

    source = f"{package.path}/{MANIFEST}" if package.path else MANIFEST
    done: dict[str, str] = {}
    while waiting:
        failures: list[InputError] = []
        still: list[SecretDefault] = []
        for secret in waiting:
            where = f"{source} (defaultSecrets.{secret.key})"
            try:
                text = parse(secret.default or "", where).render({**world, "secrets": known}).text
            except InputError as error:
                failures.append(error)
                still.append(secret)
                continue
            known[secret.key] = done[secret.key] = text
        if len(still) == len(waiting):
            raise InputError(
                failures[0].message,
                hint=failures[0].hint or f"set it by hand: git wild secret set apps.{app}.{still[0].key}",
            )
        waiting = still
    return done
