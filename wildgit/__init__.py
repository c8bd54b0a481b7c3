"""git wild: a cluster's configuration in git, half of it from an upstream, and no edit lost."""

__version__ = "0.1.0"
