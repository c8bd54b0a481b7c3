"""Requests to an API server: one function that sends, waits, tries again, and says in words what failed.

Every request that goes through here may be sent twice: reads, server-side applies, patches that state
values, deletions. So a lost answer, a server that restarts, or one that asks for patience is waited out,
for as long as `Patience` says. Nothing waits for ever.

The connections are the standard library's: a client library takes longer to import than a small deploy
takes in all (urllib3 80 ms, kubernetes 300 ms; http.client and ssl 30 ms).
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from wildgit.adapters.cluster.kubeconfig import Connection, find_connection
from wildgit.errors import ClusterError, WildgitError

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_MAX_TRIES_OF_500 = 4  # a webhook that fails once may answer next time; one that always fails must be told
_MAX_CONFLICTS = 10


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds."""

    connect_s: float = 5.0
    answer_s: float = 20.0  # one request; older servers give up on their side after 60
    first_contact_s: float = 10.0  # until a server answers for the first time
    outage_s: float = 60.0  # for a server that answered before and now does not


class Unreachable(ClusterError):
    """The server does not answer, or is not the one that it should be."""


class ApiError(ClusterError):
    """The server answered, and the answer is an error."""

    def __init__(self, message: str, status: Mapping[str, Any], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = int(status.get("code") or 0)
        self.reason = str(status.get("reason") or "")
        self.server_message = str(status.get("message") or "")
        details = status.get("details")
        self.causes: list[Mapping[str, Any]] = (
            (details.get("causes") or []) if isinstance(details, Mapping) else []
        )

    @property
    def is_forbidden(self) -> bool:
        """Whether the kubeconfig's user may not do this."""
        return self.code == 403


def is_about_the_server(error: WildgitError) -> bool:
    """Whether whatever is asked next would fare no better: it is away, overloaded, or does not know us."""
    if isinstance(error, ApiError):
        return error.code in (401, 429) or error.code >= 500
    return isinstance(error, Unreachable)


@dataclass(frozen=True)
class Request:
    """What is sent: a path from the server's root, already quoted, and a body that goes out as JSON."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: object = None
    content_type: str = "application/json"
    accept: str = "application/json"
    retry_conflict: bool = True  # False where the body states the version that it expects


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after_s: float | None


class ApiServer:
    """One API server and the connections to it. Safe to use from several threads."""

    def __init__(
        self,
        connection: Connection,
        patience: Patience | None = None,
        reconnect: Callable[[], Connection] | None = None,
    ) -> None:
        self.connection = connection
        self.patience = patience or Patience()
        self._reconnect = reconnect or find_connection
        self._has_answered = False
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._tls = _ssl_context(connection)

    def request(self, method: str, path: str, **details: Any) -> Any:
        """Return the decoded JSON of the answer to a `Request`, of which `details` are the other fields.

        Raises:
            ApiError: the server refused, or failed for longer than we wait.
            ClusterError: it could not be reached.
        """
        answer = self._send(Request(method, path, **details))
        return json.loads(answer) if answer else None

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return the answer of a GET that is no JSON, such as a pod's log."""
        return self._send(Request("GET", path, query)).decode("utf-8", "replace")

    def open_ahead(self, count: int) -> None:
        """Open connections in the background, for requests to come; what fails is theirs to tell."""

        def open_all() -> None:
            with suppress(http.client.HTTPException, OSError):
                for _ in range(count):
                    opened = _connect(self.connection, self.patience, self._tls)
                    opened.connect()
                    with self._lock:
                        self._idle.append(opened)

        threading.Thread(target=open_all, daemon=True).start()

    def _send(self, request: Request) -> bytes:
        began, tries = time.monotonic(), 0
        while True:
            tries += 1
            used = self.connection
            try:
                answer = self._once(request)
            except (http.client.HTTPException, OSError) as error:
                self._wait_or_raise(began, tries, self._unreachable(error), error)
                continue
            self._has_answered = True
            if answer.status < 300:
                return answer.body
            problem = self._problem(answer)
            if answer.status == 401 and tries == 1 and self._renew_credentials(used):
                continue
            if not _is_worth_another_try(problem, tries, request.retry_conflict):
                raise problem
            self._wait_or_raise(began, tries, problem, None, retry_after_s=answer.retry_after_s)

    def _once(self, request: Request) -> Answer:
        """Send on an idle connection or a new one; one that failed is not used again."""
        headers = {"Accept": request.accept, "User-Agent": "git-wild", **self._authorization()}
        body = None if request.body is None else json.dumps(request.body).encode()
        if body is not None:
            headers["Content-Type"] = request.content_type
        path = urlsplit(self.connection.server).path + request.path
        if request.query:
            path += f"?{urlencode(request.query)}"
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or _connect(self.connection, self.patience, self._tls)
        try:
            connection.request(request.method, path, body, headers)
            response = connection.getresponse()
            wait = response.headers.get("Retry-After", "")
            answer = Answer(response.status, response.read(), float(wait) if wait.isdigit() else None)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)
        return answer

    def _authorization(self) -> dict[str, str]:
        token = self.connection.bearer_token()
        if token:
            return {"Authorization": f"Bearer {token}"}
        if self.connection.username:
            pair = f"{self.connection.username}:{self.connection.password or ''}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}

    def _renew_credentials(self, refused: Connection) -> bool:
        """Have a plugin make new credentials, once for all that were refused; False where there is none."""
        if not refused.has_plugin:
            return False
        with self._lock:
            if self.connection is refused:
                self.connection = self._reconnect()
                self._tls = _ssl_context(self.connection)
                self._idle.clear()
        return True

    def _wait_or_raise(
        self,
        began: float,
        tries: int,
        problem: ClusterError,
        cause: Exception | None,
        *,
        retry_after_s: float | None = None,
    ) -> None:
        limit_s = self.patience.outage_s if self._has_answered else self.patience.first_contact_s
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(tries - 1, 10), _LONGEST_PAUSE_S)
        pause_s *= random.uniform(0.5, 1)  # noqa: S311 - spreads retries, guards nothing
        if retry_after_s is not None:
            pause_s = max(pause_s, retry_after_s)
        if time.monotonic() - began + pause_s > limit_s:
            raise problem from cause
        time.sleep(pause_s)

    def _unreachable(self, error: Exception) -> Unreachable:
        where = f"{self.connection.server} ({self.connection.source})"
        text = str(error)
        if "CERTIFICATE_VERIFY_FAILED" in text:
            hint = "the kubeconfig's certificate-authority is not the cluster's: fetch the kubeconfig again"
            return Unreachable(f"the certificate of {where} is not trusted", hint=hint)
        if "timed out" in text:
            what = f"does not answer within {self.patience.answer_s:g} s"
        elif "refused" in text:
            what = "refuses connections"
        elif "Name or service not known" in text or "resolve" in text.lower():
            what = "has no address: its name does not resolve"
        elif "reset" in text or "RemoteDisconnected" in text or "Broken pipe" in text:
            what = "breaks connections"
        else:
            what = f"can't be reached: {text}"
        hint = "is the cluster up, and is this the right kubeconfig? What was done so far stays; run it again"
        return Unreachable(f"the API server {where} {what}", hint=hint)

    def _problem(self, answer: Answer) -> ApiError:
        try:
            status = json.loads(answer.body)
        except ValueError:
            status = None
        if not isinstance(status, dict):
            text = answer.body[:200].decode("utf-8", "replace").strip()
            status = {"message": text or f"status {answer.status}"}
        status = {**status, "code": answer.status}
        message = str(status.get("message"))
        if answer.status == 401:
            return ApiError(
                f"the API server does not accept the credentials in {self.connection.source}",
                status,
                hint="they have expired or belong to another cluster: get a new kubeconfig",
            )
        if answer.status == 403 and "forbidden" in message and "webhook" not in message:
            return ApiError(message, status, hint=_rights_hint(message))
        if answer.status == 429:
            return ApiError(f"the API server asks us to slow down: {message}", status)
        return ApiError(message, status)


def _rights_hint(message: str) -> str | None:
    """RBAC says who cannot do what; a quota or a policy that also answers 403 says something else."""
    if " cannot " not in message:
        return None
    return "grant this to the user of the kubeconfig (a Role or ClusterRole and its binding), or use another"


def _is_worth_another_try(problem: ApiError, tries: int, retry_conflict: bool) -> bool:
    if problem.code == 409:
        return retry_conflict and problem.reason == "Conflict" and tries <= _MAX_CONFLICTS
    if problem.code in (500, 502):
        return tries < _MAX_TRIES_OF_500 and "typed patch object" not in problem.server_message
    return problem.code in (429, 503, 504)


class _TlsConnection(http.client.HTTPSConnection):
    """A connection with a patience of its own for greeting and for answers; may check another name."""

    def __init__(
        self, place: tuple[str, int], patience: Patience, tls: ssl.SSLContext, name: str | None
    ) -> None:
        super().__init__(*place, timeout=patience.connect_s, context=tls)
        self._patience, self._tls, self._name = patience, tls, name

    def connect(self) -> None:
        """Connect, greet, and from then on wait as long for an answer as requests may take."""
        http.client.HTTPConnection.connect(self)  # through the proxy's tunnel, if there is one
        name = self._name or self._tunnel_host or self.host  # type: ignore[attr-defined]
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=name)
        self.sock.settimeout(self._patience.answer_s)


def _connect(connection: Connection, patience: Patience, tls: ssl.SSLContext) -> http.client.HTTPConnection:
    target = urlsplit(connection.server)
    proxy = urlsplit(connection.proxy_url or _proxy_of_environment(target) or "")
    first = proxy if proxy.hostname else target
    host, port = first.hostname or "", first.port or (443 if first.scheme == "https" else 80)
    if target.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=patience.answer_s)
    opened = _TlsConnection((host, port), patience, tls, connection.tls_server_name)
    if first is proxy:
        opened.set_tunnel(target.hostname or "", target.port or 443)
    return opened


def _proxy_of_environment(target: SplitResult) -> str | None:
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    if not proxies or proxy_bypass_environment(target.netloc, proxies):
        return None
    return proxies.get(target.scheme)


def _ssl_context(connection: Connection) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=connection.ca_pem)
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if connection.certificate_pem:
        _load_client_certificate(context, connection.certificate_pem, connection.key_pem or "")
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads client certificates from files only; this one exists for that moment, for us alone."""
    import tempfile

    with tempfile.NamedTemporaryFile("w") as file:  # mode 0600
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise ClusterError(f"the kubeconfig's client certificate or key is broken: {error}") from error
