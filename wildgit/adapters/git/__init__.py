"""git: its processes, objects, index, merges in progress, drivers and hooks."""
