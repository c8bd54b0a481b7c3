"""The lint rules on manifests as people write them: what each finds, where, its fix and its allowance."""

from __future__ import annotations

import pytest

from wildgit.core.guard.lint import RULES, apply_insertion, lint_app

KUSTOMIZATION = """\
namespace: ghost
labels:
  - includeSelectors: true
    pairs:
      app: ghost
      managedBy: kustomize
      partOf: wild-cloud
resources:
  - deployment.yaml
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ghost
spec:
  template:
    metadata:
      labels:
        component: web
    spec:
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: ghost
          image: ghost:5
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          resources:
            requests:
              cpu: 10m
            limits:
              memory: 64Mi
"""


def lint(
    deployment: str = DEPLOYMENT, kustomization: str = KUSTOMIZATION, **more: str
) -> list[tuple[str, str, int]]:
    files = {"kustomization.yaml": kustomization, "deployment.yaml": deployment, **more}
    found = lint_app("apps/ghost", {path: text.encode() for path, text in files.items()})
    return [
        (lint.finding.rule, lint.finding.path.removeprefix("apps/ghost/"), lint.finding.line)
        for lint in found
    ]


def without(text: str, *lines: str) -> str:
    kept = [line for line in text.splitlines(keepends=True) if line.strip() not in lines]
    assert len(kept) == len(text.splitlines()) - len(lines)
    return "".join(kept)


def test_a_manifest_with_everything_raises_nothing() -> None:
    assert lint() == []


@pytest.mark.parametrize(
    ("deployment", "rule", "line"),
    [
        (without(DEPLOYMENT, "runAsNonRoot: true"), "run-as-non-root", 11),
        (DEPLOYMENT.replace("runAsNonRoot: true", "runAsNonRoot: false"), "run-as-non-root", 11),
        (DEPLOYMENT.replace("seccompP", "runAsUser: 0\n        seccompP"), "run-as-non-root", 13),
        (without(DEPLOYMENT, "seccompProfile:", "type: RuntimeDefault"), "seccomp", 11),
        (DEPLOYMENT.replace("type: RuntimeDefault", "type: Unconfined"), "seccomp", 11),
        (without(DEPLOYMENT, "allowPrivilegeEscalation: false"), "privilege-escalation", 18),
        (DEPLOYMENT.replace("allowPrivilegeEscalation: f", "privileged: true #"), "privilege-escalation", 18),
        (without(DEPLOYMENT, "capabilities:", "drop: [ALL]"), "capabilities", 18),
        (DEPLOYMENT.replace("drop: [ALL]", "drop: [NET_RAW]"), "capabilities", 18),
        (without(DEPLOYMENT, "limits:", "memory: 64Mi"), "resource-limits", 22),
        (without(DEPLOYMENT, "requests:", "cpu: 10m"), "resource-limits", 22),
        (DEPLOYMENT.replace("component: web", "app.kubernetes.io/name: ghost"), "helm-labels", 9),
        (DEPLOYMENT + "          env: [{name: U, value: 'postgres://g:$(PW)@db/g'}]\n", "url-variable", 27),
        (DEPLOYMENT + " x: [\n", "yaml", 27),
    ],
)  # fmt: skip
def test_rule_finds_its_line(deployment: str, rule: str, line: int) -> None:
    assert (rule, "deployment.yaml", line) in lint(deployment)


def test_a_context_on_every_container_does_as_well_as_one_on_the_pod() -> None:
    pod = without(DEPLOYMENT, "runAsNonRoot: true", "seccompProfile:", "type: RuntimeDefault")
    pod = pod.replace("      securityContext:\n      containers", "      containers")
    context = "            runAsNonRoot: true\n            seccompProfile: {type: RuntimeDefault}\n"
    assert lint(pod.replace("            allowPriv", f"{context}            allowPriv")) == []


def test_an_init_container_is_held_to_the_same_rules() -> None:
    init = "      initContainers:\n        - name: init\n          image: x\n      containers:\n"
    assert {rule for rule, _, _ in lint(DEPLOYMENT.replace("      containers:\n", init))} == {
        "privilege-escalation", "capabilities", "resource-limits"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kustomization", "line"),
    [
        (without(KUSTOMIZATION, "managedBy: kustomize"), 2),
        (KUSTOMIZATION.replace("managedBy: kustomize", "managedBy: helm"), 2),
        (KUSTOMIZATION.replace("includeSelectors: true", "includeSelectors: false"), 2),
        ("resources:\n  - deployment.yaml\n", 1),
    ],
)
def test_standard_labels_are_wanted_in_the_kustomization(kustomization: str, line: int) -> None:
    assert lint(kustomization=kustomization) == [("standard-labels", "kustomization.yaml", line)]


JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: ghost-db-init}
spec:
  template:
    spec:
      containers:
        - name: db-init
          command:
            - sh
            - |
              # Create database if it is not there
              %s
"""


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("psql -c 'CREATE DATABASE ghost'", True),
        ("psql -c 'create user ghost'", True),
        ("psql -c 'CREATE DATABASE ghost'; psql -c 'CREATE EXTENSION IF NOT EXISTS vector'", True),
        ("mysql -e 'CREATE DATABASE IF NOT EXISTS ghost'", False),
        ("mysql -e 'CREATE USER IF NOT EXISTS ghost'", False),
        (
            "psql -c \"SELECT 1 FROM pg_database WHERE datname='g'\" | grep 1 || createdb; CREATE DATABASE g",
            False,
        ),
        ("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE g; END IF; END $$", False),
        ("psql -c 'ALTER USER ghost'", False),
    ],
)
def test_sql_of_a_db_init_job_has_to_work_twice(sql: str, found: bool) -> None:
    rules = lint(kustomization=KUSTOMIZATION + "  - db-init-job.yaml\n", **{"db-init-job.yaml": JOB % sql})
    assert (("idempotent-sql", "db-init-job.yaml", 11) in rules) is found


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ghost
spec:
  tls: [{secretName: wildcard-wild-cloud-tls}]
"""


def test_a_public_ingress_needs_a_target_and_an_internal_one_does_not() -> None:
    target = "  annotations: {external-dns.alpha.kubernetes.io/target: example.com}\nspec:\n"
    internal = INGRESS.replace("wildcard-wild", "wildcard-internal-wild")
    for text, found in ((INGRESS, True), (INGRESS.replace("spec:\n", target), False), (internal, False)):
        rules = lint(kustomization=KUSTOMIZATION + "  - ingress.yaml\n", **{"ingress.yaml": text})
        assert (("external-dns-target", "ingress.yaml", 3) in rules) is found


def test_templates_of_a_package_are_linted_with_their_line() -> None:
    package = DEPLOYMENT.replace("image: ghost:5", 'image: "{{ .image }}"').replace(
        "cpu: 10m", "cpu: {{ .cpu }}"
    )
    assert lint("{{ if .enabled }}\n" + package + "{{ end }}\n") == []
    assert lint("{{ if .x }}\n" + without(package, "runAsNonRoot: true") + "{{ end }}\n") == [
        ("run-as-non-root", "deployment.yaml", 12)
    ]


def test_patches_and_files_that_are_no_resources_are_left_alone() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: x}]}}}\n"
    assert lint(**{"patch.yaml": patch}) == []


def test_resources_of_a_folder_are_followed() -> None:
    files = {
        "base/kustomization.yaml": "resources: [../d.yaml]\n",
        "d.yaml": DEPLOYMENT.replace("64Mi", "''"),
    }
    assert lint(kustomization=KUSTOMIZATION.replace("deployment.yaml", "base"), **files) == [
        ("resource-limits", "d.yaml", 22)
    ]


def test_an_allowance_on_the_line_lets_it_pass() -> None:
    text = without(DEPLOYMENT, "runAsNonRoot: true")
    allowed = "securityContext: # wild:allow run-as-non-root the image needs root to bind port 80"
    assert lint(text.replace("securityContext:", allowed, 1)) == []
    assert lint(text.replace("securityContext:", "securityContext: # wild:allow run-as-non-root", 1)) != []


def fixed(files: dict[str, bytes]) -> dict[str, bytes]:
    while fixes := [lint for lint in lint_app("", files) if lint.fix is not None]:
        finding, fix = fixes[0]
        assert fix is not None
        files = {**files, finding.path: apply_insertion(files[finding.path], fix)}
    return files


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fixes_make_what_a_person_would_write_and_move_no_other_byte(end: str) -> None:
    context = ("securityContext:", "allowPrivilegeEscalation: false", "capabilities:", "drop: [ALL]")
    bare = without(DEPLOYMENT.replace("          securityContext:", "          XX"), "XX", *context[1:])
    bare = without(bare, "seccompProfile:", "type: RuntimeDefault")
    no_labels = "namespace: ghost\nresources:\n  - deployment.yaml\n"
    files = {"kustomization.yaml": no_labels, "deployment.yaml": bare}
    before = {path: text.replace("\n", end).encode() for path, text in files.items()}
    after = fixed(before)
    assert lint_app("", after) == []
    for path, content in before.items():
        lines = iter(after[path].splitlines(keepends=True))
        assert all(line in lines for line in content.splitlines(keepends=True))  # as a subsequence
        assert after[path].count(b"\r") == (after[path].count(b"\n") if end == "\r\n" else 0)


def test_every_rule_has_a_reason() -> None:
    assert all(reason.endswith(".") for reason in RULES.values())
