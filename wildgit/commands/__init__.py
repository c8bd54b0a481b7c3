"""One module a command: open adapters, read, decide in core, print (dry run) or execute, return a code.

The tables here are all that start-up knows; they import nothing.
"""

from __future__ import annotations

# name → (module, heading in `git wild -h`, one line). A test holds the line against the command's own help.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": (
        "wildgit.commands.init",
        "Start",
        "Turn a directory into an instance that tracks a Wild Directory",
    ),
    "remote": ("wildgit.commands.remote", "Start", "Show or set the upstream: its URL, branch and folder"),
    "apps": (
        "wildgit.commands.apps",
        "Start",
        "List the packages that upstream has, and which of them are installed",
    ),
    "sample": ("wildgit.commands.sample", "Start", "Make a sample Wild Directory to try everything with"),
    "completion": ("wildgit.commands.completion", "Start", "Complete `git wild` in bash or zsh"),
    "add": ("wildgit.commands.add", "Work", "Add a package of upstream as an app"),
    "config": (
        "wildgit.commands.config",
        "Work",
        "Get, set or unset a value of config.yaml, from its root: apps.ghost.port",
    ),
    "secret": (
        "wildgit.commands.secret",
        "Work",
        "List, set and rotate secrets; their values are never printed",
    ),
    "status": (
        "wildgit.commands.status",
        "Work",
        "Show where each app stands: version, upstream, local edits, git, cluster",
    ),
    "diff": (
        "wildgit.commands.diff",
        "Work",
        "Show what we changed in apps, or what upstream did, as git shows a diff",
    ),
    "compile": (
        "wildgit.commands.compile",
        "Work",
        "Render apps again after a change of config.yaml, keeping what was edited by hand",
    ),
    "fetch": ("wildgit.commands.fetch", "Update", "Fetch upstream, and say what is new for each app"),
    "update": (
        "wildgit.commands.update",
        "Update",
        "Fetch upstream and merge it into config.yaml and the manifests",
    ),
    "merge": (
        "wildgit.commands.merge",
        "Update",
        "Merge upstream, as fetched, into config.yaml and the manifests",
    ),
    "resolve": ("wildgit.commands.resolve", "Update", "Settle the conflicts of a merge, one by one"),
    "deploy": ("wildgit.commands.deploy", "Cluster", "Make the cluster match what git says"),
    "drift": (
        "wildgit.commands.drift",
        "Cluster",
        "Show what was changed in the cluster behind git's back: which field, by whom, and when",
    ),
    "delete": ("wildgit.commands.delete", "Cluster", "Delete an app from the cluster and from the instance"),
    "rollback": (
        "wildgit.commands.rollback",
        "Cluster",
        "Bring back what was deployed before, as a new commit, and deploy it",
    ),
    "backup": ("wildgit.commands.backup", "Cluster", "Tag what is committed as a backup"),
    "restore": (
        "wildgit.commands.restore",
        "Cluster",
        "Make a fresh clone the instance that it was, and deploy it",
    ),
    "promote": (
        "wildgit.commands.promote",
        "Cluster",
        "Show what one environment runs and another does not, and merge it",
    ),
    "log": ("wildgit.commands.log", "Cluster", "Show operations and commits on one time line"),
    "check": ("wildgit.commands.check", "Guard", "Check what a reviewer would: secrets, manifests, messages"),
    "hooks": ("wildgit.commands.hooks", "Guard", "Install hooks that keep secrets out, beside those there"),
    "ci": (
        "wildgit.commands.ci",
        "Guard",
        "Write the pipelines of a forge, or a CronJob that watches for drift",
    ),
    "doctor": ("wildgit.commands.doctor", "Guard", "Prove that merge driver, hooks and cluster work"),
    "merge-file": ("wildgit.commands.merge_file", "Plumbing", "Merge three files by their YAML's structure"),
    "merge-driver": ("wildgit.commands.merge_driver", "Plumbing", "Merge one file for git, which calls this"),
}

# Commands that git and hooks run all the time: name → module whose `main(argv) -> int` parses its own
# arguments, so that click is not loaded. They stand in COMMANDS too, for their help, which is its `USAGE`.
PLUMBING: dict[str, str] = {
    "hooks run": "wildgit.commands.hooks_run",
    "merge-driver": "wildgit.commands.merge_driver",
    "merge-file": "wildgit.commands.merge_file",
}
