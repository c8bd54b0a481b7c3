"""The Kubernetes API and kustomize: deploy, delete, status, operation records."""
