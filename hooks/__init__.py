"""Shell shims that git runs; each hands over to `git wild hooks run`."""
