"""What `git wild check` looks at in an instance or an upstream, and how it is told."""
