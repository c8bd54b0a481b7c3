"""`drift --accept` against the real API server: the manifest says what the cluster has, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.cluster.harness import Instance
from tests.cluster.test_drift import edit

WEB = """\
# The web server, looked after by Ada.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3   # one for each node

  selector: {matchLabels: {component: web}}
  template:
    metadata: {labels: {component: web}}
    spec:
      containers:
        # first the proxy
        - name: proxy
          image: 'proxy:1'
        - name: web
          image: web:1   # pinned
          args: [--fast, "no"]
          env:
            # how fast
            - {name: MODE, value: fast}
            - name: LEVEL
              value: "info"   # or debug
"""
SETTINGS = """\
# What the web server reads.
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  colour: red
  # in centimetres
  size: large
"""
SERVICE = """\
---
# Where it listens.
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {component: web}
  ports:
    - port: 80   # plain
      name: http
      targetPort: 8080
    - {port: 443, targetPort: 8443, name: tls}
"""


def make(
    instance: Instance, app: str, files: dict[str, str], kustomization: str = "", **details: str
) -> None:
    """Write and deploy an app of several files."""
    instance.app(app, "", **details)
    (instance.root / f"apps/{app}/all.yaml").unlink()
    for name, text in files.items():
        instance.write(f"apps/{app}/{name}", text)
    resources = "".join(f"  - {name}\n" for name in files if name != "patch.yaml")
    instance.write(
        f"apps/{app}/kustomization.yaml",
        f"# what {app} is made of\nnamespace: {app}\n{kustomization}resources:\n{resources}",
    )
    instance.commit()
    instance.deploy(app)


def patch(instance: Instance, app: str, what: str, value: object) -> None:
    """Change an object as a person with kubectl does."""
    instance.kubectl("patch", what, "-n", app, "-p", json.dumps(value))


def accept(instance: Instance, app: str, *fields: str, code: int = 0) -> str:
    """Accept drift and return what was said."""
    arguments = [part for field in fields for part in ("--accept", field)] or ["--accept"]
    done = instance.wild("drift", app, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def assert_settled(instance: Instance, app: str) -> None:
    """Commit; then nothing counts as drift, a deploy changes no value, and no difference is left."""
    instance.commit()
    done = instance.wild("drift", "--json", app)
    assert done.returncode == 0, done.stdout + done.stderr
    planned = json.loads(instance.wild("deploy", "--dry-run", "--json", app).stdout)
    assert [each for each in planned["actions"] if each["changes"]] == []
    instance.deploy(app)
    [found] = json.loads(instance.wild("drift", "--json", app).stdout)
    assert found["differences"] == []


def containers(*changes: dict[str, object]) -> dict[str, object]:
    return {"spec": {"template": {"spec": {"containers": list(changes)}}}}


def test_accepted_fields_are_the_only_bytes_that_change(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(instance, "accepted", {"web.yaml": WEB, "rest.yaml": SETTINGS + SERVICE})
    web = {
        "name": "web",
        "image": "registry.example.com/web:2",
        "args": ["--slow", "no"],
        "env": [{"name": "LEVEL", "value": "debug"}, {"name": "MODE", "$patch": "delete"}],
    }
    patch(instance, "accepted", "deployment/web", containers(web))
    instance.kubectl("scale", "deployment/web", "--replicas=5", "-n", "accepted")
    edit(
        instance, monkeypatch, "configmap/settings", "accepted", "'/size:/d;s/colour: red/colour: dark blue/'"
    )
    ports = [{"port": 80, "targetPort": 9090}]
    patch(instance, "accepted", "service/web", {"spec": {"ports": ports}})
    accept(instance, "accepted")
    expected = (
        WEB.replace("replicas: 3 ", "replicas: 5 ")
        .replace("image: web:1 ", "image: registry.example.com/web:2 ")
        .replace("--fast", "--slow")
        .replace('"info"', '"debug"')
        .replace("            # how fast\n            - {name: MODE, value: fast}\n", "")
    )
    assert (instance.root / "apps/accepted/web.yaml").read_text() == expected
    settings = SETTINGS.replace("colour: red", "colour: dark blue").replace(
        "  # in centimetres\n  size: large\n", ""
    )
    assert (instance.root / "apps/accepted/rest.yaml").read_text() == settings + SERVICE.replace(
        "8080", "9090"
    )
    assert instance.git("status", "--porcelain").split() == [
        "M",
        "apps/accepted/rest.yaml",
        "M",
        "apps/accepted/web.yaml",
    ]
    assert_settled(instance, "accepted")


def test_one_field_is_accepted_and_the_rest_is_still_drift(instance: Instance) -> None:
    make(instance, "one", {"settings.yaml": SETTINGS})
    patch(instance, "one", "configmap/settings", {"data": {"colour": "blue", "size": "small"}})
    said = accept(instance, "one", "configmap/settings:data.size")
    assert said == 'accepted one: configmap/settings data.size: apps/one/settings.yaml says "small" now\n'
    assert (instance.root / "apps/one/settings.yaml").read_text() == SETTINGS.replace("large", "small")
    instance.commit()
    assert "data.colour" in instance.wild("drift", "one").stdout
    assert accept(instance, "one", "data.nothing", code=1) == "Nothing of that name differs.\n"


TRANSFORMERS = """\
namePrefix: my-
images:
  - name: web   # ours
    newTag: "1"
replicas:
  - {name: web, count: 3}
patches:
  - path: patch.yaml
labels:
  - pairs: {team: blue}
configMapGenerator:
  - name: made
    literals: [a=b]
    options: {disableNameSuffixHash: true}
  - name: hashed
    literals: [c=d]
"""
PATCH = """\
# Only on this cluster.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  minReadySeconds: 5   # settle
"""


def test_accepted_field_that_leaves_git_later_leaves_the_cluster(instance: Instance) -> None:
    make(instance, "later", {"settings.yaml": SETTINGS})
    patch(instance, "later", "configmap/settings", {"data": {"colour": "blue"}})
    accept(instance, "later")
    instance.commit()
    instance.deploy("later")  # kubectl owns the field beside us, and its value is ours
    instance.edit("apps/later/settings.yaml", "  colour: blue\n", "")
    instance.commit()
    assert "pending     configmap/settings data.colour is blue" in instance.wild("drift", "later").stdout
    assert "- data.colour: blue" in instance.wild("deploy", "--dry-run", "later").stdout
    instance.deploy("later")
    settings = instance.get("configmap", "settings", "later")
    assert settings and settings["data"] == {"size": "large"}


def test_values_of_transformers_are_changed_there_or_refused(instance: Instance) -> None:
    files = {"web.yaml": WEB, "patch.yaml": PATCH}
    make(instance, "built", files, TRANSFORMERS)
    before = (instance.root / "apps/built/kustomization.yaml").read_text()
    change = containers({"name": "web", "image": "mirror.example.com/web:7"})
    change["spec"] |= {"replicas": 4, "minReadySeconds": 9}  # type: ignore[operator]
    patch(instance, "built", "deployment/my-web", change)
    patch(instance, "built", "configmap/my-made", {"data": {"a": "z"}})
    accept(instance, "built")
    after = (instance.root / "apps/built/kustomization.yaml").read_text()
    assert after == before.replace(
        '    newTag: "1"\n', '    newTag: "7"\n    newName: mirror.example.com/web\n'
    ).replace("count: 3", "count: 4").replace("a=b", "a=z")
    assert (instance.root / "apps/built/patch.yaml").read_text() == PATCH.replace("5 ", "9 ")
    assert (instance.root / "apps/built/web.yaml").read_text() == WEB
    assert_settled(instance, "built")

    instance.kubectl("label", "--overwrite", "deployment/my-web", "team=red", "-n", "built")
    [hashed] = [o for o in instance.list("configmaps", "built") if "hashed" in o["metadata"]["name"]]
    patch(instance, "built", f"configmap/{hashed['metadata']['name']}", {"data": {"c": "e"}})
    said = accept(instance, "built", code=1)
    assert (
        "refused built: deployment/my-web metadata.labels.team: an edit of apps/built/web.yaml won't do "
        "(another one sets it afterwards); look at apps/built/kustomization.yaml (patches, labels, "
    ) in said
    assert "it would make other objects: configmap/my-hashed-" in said
    assert instance.git("status", "--porcelain") == ""


TWO_PLACES = """\
apiVersion: v1
kind: Namespace
metadata: {name: second-place}
---
apiVersion: v1
kind: Namespace
metadata: {name: places}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same, namespace: second-place}
data: {colour: red}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same, namespace: places}
data: {colour: red}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: places}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: default, namespace: places}]
"""


def test_app_of_two_namespaces_is_deployed_and_its_drift_accepted_where_it_is(instance: Instance) -> None:
    instance.app("places", TWO_PLACES)
    add = json.dumps([{"op": "add", "path": "/metadata/annotations", "value": {"team": "blue"}}])
    annotated = f"patches: [{{target: {{kind: RoleBinding}}, patch: '{add}'}}]\n"
    instance.write("apps/places/kustomization.yaml", f"{annotated}resources: [all.yaml, binding.yaml]\n")
    instance.write("apps/places/binding.yaml", BINDING)
    instance.commit()
    assert "5 created" in instance.deploy("places")
    assert "5 unchanged" in instance.deploy("places")
    [told] = json.loads(instance.wild("status", "--json", "places").stdout)
    assert told["state"] == "deployed"
    instance.kubectl("patch", "configmap/same", "-n", "places", "-p", '{"data": {"colour": "blue"}}')
    mallory = {"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}
    added = [{"op": "add", "path": "/subjects/-", "value": mallory}]
    instance.kubectl("patch", "rolebinding/readers", "-n", "places", "--type=json", "-p", json.dumps(added))
    said = accept(instance, "places")
    assert "rolebinding/readers subjects[mallory]" in said, "an apply takes it away: git states all subjects"
    wanted = TWO_PLACES.replace("places}\ndata: {colour: red}", "places}\ndata: {colour: blue}")
    assert (instance.root / "apps/places/all.yaml").read_text() == wanted
    assert "mallory" in (instance.root / "apps/places/binding.yaml").read_text()
    assert_settled(instance, "places")


def test_deleted_and_added_objects_go_and_come_as_files(instance: Instance) -> None:
    files = {
        "web.yaml": WEB,
        "settings.yaml": SETTINGS,
        "rest.yaml": SETTINGS.replace("settings", "other") + SERVICE,
    }
    make(instance, "objects-2", files)
    for what in ("configmap/settings", "service/web"):
        instance.kubectl("delete", what, "-n", "objects-2")
    instance.kubectl("create", "configmap", "stray", "--from-literal=a=b", "-n", "objects-2")
    instance.kubectl("create", "deployment", "side", "--image=side:1", "-n", "objects-2")
    instance.kubectl("expose", "deployment", "side", "--port=80", "-n", "objects-2")
    instance.kubectl("create", "job", "once", "--image=once:1", "-n", "objects-2")
    instance.kubectl("create", "secret", "generic", "hidden", "--from-literal=a=b", "-n", "objects-2")
    said = accept(instance, "objects-2", code=1)
    assert "refused objects-2: secret/hidden: Secrets are not written into git" in said
    folder = instance.root / "apps/objects-2"
    assert not (folder / "settings.yaml").exists()
    assert (folder / "rest.yaml").read_text() == SETTINGS.replace("settings", "other")
    assert (folder / "kustomization.yaml").read_text() == (
        "# what objects-2 is made of\nnamespace: objects-2\nresources:\n  - web.yaml\n  - rest.yaml\n"
        "  - configmap-stray.yaml\n  - service-side.yaml\n  - deployment-side.yaml\n  - job-once.yaml\n"
    )
    assert (folder / "configmap-stray.yaml").read_text() == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: stray\ndata:\n  a: b\n"
    )
    service = (folder / "service-side.yaml").read_text()
    assert "clusterIP" not in service
    assert "uid" not in (folder / "deployment-side.yaml").read_text()
    instance.kubectl("delete", "secret", "hidden", "-n", "objects-2")
    assert_settled(instance, "objects-2")
    instance.kubectl("delete", "job", "once", "-n", "objects-2")
    instance.deploy("objects-2")  # a job of this manifest can be made anew


def test_accepted_secret_lands_in_secrets_yaml_and_is_never_printed(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"manifest": "defaultSecrets: [{key: password}]\n", "secrets": "{password: first-password-1}"}
    make(instance, "keeper", {"settings.yaml": SETTINGS}, **secrets)
    script = "'s/password: .*/password: Y2hhbmdlZC1ieS1oYW5k/'"
    edit(instance, monkeypatch, "secret/keeper-secrets", "keeper", script)
    done = instance.wild("drift", "keeper", "--accept")
    assert done.returncode == 0, done.stderr
    assert "changed-by-hand" not in done.stdout + done.stderr
    assert "secrets.yaml has the cluster's value now: apps.keeper.password" in done.stdout
    assert "changed-by-hand" in (instance.root / "secrets.yaml").read_text()
    assert_settled(instance, "keeper")
    instance.edit("secrets.yaml", "changed-by-hand", "changed-once-more")
    said = instance.wild("drift", "keeper").stdout
    assert "data.password differs (secrets.yaml changed since the deploy)" in said, "kubectl's value was ours"
    instance.edit("secrets.yaml", "changed-once-more", "changed-by-hand")
    patch(instance, "keeper", "configmap/settings", {"data": {"colour": "is changed-by-hand"}})
    assert "no text for git: the value of apps.keeper.password" in accept(instance, "keeper", code=1)
    assert instance.git("status", "--porcelain") == ""


def test_rule_hides_a_field_until_its_day(instance: Instance) -> None:
    make(instance, "ruled", {"settings.yaml": SETTINGS})
    patch(instance, "ruled", "configmap/settings", {"data": {"colour": "blue"}})
    reason = ("--reason", "the shop is blue this week")
    late = instance.wild("drift", "ruled", "--ignore", "data.colour", *reason, "--until", "2020-01-01")
    assert (late.returncode, "the rule would never count" in late.stderr) == (2, True)
    done = instance.wild("drift", "ruled", "--ignore", "data.colour", *reason, "--until", "2999-12-31")
    assert done.returncode == 0, done.stderr
    assert (instance.root / ".wildconfig").read_text() == (
        '[wild-ignore "ruled * data.colour"]\n\treason = the shop is blue this week\n\tuntil = 2999-12-31\n'
    )
    done = instance.wild("drift", "ruled")
    assert (done.returncode, done.stdout) == (0, "ruled: no drift, 1 ignored\n")
    assert "ignored until 2999-12-31: the shop is blue" in instance.wild("drift", "-v", "ruled").stdout
    rule = "wild-ignore.ruled * data.colour.until"
    instance.git("config", "--file", ".wildconfig", rule, "2020-01-01")
    done = instance.wild("drift", "ruled")
    assert done.returncode == 1
    assert "ended on 2020-01-01 and no longer counts" in done.stderr


def test_vanished_namespace_is_not_accepted_as_an_empty_app(instance: Instance) -> None:
    make(instance, "vanished", {"settings.yaml": SETTINGS})
    instance.kubectl("delete", "namespace", "vanished")
    done = instance.wild("drift", "vanished")
    assert done.returncode == 1
    assert "missing     configmap/settings" in done.stdout
    assert "the namespace is gone" in accept(instance, "vanished", code=1)
    assert (instance.root / "apps/vanished/settings.yaml").exists()
