"""The edges: git, the files of an instance, kustomize, the cluster, the terminal."""
