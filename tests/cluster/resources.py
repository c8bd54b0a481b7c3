"""Resources for the apps of the tests, as text: a document each, to be put one behind the other."""

from __future__ import annotations

CONFIG_MAP = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
"""
# A delete of it does not end before somebody takes the finalizer away.
HELD = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: held, finalizers: [example.com/hold]}
"""


def cluster_role(name: str) -> str:
    """Return a resource that no namespace holds."""
    return f"""\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {name}}}
rules: [{{apiGroups: [""], resources: [pods], verbs: [get]}}]
"""


def deployment(name: str, container: str = '{name: web, image: "web:1"}') -> str:
    """Return a Deployment of one container."""
    return f"""\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{component: {name}}}}}
  template:
    metadata: {{labels: {{component: {name}}}}}
    spec: {{containers: [{container}]}}
"""


def reader(name: str, secret: str, key: str) -> str:
    """Return a Deployment whose container reads one key of a Secret."""
    variable = f"{{name: SECRET, valueFrom: {{secretKeyRef: {{name: {secret}, key: {key}}}}}}}"
    return deployment(name, f'{{name: main, image: "main:1", env: [{variable}]}}')
