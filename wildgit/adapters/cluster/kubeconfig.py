"""Which API server to talk to, and as whom: a kubeconfig file, or the service account of a pod.

Plain credentials (token, client certificate, password) are read here. The `kubernetes` client is asked
only where a plugin or an identity provider has to be: importing it takes 0.3 s, more than a whole deploy of a
small app.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wildgit.core.yaml_values import load_yaml
from wildgit.errors import ClusterError, InputError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class NoCluster(ClusterError):
    """Nothing says which cluster to talk to."""


@dataclass(frozen=True)
class Connection:
    """How to reach one API server. PEM data is text; paths are absolute."""

    server: str
    source: str  # where this comes from, for messages
    context: str = ""
    ca_pem: str | None = None
    verify: bool = True
    tls_server_name: str | None = None
    proxy_url: str | None = None
    token: str | None = None
    token_file: Path | None = None
    username: str | None = None
    password: str | None = None
    certificate_pem: str | None = None
    key_pem: str | None = None
    has_plugin: bool = False  # credentials that can be had anew

    def bearer_token(self) -> str | None:
        """Return the token; read anew where it stands in a file, because kubelets replace those."""
        if self.token_file is not None:
            return self.token_file.read_text().strip()
        return self.token


def find_connection(
    kubeconfig: Path | None = None, context: str | None = None, environment: Mapping[str, str] = os.environ
) -> Connection:
    """Return the connection of `kubeconfig`, else of $KUBECONFIG, else of ~/.kube/config, else of our pod.

    Args:
        kubeconfig: the instance's own, or an environment's; must exist if given.
        context: a context in it; its current one when None.
        environment: where KUBECONFIG, HOME and KUBERNETES_SERVICE_HOST are looked up.

    Raises:
        NoCluster: there is none of them.
        InputError: the file is broken or names a context, cluster or user that it lacks.
    """
    if kubeconfig is not None:
        return _from_files([kubeconfig], context)
    named = [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    home = Path(environment.get("HOME", "/")) / ".kube" / "config"
    files = [path for path in named or [home] if path.is_file()]
    if files:
        return _from_files(files, context)
    if environment.get("KUBERNETES_SERVICE_HOST") and _SERVICE_ACCOUNT.is_dir():
        return _from_pod(environment)
    raise NoCluster(
        f"{named[0]} does not exist" if named else "no kubeconfig: it is not known which cluster to talk to",
        hint="put the cluster's kubeconfig beside config.yaml, or set KUBECONFIG",
    )


def _from_pod(environment: Mapping[str, str]) -> Connection:
    host = environment["KUBERNETES_SERVICE_HOST"]
    host = f"[{host}]" if ":" in host else host
    return Connection(
        server=f"https://{host}:{environment.get('KUBERNETES_SERVICE_PORT', '443')}",
        source="the pod's service account",
        ca_pem=(_SERVICE_ACCOUNT / "ca.crt").read_text(),
        token_file=_SERVICE_ACCOUNT / "token",
    )


def _from_files(files: list[Path], context: str | None) -> Connection:
    """The first file that says something about a name wins, as kubectl has it."""
    configs = [(path, _load(path)) for path in files]
    source = os.pathsep.join(str(path) for path in files)
    name = context or next((c["current-context"] for _, c in configs if c.get("current-context")), None)
    if not name:
        raise InputError("has no current-context", source=source, hint="kubectl config use-context NAME")
    _, chosen = _named(configs, "contexts", "context", str(name), source)
    cluster_file, cluster = _named(configs, "clusters", "cluster", str(chosen.get("cluster")), source)
    user_file, user = _named(configs, "users", "user", str(chosen.get("user")), source)
    if not cluster.get("server"):
        raise InputError(f"cluster {chosen.get('cluster')!r} has no server", source=source)
    connection = Connection(
        server=str(cluster["server"]).rstrip("/"),
        source=source,
        context=str(name),
        ca_pem=_pem(cluster, "certificate-authority", cluster_file),
        verify=not cluster.get("insecure-skip-tls-verify"),
        tls_server_name=cluster.get("tls-server-name"),
        proxy_url=cluster.get("proxy-url"),
    )
    if user.get("exec") or user.get("auth-provider"):
        return _with_plugin(connection, files, str(name))
    return _with_credentials(connection, user, user_file)


def _with_credentials(connection: Connection, user: Mapping[str, Any], file: Path) -> Connection:
    token_file = user.get("tokenFile")
    return replace(
        connection,
        token=user.get("token"),
        token_file=file.parent / token_file if token_file else None,
        username=user.get("username"),
        password=user.get("password"),
        certificate_pem=_pem(user, "client-certificate", file),
        key_pem=_pem(user, "client-key", file),
    )


def _with_plugin(connection: Connection, files: list[Path], context: str) -> Connection:
    """Have the kubernetes client run the plugin or ask the identity provider."""
    from kubernetes import client, config

    settings = client.Configuration()
    with _logged_errors() as complaints:
        try:
            load: Any = config.load_kube_config
            load(os.pathsep.join(map(str, files)), context, settings, persist_config=False)
        except Exception as error:  # noqa: BLE001 - the plugin is anybody's program: whatever it raises
            complaints.append(str(error))
    # Releases before 37 call it `authorization`.
    authorization = next(filter(None, map(settings.api_key.get, ("BearerToken", "authorization"))), "")
    if complaints or not (authorization or settings.username or settings.cert_file):
        reason = "; ".join(complaints) or "it gave no credentials"
        raise ClusterError(
            f"{connection.source}: the credentials plugin of context {context!r} failed: {reason}",
            hint="run it by hand, or log in again",
        )
    return replace(
        connection,
        token=authorization.removeprefix("Bearer ") or None,
        username=settings.username or None,
        password=settings.password or None,
        certificate_pem=Path(settings.cert_file).read_text() if settings.cert_file else None,
        key_pem=Path(settings.key_file).read_text() if settings.key_file else None,
        has_plugin=True,
    )


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """Collect the errors logged meanwhile: the client logs that a plugin failed, and goes on without."""
    import logging

    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler, root = Collector(logging.ERROR), logging.getLogger()
    root.addHandler(handler)
    try:
        yield messages
    finally:
        root.removeHandler(handler)


def _load(path: Path) -> dict[str, Any]:
    try:
        content = load_yaml(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", source=str(path)) from error
    if not isinstance(content, dict):
        raise InputError("is no kubeconfig", source=str(path))
    return content


def _named(
    configs: list[tuple[Path, dict[str, Any]]], section: str, key: str, name: str, source: str
) -> tuple[Path, dict[str, Any]]:
    for path, entry in _section(configs, section):
        if entry.get("name") == name:
            value = entry.get(key)
            return path, value if isinstance(value, dict) else {}
    known = ", ".join(sorted(str(entry.get("name")) for _, entry in _section(configs, section))) or "none"
    raise InputError(f"has no {key} {name!r}; it has: {known}", source=source)


def _section(
    configs: list[tuple[Path, dict[str, Any]]], section: str
) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, config in configs:
        for entry in config.get(section) or []:
            if isinstance(entry, dict):
                yield path, entry


def _pem(section: Mapping[str, Any], key: str, file: Path) -> str | None:
    """Return a certificate or key that stands in the file (base64) or in a file beside it."""
    data = section.get(f"{key}-data")
    try:
        if data:
            return base64.b64decode(data, validate=True).decode("ascii")
        named = section.get(key)
        return (file.parent / str(named)).read_text("ascii") if named else None
    except (OSError, ValueError) as error:
        raise InputError(f"{key} can't be read: {error}", source=str(file)) from error
