"""`git wild merge` on a large instance, beside a plain `git merge` of a change of the same files.

usage: python benchmarks/update.py [--packages 1000] [--installed 300] [--changed 60] [--customised 15]

Makes the repositories itself, in a temporary folder. git renders no templates and opens no YAML, so
the ratio says what that costs; the parts are measured in process, once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3

MANIFEST = """\
name: {name}
is: {name}
description: Package {name} of the benchmark.
version: {version}
defaultConfig:
  namespace: {name}
  image: registry.example.com/{name}:{version}
  port: "8080"
  storage: 10Gi
  domain: {name}.{{{{ .cloud.domain }}}}
defaultSecrets:
  - key: password
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {{{{ .namespace }}}}
spec:
  replicas: 1
  selector:
    matchLabels:
      component: web
  template:
    metadata:
      labels:
        component: web
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 999
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {name}
          image: "{{{{ .image }}}}"
          # What the app listens on.
          ports:
            - name: http
              containerPort: {{{{ .port }}}}
              protocol: TCP
          env:
            - name: TZ
              value: UTC
            - name: DOMAIN
              value: "{{{{ .domain }}}}"
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {name}-secrets
                  key: password
          resources:
            requests:
              cpu: 100m
              memory: {memory}
          livenessProbe:
            httpGet:
              path: {path}
              port: http
"""

OTHERS = {
    "kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: {name}\nlabels:\n"
        "  - includeSelectors: true\n    pairs:\n      app: {name}\n      partOf: wild-cloud\nresources:\n"
        "  - namespace.yaml\n  - deployment.yaml\n  - service.yaml\n  - pvc.yaml\n  - ingress.yaml\n"
    ),
    "namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{{{ .namespace }}}}\n",
    "service.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector:\n    component: web\n"
        "  ports:\n    - port: {{{{ .port }}}}\n      targetPort: http\n"
    ),
    "pvc.yaml": (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {name}-data\nspec:\n"
        "  accessModes:\n    - ReadWriteOnce\n"
        "  resources:\n    requests:\n      storage: {{{{ .storage }}}}\n"
    ),
    "ingress.yaml": (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\nspec:\n  rules:\n"
        '    - host: "{{{{ .domain }}}}"\n      http:\n        paths:\n          - path: /\n'
        "            pathType: Prefix\n            backend:\n"
        "              service:\n                name: {name}\n"
        "                port:\n                  number: {{{{ .port }}}}\n"
    ),
}


def run(*arguments: str, cwd: Path) -> None:
    """Run a command that must succeed."""
    subprocess.run(arguments, cwd=cwd, check=True, capture_output=True)


def commit(repository: Path, message: str) -> None:
    """Commit everything in the work tree."""
    run("git", "add", "-A", cwd=repository)
    run("git", "commit", "-q", "-m", message, cwd=repository)


def write_package(folder: Path, name: str, *, second: bool) -> None:
    """Write the first or second version of a package."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "version": "2.0.0" if second else "1.0.0"}
    words |= {"memory": "256Mi" if second else "128Mi", "path": "/ready" if second else "/healthz"}
    (folder / "manifest.yaml").write_text(MANIFEST.format(**words))
    (folder / "deployment.yaml").write_text(DEPLOYMENT.format(**words))
    for file, text in OTHERS.items():
        (folder / file).write_text(text.format(**words))


def make_instance(work: Path, options: argparse.Namespace) -> tuple[Path, Path]:
    """Make upstream with two versions and an instance of the first; returns both."""
    upstream, instance = work / "upstream", work / "instance"
    upstream.mkdir()
    run("git", "init", "-q", "-b", "main", cwd=upstream)
    names = [f"app-{number:04}" for number in range(options.packages)]
    for name in names:
        write_package(upstream / "apps" / name, name, second=False)
    commit(upstream, "first")
    run("git", "wild", "init", str(instance), "--upstream", str(upstream), "--no-hooks", cwd=work)
    run("git", "wild", "config", "set", "cloud.domain", "example.org", cwd=instance)
    script = "from wildgit.cli import _run\nfor name in {names!r}:\n    assert _run(['add', name]) == 0\n"
    run(sys.executable, "-c", script.format(names=names[: options.installed]), cwd=instance)
    commit(instance, "config(all): begin")
    for name in names[: options.customised]:
        path = instance / "apps" / name / "deployment.yaml"
        path.write_text(
            path.read_text().replace(
                "- name: TZ", "- name: MODE\n              value: ours\n            - name: TZ"
            )
        )
    commit(instance, "config(all): customise")
    for name in names[: options.changed]:
        write_package(upstream / "apps" / name, name, second=True)
    commit(upstream, "second")
    run("git", "wild", "fetch", "--quiet", cwd=instance)
    return upstream, instance


def make_peer(work: Path, instance: Path) -> Path:
    """A plain git repository in which a branch makes the same change of the same files."""
    peer = work / "peer"
    shutil.copytree(instance, peer, symlinks=True)
    run("git", "wild", "merge", cwd=peer)
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"], cwd=peer, capture_output=True, text=True, check=True
    )
    run("git", "branch", "before", "HEAD^1", cwd=peer)
    made = ["git", "commit-tree", tree.stdout.strip(), "-p", "HEAD^1^1", "-m", "theirs"]
    theirs = subprocess.run(made, cwd=peer, capture_output=True, text=True, check=True).stdout.strip()
    run("git", "branch", "theirs", theirs, cwd=peer)
    run("git", "reset", "-q", "--hard", "before", cwd=peer)
    run("git", "config", "--remove-section", "merge.wild-yaml", cwd=peer)  # git's own merge, not ours
    run("git", "config", "--remove-section", "merge.wild-package", cwd=peer)
    return peer


def timed(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Run a command once on a copy of `folder`; returns seconds and peak memory in MB."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        copy = Path(place) / "copy"
        shutil.copytree(folder, copy, symlinks=True)
        run("git", "status", cwd=copy)  # refreshes the index, as it would be in a repository in use
        began = time.perf_counter()
        process = subprocess.Popen(arguments, cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        length = time.perf_counter() - began
        assert status == 0, arguments
        return length, usage.ru_maxrss / 1024


def parts(instance: Path) -> list[tuple[str, float]]:
    """Measure rendering, merging and the rest of the plan in this process, once; names and seconds."""
    from wildgit.adapters.git.repo import Repo
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings
    from wildgit.adapters.upstream.merge import plan_merge
    from wildgit.adapters.upstream.merge_options import merge_options
    from wildgit.adapters.upstream.wild_directory import find_upstream
    from wildgit.core.app import update

    spent: dict[str, float] = {}

    def measured(name: str, function: object) -> object:
        def call(*arguments: object, **options: object) -> object:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)  # type: ignore[operator]
            finally:
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

        return call

    kept = update.render_package, update.merge_files
    update.render_package = measured("render templates", update.render_package)  # type: ignore[assignment]
    update.merge_files = measured("merge files", update.merge_files)  # type: ignore[assignment]
    try:
        found = Instance(instance)
        repo, settings = Repo(instance), read_settings(instance)
        began = time.perf_counter()
        plan_merge(found, repo, settings, find_upstream(repo, settings), options=merge_options(settings))
        spent["the whole plan"] = time.perf_counter() - began
    finally:
        update.render_package, update.merge_files = kept
    return list(spent.items())


def main() -> None:
    """Make the repositories, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("packages", 1000), ("installed", 300), ("changed", 60), ("customised", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="git-wild-bench-") as place:
        work = Path(place)
        _, instance = make_instance(work, options)
        peer = make_peer(work, instance)
        ours = [timed(["git", "wild", "merge"], instance) for _ in range(RUNS)]
        gits = [timed(["git", "merge", "-q", "-m", "merge", "theirs"], peer) for _ in range(RUNS)]
        done = work / "done"
        shutil.copytree(instance, done, symlinks=True)
        run("git", "wild", "merge", cwd=done)
        nothing = [timed(["git", "wild", "merge"], done) for _ in range(RUNS)]
        wild_s, git_s = (statistics.median(length for length, _ in runs) for runs in (ours, gits))
        print(
            f"{options.packages} packages, {options.installed} installed, "
            f"{options.changed} changed upstream, {options.customised} of them customised; medians of {RUNS}"
        )
        print(f"git wild merge      {wild_s:8.3f} s   {max(memory for _, memory in ours):6.0f} MB")
        print(f"git merge           {git_s:8.3f} s   {max(memory for _, memory in gits):6.0f} MB")
        print(f"ratio               {wild_s / git_s:8.1f}")
        print(f"nothing new         {statistics.median(length for length, _ in nothing):8.3f} s")
        for name, length in parts(instance):
            print(f"  {name:18}{length:8.3f} s")


if __name__ == "__main__":
    main()
