"""Objects of a cluster: read, apply, delete, by identity. The server's discovery says where each kind lives.

Everything is applied server-side by the field manager `git-wild`. Methods take and return plain values as
the API has them; `None` is an object that is not there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from wildgit.adapters.cluster.api_server import ApiError, ApiServer, Patience
from wildgit.adapters.cluster.kubeconfig import find_connection
from wildgit.core.cluster.field_ownership import MANAGER, taken_over
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify
from wildgit.core.cluster.leftovers import left_behind, settled, stand_in
from wildgit.errors import ClusterError

_PAGE_SIZE = "500"
_MAX_CONNECTIONS = 8  # more wait for each other in a small control plane, and each costs it a TLS greeting
_ITEMS_PER_CONNECTION = 3
_COMMON_VERSIONS = ("v1", "apps/v1")
_APPLY = "application/apply-patch+yaml"  # JSON is YAML, too
# What is only sent need not come back whole; servers that can't do it send all of it.
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_MERGE_PATCH = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_CONFLICT, _INVALID = 409, 422
_TRIES = 5  # of a write to what controllers write to as well

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Kind:
    """Where the objects of a kind are: the resource's name in URLs, and whether namespaces hold it."""

    api_version: str
    name: str
    resource: str
    is_namespaced: bool
    verbs: frozenset[str]

    @property
    def root(self) -> str:
        """`/api/v1` or `/apis/GROUP/VERSION`."""
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"


class UnknownKind(ClusterError):
    """The server does not serve this kind: an older cluster, or a definition that is not there yet."""


class Cluster:
    """One cluster, reached through one API server."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()

    @classmethod
    def connect(
        cls, kubeconfig: Path | None = None, context: str | None = None, patience: Patience | None = None
    ) -> Cluster:
        """Return the cluster of a kubeconfig; nothing is sent yet. See `find_connection` for who is asked."""
        find = partial(find_connection, kubeconfig, context)
        return cls(ApiServer(find(), patience, find))

    def get_ready(self) -> None:
        """Connect, and learn the most common kinds, in the background."""

        def learn() -> None:
            with suppress(ClusterError):  # who needs them asks again, and tells what is wrong
                for api_version in _COMMON_VERSIONS:
                    self._served(api_version)

        threading.Thread(target=learn, daemon=True).start()
        self.server.open_ahead(_MAX_CONNECTIONS)

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result | ClusterError]:
        """Return the function's result for each item, several at once; where it failed, the error instead."""
        todo = list(items)
        results: dict[int, Result | ClusterError] = {}
        bugs: list[Exception] = []
        waiting = iter(range(len(todo)))
        lock = threading.Lock()

        def work() -> None:
            while not bugs:
                with lock:
                    index = next(waiting, None)
                if index is None:
                    return
                try:
                    results[index] = _attempt(function, todo[index])
                except Exception as bug:  # noqa: BLE001 - of ours: raised again below, where it is seen
                    bugs.append(bug)

        # A connection costs a TLS greeting, so few items get few. Daemons: ^C need not wait for an answer.
        helpers = [
            threading.Thread(target=work, daemon=True)
            for _ in range(min(_MAX_CONNECTIONS, len(todo) // _ITEMS_PER_CONNECTION) - 1)
        ]
        try:
            for helper in helpers:
                helper.start()
            work()
            for helper in helpers:
                helper.join()
        except KeyboardInterrupt:
            waiting = iter(())  # the helpers begin nothing more
            raise
        if bugs:
            raise bugs[0]
        return [results[index] for index in range(len(todo))]

    def all(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's result for each item, several at once.

        Raises:
            ClusterError: the first failure, once all have been tried.
        """
        results = self.each(function, items)
        for result in results:
            if isinstance(result, ClusterError):
                raise result
        return [result for result in results if not isinstance(result, ClusterError)]

    # What there is

    def kind(self, api_version: str, name: str) -> Kind:
        """Return where a kind lives; what the server said of a version is kept.

        Raises:
            UnknownKind: the server does not serve it.
        """
        kinds = self._served(api_version)
        if name not in kinds:
            raise UnknownKind(
                f"the cluster has no kind {name} in {api_version}", hint=self._kind_hint(api_version)
            )
        return kinds[name]

    def _served(self, api_version: str) -> dict[str, Kind]:
        with self._lock:
            kinds = self._kinds.get(api_version)
        if kinds is None:
            kinds = self._discover(api_version)
            with self._lock:
                self._kinds[api_version] = kinds
        return kinds

    def is_namespaced(self, api_version: str, name: str) -> bool | None:
        """Whether namespaces hold this kind; None where the server does not serve it."""
        try:
            return self.kind(api_version, name).is_namespaced
        except UnknownKind:
            return None

    def forget_kinds(self) -> None:
        """Ask the server anew next time: definitions were added."""
        with self._lock:
            self._kinds.clear()

    def namespaced_kinds(self) -> list[Kind]:
        """Return every kind that namespaces hold and that can be listed, in its preferred version."""
        groups = self.server.request("GET", "/apis")["groups"]
        versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        found = self.each(self._discover, versions)  # an aggregated API whose server is down has no kinds
        kinds = [kind for served in found if isinstance(served, dict) for kind in served.values()]
        return [kind for kind in kinds if kind.is_namespaced and "list" in kind.verbs]

    def version(self) -> str:
        """Return the server's version, such as v1.31.2."""
        return str(self.server.request("GET", "/version")["gitVersion"])

    def _discover(self, api_version: str) -> dict[str, Kind]:
        root = Kind(api_version, "", "", False, frozenset()).root
        try:
            listed = self.server.request("GET", root)
        except ApiError as error:
            if error.code == 404:
                return {}
            raise
        return {
            entry["kind"]: Kind(
                api_version, entry["kind"], entry["name"], entry["namespaced"], frozenset(entry["verbs"])
            )
            for entry in listed["resources"]
            if "/" not in entry["name"]  # subresources are not objects
        }

    def _kind_hint(self, api_version: str) -> str:
        group, _, version = api_version.rpartition("/")
        try:
            served = self.server.request("GET", f"/apis/{group}" if group else "/api")
        except ApiError:
            return f"nothing in {group} is served: install what defines it first, or change the manifest"
        versions = [v if isinstance(v, str) else v["version"] for v in served["versions"]]
        others = ", ".join(v for v in versions if v != version)
        return f"of {group or 'core'} the cluster serves: {others or version}"

    def may(self, verb: str, kind: Kind, namespace: str) -> bool:
        """Whether the server would let us; the namespace need not be there."""
        group = kind.api_version.rpartition("/")[0]
        wanted = {"verb": verb, "group": group, "resource": kind.resource, "namespace": namespace}
        review = self.server.request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body={
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": wanted},
            },
        )
        return bool(review["status"].get("allowed"))

    # Reading

    def get(self, resource: ResourceId) -> Object | None:
        """Return the object, or None."""
        try:
            found: Object = self.server.request("GET", self.path(resource))
        except ApiError as error:
            if error.code == 404:
                return None
            raise
        return found

    def list_objects(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        selector: str = "",
        metadata_only: bool = False,
    ) -> list[Object]:
        """Return all objects of a kind, in one namespace or ("") everywhere; none if it is not served.

        Args:
            api_version: of the kind.
            kind: what to list.
            namespace: "" for all, and for kinds that no namespace holds.
            selector: a label selector.
            metadata_only: who they are is enough; what they hold is not sent.
        """
        place = self._served(api_version).get(kind)
        if place is None:
            return []
        path = place.root + (f"/namespaces/{namespace}" if namespace else "") + f"/{place.resource}"
        found: list[Object] = []
        query = {"limit": _PAGE_SIZE} | ({"labelSelector": selector} if selector else {})
        while True:
            accept = {"accept": _METADATA_LIST} if metadata_only else {}
            page = self.server.request("GET", path, query=query, **accept)
            # Items of a list come without their kind, or with that of their envelope.
            found += ({**item, "apiVersion": api_version, "kind": kind} for item in page["items"] or ())
            if not page["metadata"].get("continue"):
                return found
            query["continue"] = page["metadata"]["continue"]

    def list_if_allowed(self, api_version: str, kind: str, *, selector: str = "") -> list[Object] | None:
        """Return all objects of a kind anywhere, as `list_objects` does; None where we may not list them."""
        try:
            return self.list_objects(api_version, kind, selector=selector)
        except ApiError as error:
            if not error.is_forbidden:
                raise
            return None

    def log_end(self, namespace: str, pod: str, container: str, *, lines: int, previous: bool) -> list[str]:
        """Return the last lines of a container's log, of its previous run if asked."""
        query = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        return self.server.text(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query).splitlines()

    # Writing

    def apply(self, obj: Object, *, manager: str = MANAGER) -> None:
        """Apply an object server-side, taking every field that others own.

        Args:
            obj: all fields that the manager wants; those it applied before and that are missing here go away.
                With a resourceVersion, the apply is refused if somebody changed the object since.
            manager: who owns the fields.
        """
        try:
            self._send_apply(obj, manager)
        except ApiError as error:
            if manager != MANAGER or self._replace_settled(obj, error) is None:
                raise
            self.take_over(identify(obj))
            self._send_apply(obj, manager)

    def try_apply(self, obj: Object) -> Object:
        """Return the object as it would be after `apply`; the server does all of it but store it."""
        try:
            return self._send_trial(obj)
        except ApiError as error:
            replaced = self._replace_settled(obj, error, dry_run=True)
            if replaced is None:
                raise
            return replaced

    def _send_apply(self, obj: Object, manager: str) -> None:
        self.server.request(
            "PATCH",
            self.path(identify(obj)),
            query={"fieldManager": manager, "force": "true"},
            body=obj,
            content_type=_APPLY,
            accept=_METADATA_ONLY,
            retry_conflict="resourceVersion" not in obj["metadata"],
        )

    def _send_trial(self, obj: Object) -> Object:
        applied: Object = self.server.request(
            "PATCH",
            self.path(identify(obj)),
            query={"fieldManager": MANAGER, "force": "true", "dryRun": "All"},
            body=obj,
            content_type=_APPLY,
        )
        return applied

    def _settled(self, obj: Object, error: ApiError) -> Object | None:
        """Return it whole, without what an apply would leave behind; None if that is not the trouble."""
        live = self.get(identify(obj)) if error.code == _INVALID else None
        if live is None:
            return None
        refused = [str(cause.get("field") or "") for cause in error.causes]
        for of_others in (False, True):  # what others put there goes only where it is in the way
            left = left_behind(obj, live, refused, of_others=of_others)
            try:
                merged = self._send_trial(stand_in(obj, live, left)) if left else None
            except ApiError:
                continue
            if merged is not None:
                whole = settled(merged, obj, left)
                whole["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
                return whole
        return None

    def _replace_settled(self, obj: Object, error: ApiError, *, dry_run: bool = False) -> Object | None:
        """Take out what an apply would leave behind, in one write with all that the apply brings.

        Args:
            obj: what could not be applied.
            error: why not.
            dry_run: only have the server try it.

        Returns:
            The object as it is then; None where nothing would be left behind, so that is not the trouble.

        Raises:
            ApiError: the same error, where the manifest itself is wrong.
        """
        for _ in range(_TRIES):
            whole = self._settled(obj, error)
            if whole is None:
                return None
            query = {"fieldManager": MANAGER} | ({"dryRun": "All"} if dry_run else {})
            try:
                replaced: Object = self.server.request(
                    "PUT", self.path(identify(obj)), query=query, body=whole, retry_conflict=False
                )
            except ApiError as refused:
                if refused.code != _CONFLICT:
                    raise error from refused
            else:
                return replaced
        return None

    def try_create(self, obj: Object, namespace: str) -> None:
        """Have the server check an object as if it were made in `namespace`, under a name that nobody has."""
        metadata = {key: value for key, value in obj["metadata"].items() if key not in ("name", "namespace")}
        metadata |= {"generateName": f"{str(obj['metadata']['name'])[:40]}-", "namespace": namespace}
        kind = self.kind(obj["apiVersion"], obj["kind"])
        self.server.request(
            "POST",
            f"{kind.root}/namespaces/{namespace}/{kind.resource}",
            query={"dryRun": "All", "fieldManager": MANAGER},
            body={**obj, "metadata": metadata},
            accept=_METADATA_ONLY,
        )

    def take_over(self, resource: ResourceId) -> None:
        """Count what was set client-side, by kubectl or by us, as applied by us; see `taken_over`."""
        for _ in range(_TRIES):
            live = self.get(resource)
            if live is None:
                return
            try:
                self._set_owners(live, taken_over(live))
            except ApiError as error:
                if error.code not in (_CONFLICT, _INVALID):  # it changed since it was read
                    raise
            else:
                return

    def _set_owners(self, live: Object, owners: list[dict[str, Any]]) -> None:
        version = live["metadata"]["resourceVersion"]
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": owners},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        ]
        self.server.request(
            "PATCH", self.path(identify(live)), body=patch, content_type=_JSON_PATCH, retry_conflict=False
        )

    def merge(self, resource: ResourceId, patch: Mapping[str, Any], *, manager: str) -> None:
        """Patch an object with a JSON merge patch; null removes a field."""
        self.server.request(
            "PATCH",
            self.path(resource),
            query={"fieldManager": manager},
            body=patch,
            content_type=_MERGE_PATCH,
            accept=_METADATA_ONLY,
        )

    def delete(
        self, resource: ResourceId, *, uid: str | None = None, wait_for_dependents: bool = False
    ) -> bool:
        """Ask for an object's deletion; False where it is not there.

        Args:
            resource: what to delete.
            uid: delete it only if it still is that one, not another made since under its name.
            wait_for_dependents: it goes after what it owns, not before.
        """
        options: dict[str, Any] = {"propagationPolicy": "Foreground" if wait_for_dependents else "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.server.request("DELETE", self.path(resource), body=options, retry_conflict=False)
        except ApiError as error:
            if error.code == 404 or (uid and error.code == 409):
                return False
            raise
        return True

    def finalize_namespace(self, namespace: Object) -> None:
        """Take the last finalizers off a namespace, whatever is left in it."""
        name = namespace["metadata"]["name"]
        body = {**namespace, "spec": {**(namespace.get("spec") or {}), "finalizers": []}}
        self.server.request("PUT", f"/api/v1/namespaces/{name}/finalize", body=body, retry_conflict=False)

    def path(self, resource: ResourceId) -> str:
        """Return the URL path of an object."""
        from urllib.parse import quote

        kind = self.kind(resource.api_version, resource.kind)
        place = f"/namespaces/{quote(resource.namespace)}" if kind.is_namespaced else ""
        return f"{kind.root}{place}/{kind.resource}/{quote(resource.name)}"


def _attempt(function: Callable[[Item], Result], item: Item) -> Result | ClusterError:
    try:
        return function(item)
    except ClusterError as error:
        return error
