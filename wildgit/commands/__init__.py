"""One module a command: open adapters, read, decide in core, print (dry run) or execute, return a code.

The tables here are all that start-up knows; they import nothing.
"""

from __future__ import annotations

# name → (module, heading in `git wild -h`, one line). A test holds the line against the command's own help.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "sample": ("wildgit.commands.sample", "Start", "Make a sample Wild Directory to try everything with"),
    "check": ("wildgit.commands.check", "Guard", "Check what a reviewer would: secrets, manifests, messages"),
    "hooks": ("wildgit.commands.hooks", "Guard", "Install hooks that keep secrets out, beside those there"),
    "completion": ("wildgit.commands.completion", "Start", "Complete `git wild` in bash or zsh"),
    "deploy": ("wildgit.commands.deploy", "Cluster", "Make the cluster match what git says"),
    "delete": ("wildgit.commands.delete", "Cluster", "Delete an app from the cluster and from the instance"),
    "log": ("wildgit.commands.log", "Cluster", "Show operations and commits on one time line"),
    "resolve": ("wildgit.commands.resolve", "Update", "Settle the conflicts of a merge, one by one"),
    "doctor": ("wildgit.commands.doctor", "Guard", "Prove that merge driver, hooks and cluster work"),
    "merge-driver": ("wildgit.commands.merge_driver", "Plumbing", "Merge one file for git, which calls this"),
    "merge-file": ("wildgit.commands.merge_file", "Plumbing", "Merge three files by their YAML's structure"),
}

# Commands that git and hooks run all the time: name → module whose `main(argv) -> int` parses its own
# arguments, so that click is not loaded. Those that stand in COMMANDS too show their `USAGE` as help.
PLUMBING: dict[str, str] = {
    "hooks run": "wildgit.commands.hooks_run",
    "merge-driver": "wildgit.commands.merge_driver",
    "merge-file": "wildgit.commands.merge_file",
}
