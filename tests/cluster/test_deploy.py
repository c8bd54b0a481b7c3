"""Deploy against the real API server: what is created, changed, left alone, restarted, pruned and refused."""

from __future__ import annotations

import json

import pytest

from tests.cluster.harness import Instance, eventually, node
from tests.cluster.resources import CONFIG_MAP, cluster_role, deployment

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{name: http, containerPort: 8080}]
          resources: {limits: {cpu: 1000m, memory: 0.5Gi}}
          env:
            - {name: FIRST, value: "1"}
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: NAME-secrets, key: password}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {component: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""
JOB = """\
---
apiVersion: batch/v1
kind: Job
metadata: {name: db-init}
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: init
          image: postgres:16
          envFrom: [{secretRef: {name: NAME-secrets}}]
"""
CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
PASSWORD = "defaultSecrets: [{key: password}]\n"


def make_app(instance: Instance, name: str, resources: str = WEB) -> None:
    instance.app(
        name, resources.replace("NAME", name), manifest=PASSWORD, secrets="{password: first-password-1}"
    )


def test_everything_is_there_after_a_deploy_and_recorded(instance: Instance) -> None:
    make_app(instance, "plain", WEB + JOB + CONFIG_MAP + CLAIM)
    said = instance.deploy("plain")
    assert "7 created" in said
    namespace = instance.get("namespace", "plain")
    assert namespace is not None
    record = namespace["metadata"]["annotations"]
    head = instance.git("rev-parse", "HEAD").strip()
    assert record["wild.cloud/commit"] == head
    assert record["wild.cloud/deployed-by"] == "ada@example.com"
    assert "wild.cloud/deploying" not in record
    assert json.loads(record["wild.cloud/inventory"])["apps/v1 Deployment"] == ["*/web"]
    assert instance.git("rev-parse", "refs/wild/deployed/default/plain").strip() == head
    secret = instance.get("secret", "plain-secrets", "plain")
    assert secret is not None
    assert secret["data"] == {"password": "Zmlyc3QtcGFzc3dvcmQtMQ=="}
    assert instance.operations("plain")[-1]["outcome"] == "succeeded"


def test_second_deploy_moves_no_resource_version(instance: Instance) -> None:
    make_app(instance, "calm", WEB + JOB + CONFIG_MAP + CLAIM)
    with node(instance.plane):
        instance.deploy("--wait", "calm")
    before = instance.versions("calm")
    said = instance.deploy("calm")
    assert instance.versions("calm") == before
    assert "7 unchanged" in said


def test_dry_run_shows_the_change_and_writes_nothing(instance: Instance) -> None:
    make_app(instance, "dry", WEB + CONFIG_MAP)
    assert instance.wild("deploy", "--dry-run", "dry").returncode == 0
    assert instance.get("namespace", "dry") is None
    instance.deploy("dry")
    before = instance.versions("dry")
    instance.edit("apps/dry/all.yaml", "image: web:1", "image: web:2")
    instance.edit("apps/dry/all.yaml", CONFIG_MAP, "")
    instance.edit("secrets.yaml", "first-password-1", "second-password-2")
    done = instance.wild("deploy", "--dry-run", "dry")
    assert done.returncode == 0
    assert "~ spec.template.spec.containers[web].image: web:1 → web:2" in done.stdout
    assert "- configmap/settings (not in git any more)" in done.stdout
    assert "~ data.password: (hidden) → (hidden)" in done.stdout
    assert "password-" not in done.stdout + done.stderr
    assert instance.versions("dry") == before
    assert len(instance.operations("dry")) == 1


def test_removed_field_goes_away_and_others_fields_stay(instance: Instance) -> None:
    make_app(instance, "fields")
    instance.deploy("fields")
    instance.kubectl("scale", "deployment/web", "--replicas=3", "-n", "fields")
    instance.edit("apps/fields/all.yaml", '            - {name: FIRST, value: "1"}\n', "")
    instance.commit()
    instance.deploy("fields")
    deployment = instance.get("deployment", "web", "fields")
    assert deployment is not None
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert [variable["name"] for variable in container["env"]] == ["PASSWORD"]
    assert deployment["spec"]["replicas"] == 3


SWITCHED = (
    ("image: web:1\n", "image: web:2\n"),
    ("          readinessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: 5}\n", ""),
    ("livenessProbe: {httpGet: {path: /, port: http}}", "livenessProbe: {tcpSocket: {port: http}}"),
    ("valueFrom: {fieldRef: {fieldPath: metadata.name}}", "value: web"),
    ("configMap: {name: settings}", "persistentVolumeClaim: {claimName: data}"),
    ("emptyDir: {}", "secret: {secretName: plain}"),
    ("# strategy\n", "strategy: {type: Recreate}\n"),
)
BEFORE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  # strategy
  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: 5}
          livenessProbe: {httpGet: {path: /, port: http}}
          env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          volumeMounts: [{name: one, mountPath: /one}, {name: two, mountPath: /two}]
      volumes: [{name: one, configMap: {name: settings}}, {name: two, emptyDir: {}}]
"""


def test_what_was_one_thing_becomes_another_though_the_server_keeps_its_defaults(instance: Instance) -> None:
    instance.app("switch", BEFORE)
    instance.deploy("switch")
    for old, new in SWITCHED:
        instance.edit("apps/switch/all.yaml", old, new)
    instance.commit()
    said = instance.deploy("--dry-run", "switch")
    assert "- spec.template.spec.containers[web].readinessProbe" in said
    assert "~ spec.strategy.type: RollingUpdate → Recreate" in said
    instance.deploy("switch")
    deployment = instance.get("deployment", "web", "switch")
    assert deployment
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert (container["image"], container["env"]) == ("web:2", [{"name": "NAME", "value": "web"}])
    assert "readinessProbe" not in container
    assert container["livenessProbe"].keys() & {"httpGet", "tcpSocket"} == {"tcpSocket"}
    assert [sorted(volume) for volume in spec["volumes"]] == [
        ["name", "persistentVolumeClaim"],
        ["name", "secret"],
    ]
    eventually(
        lambda: len(instance.list("replicasets", "switch")) == 2
    )  # one roll-out, not one for each step
    # Nothing is left over in who owns what: it goes the same way back.
    assert instance.wild("drift", "switch").returncode == 0
    assert "2 unchanged" in instance.deploy("switch")
    # What somebody made another thing by hand is put back.
    volume = (
        '{"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "one", "emptyDir": {}}}'
    )
    instance.kubectl("patch", "deployment/web", "-n", "switch", "--type=json", "-p", f"[{volume}]")
    instance.deploy("switch")
    assert instance.wild("drift", "switch").returncode == 0
    instance.write("apps/switch/all.yaml", BEFORE)
    instance.deploy("switch")
    back = instance.get("deployment", "web", "switch")
    assert back and "configMap" in back["spec"]["template"]["spec"]["volumes"][0]


LOOSE = """\
---
apiVersion: v1
kind: Secret
metadata: {name: loose}
stringData: {kept: a, removed: b}
---
apiVersion: v1
kind: Pod
metadata: {name: loose}
spec: {containers: [{name: a, image: "a:1", resources: {limits: {cpu: 1, memory: 1e9}}}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: loose}
spec: {limits: [{type: Container, default: {cpu: 1, memory: 0.5Gi}, max: {cpu: 8}}]}
"""


def test_text_secrets_and_numbers_for_quantities_are_applied_as_kubectl_would(instance: Instance) -> None:
    instance.app("loose", LOOSE)
    instance.deploy("loose")
    assert "4 unchanged" in instance.deploy("loose")
    instance.edit("apps/loose/all.yaml", ", removed: b", "")
    instance.deploy("loose")
    secret = instance.get("secret", "loose", "loose")
    assert secret and secret["data"] == {"kept": "YQ=="}


def test_rotated_secret_restarts_its_readers_and_runs_the_job_again(instance: Instance) -> None:
    make_app(instance, "rotated", WEB + deployment("other") + JOB)
    instance.deploy("rotated")
    job = instance.get("job", "db-init", "rotated")
    other = instance.get("deployment", "other", "rotated")
    instance.edit("secrets.yaml", "first-password-1", "second-password-2")
    said = instance.deploy("rotated")
    assert "restarts: a secret it uses changed" in said
    assert "password-" not in said
    web = instance.get("deployment", "web", "rotated")
    job_after = instance.get("job", "db-init", "rotated")
    other_after = instance.get("deployment", "other", "rotated")
    assert web and job and job_after and other and other_after
    assert "kubectl.kubernetes.io/restartedAt" in web["spec"]["template"]["metadata"]["annotations"]
    assert job_after["metadata"]["uid"] != job["metadata"]["uid"]
    assert other_after["metadata"]["generation"] == other["metadata"]["generation"]
    before = instance.versions("rotated")
    instance.deploy("rotated")
    assert instance.versions("rotated") == before


def test_no_restart_postpones_it_to_the_next_deploy(instance: Instance) -> None:
    make_app(instance, "postponed")
    instance.deploy("postponed")
    instance.edit("secrets.yaml", "first-password-1", "second-password-2")
    assert "restarts" not in instance.deploy("--no-restart", "postponed")
    web = instance.get("deployment", "web", "postponed")
    assert web and "annotations" not in web["spec"]["template"]["metadata"]
    assert "restarts" in instance.deploy("postponed")


def test_changed_job_is_made_anew(instance: Instance) -> None:
    make_app(instance, "jobs", WEB + JOB)
    instance.deploy("jobs")
    instance.edit("apps/jobs/all.yaml", "postgres:16", "postgres:17")
    instance.commit()
    assert "job/db-init made anew" in instance.deploy("jobs")
    job = instance.get("job", "db-init", "jobs")
    assert job and job["spec"]["template"]["spec"]["containers"][0]["image"] == "postgres:17"


def test_what_left_git_is_pruned_but_not_claims(instance: Instance) -> None:
    make_app(instance, "pruned", WEB + CONFIG_MAP + CLAIM)
    instance.deploy("pruned")
    instance.edit("apps/pruned/all.yaml", CONFIG_MAP + CLAIM, "")
    instance.commit()
    said = instance.deploy("pruned")
    assert "configmap/settings deleted" in said
    assert "1 kept" in said
    assert instance.get("configmap", "settings", "pruned") is None
    assert instance.get("persistentvolumeclaim", "data", "pruned") is not None
    instance.deploy("--prune-data", "pruned")
    claim = instance.get("persistentvolumeclaim", "data", "pruned")
    assert claim is None or claim["metadata"]["deletionTimestamp"]  # pvc-protection may still hold it


def test_resource_of_another_app_is_refused(instance: Instance) -> None:
    make_app(instance, "owner", WEB + cluster_role("shared-role"))
    instance.deploy("owner")
    instance.app("thief", CONFIG_MAP + cluster_role("shared-role"))
    done = instance.wild("deploy", "thief")
    assert done.returncode == 3
    assert "ClusterRole shared-role belongs to the app owner" in done.stderr
    assert instance.get("namespace", "thief") is None
    # Moved properly: it leaves its owner first.
    instance.edit("apps/owner/all.yaml", cluster_role("shared-role"), "")
    instance.write("secrets.yaml", "apps: {owner: {password: first-password-1}}\n")
    instance.commit()
    instance.deploy("owner")
    instance.deploy("thief")
    role = instance.get("clusterrole", "shared-role")
    assert role and role["metadata"]["labels"]["wild.cloud/app"] == "thief"


STATEFUL = """\
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {component: db}}
  template:
    metadata: {labels: {component: db}}
    spec: {containers: [{name: db, image: "db:1", resources: {limits: {cpu: 1000m}}}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 7Gi}}}
"""


def test_immutable_field_is_named_with_what_to_do(instance: Instance) -> None:
    make_app(instance, "stone", WEB + CLAIM + STATEFUL)
    instance.deploy("stone")
    instance.edit("apps/stone/all.yaml", "spec: {access", "spec: {storageClassName: fast, access")
    instance.edit("apps/stone/all.yaml", "spec: {selector", "spec: {clusterIP: None, selector")
    instance.edit("apps/stone/all.yaml", "storage: 7Gi", "storage: 8Gi")
    done = instance.wild("deploy", "stone")
    assert done.returncode == 3
    assert "StatefulSet stone/db: spec.volumeClaimTemplates can't be changed once it exists" in done.stderr
    assert "kubectl delete -n stone statefulset/db --cascade=orphan" in done.stderr
    assert "PersistentVolumeClaim stone/data: spec.storageClassName can't be changed" in done.stderr
    assert "kubectl delete -n stone persistentvolumeclaim/data, which loses its data" in done.stderr
    assert "Service stone/web: spec.clusterIP can't be changed once it exists" in done.stderr


def test_nothing_is_written_when_one_object_is_refused(instance: Instance) -> None:
    make_app(instance, "partly", WEB + CONFIG_MAP)
    instance.edit("apps/partly/all.yaml", "port: 80,", "port: 99999,")
    done = instance.wild("deploy", "partly")
    assert done.returncode == 3
    assert 'Service "web" is invalid' in done.stderr, "not by the name of a trial"
    assert "Service partly/web" in done.stderr
    assert "99999" in done.stderr
    assert instance.get("namespace", "partly") is None


def test_app_of_kubectl_apply_is_taken_over_without_a_restart(instance: Instance) -> None:
    make_app(instance, "former", WEB)
    instance.kubectl("create", "namespace", "former")
    instance.kubectl(
        "create",
        "secret",
        "generic",
        "former-secrets",
        "--from-literal=password=first-password-1",
        "-n",
        "former",
    )
    instance.kubectl("apply", "-k", "apps/former")
    before = instance.get("deployment", "web", "former")
    instance.deploy("former")
    after = instance.get("deployment", "web", "former")
    assert before and after
    assert after["spec"]["template"] == before["spec"]["template"]
    assert len(instance.list("replicasets", "former")) == 1
    managers = {entry["manager"] for entry in after["metadata"].get("managedFields", [])}
    assert "kubectl-client-side-apply" not in managers
    instance.edit("apps/former/all.yaml", '            - {name: FIRST, value: "1"}\n', "")
    instance.commit()
    instance.deploy("former")
    cleaned = instance.get("deployment", "web", "former")
    assert cleaned
    env = cleaned["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [variable["name"] for variable in env] == ["PASSWORD"]


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: first}
spec: {size: 3}
"""


def test_custom_resource_waits_for_its_definition(instance: Instance) -> None:
    if instance.plane.version() < (1, 21):
        pytest.skip("kube-apiserver 1.20 built with Go 1.18 or later dies when it stores a custom resource")
    instance.app("gadgets", DEFINITION)
    instance.deploy("gadgets")
    gadget = instance.get("gadget", "first", "gadgets")
    assert gadget and gadget["spec"] == {"size": 3}
    before = instance.get("gadget", "first", "gadgets")
    instance.deploy("gadgets")
    assert instance.get("gadget", "first", "gadgets") == before


def test_placeholder_secret_is_refused(instance: Instance) -> None:
    make_app(instance, "holder")
    instance.edit("secrets.yaml", "first-password-1", "CHANGEME")
    done = instance.wild("deploy", "holder")
    assert done.returncode == 3
    assert "the secret password of holder is empty or a placeholder" in done.stderr
    assert "git wild secret set apps.holder.password" in done.stderr


def test_certificate_is_copied_from_cert_manager(instance: Instance) -> None:
    instance.kubectl("create", "namespace", "cert-manager")
    instance.kubectl(
        "create",
        "secret",
        "generic",
        "wildcard-wild-cloud-tls",
        "-n",
        "cert-manager",
        "--from-literal=tls.crt=a",
    )
    ingress = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: a.example.com}]
  tls: [{hosts: [a.example.com], secretName: wildcard-wild-cloud-tls}]
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""
    instance.app("tls", ingress)
    instance.deploy("tls")
    copied = instance.get("secret", "wildcard-wild-cloud-tls", "tls")
    assert copied and copied["data"] == {"tls.crt": "YQ=="}
    instance.kubectl("delete", "namespace", "cert-manager", "--wait=false")


def test_json_is_one_event_a_line(instance: Instance) -> None:
    make_app(instance, "events")
    done = instance.wild("deploy", "--json", "events")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {
        "app": "events",
        "step": "apply",
        "state": "done",
        "resource": "deployment/web",
        "message": "created",
    } in [{key: value for key, value in event.items() if key != "time"} for event in events]


def test_app_that_fails_holds_up_only_those_that_require_it(instance: Instance) -> None:
    instance.app("half-bad", CONFIG_MAP)
    instance.deploy("half-bad")
    instance.edit("apps/half-bad/all.yaml", "name: settings", "name: No_Name")
    instance.app("half-user", CONFIG_MAP, manifest="requires: [{name: half-bad}]\n")
    instance.write("apps/half-torn/manifest.yaml", "name: [\n")
    instance.app("half-well", CONFIG_MAP)
    done = instance.wild("deploy", "--all")
    assert done.returncode == 3
    assert "3 of 4 apps failed: half-bad, half-torn, half-user" in done.stderr
    assert "it requires half-bad, which failed" in done.stderr
    assert instance.get("configmap", "settings", "half-well") is not None
    assert instance.get("namespace", "half-user") is None
    done = instance.wild("deploy", "--all", "--dry-run")
    assert done.returncode == 3
    assert "half-well: nothing would change" in done.stdout
    assert "error: apps/half-torn: " in done.stderr
    assert instance.wild("delete", "half-torn", "--yes").returncode == 0
    assert not (instance.root / "apps/half-torn").exists()
