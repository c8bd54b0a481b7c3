"""After a branch took something in: its cluster is asked, and what changed there is deployed, or told.

A hook runs this, behind a merge that stands whatever happens here. So nothing is ever raised for git to see:
what went wrong is said, with what to type. Each place of a branch is looked at once, however many hooks git
runs for it.
"""

from __future__ import annotations

from pathlib import Path

from wildgit.adapters import terminal
from wildgit.adapters.cluster.changed_apps import read_changes
from wildgit.adapters.cluster.deploy_news import News, say_changes
from wildgit.adapters.cluster.deploy_run import DeployRun, RunOptions
from wildgit.adapters.cluster.deployed_commits import deployed_ref
from wildgit.adapters.cluster.drift.news import report_drift
from wildgit.adapters.cluster.kubeconfig import NoCluster
from wildgit.adapters.cluster.target import connect
from wildgit.adapters.files import locked, write_atomically
from wildgit.adapters.git.branch_moves import BranchMove
from wildgit.adapters.git.process import run_git
from wildgit.adapters.git.work_tree import uncommitted_paths
from wildgit.adapters.instance import APPS, CONFIG, Instance
from wildgit.adapters.settings import Settings, read_settings
from wildgit.core.cluster.changes import Changes
from wildgit.core.cluster.environment import Environment, environments_of
from wildgit.errors import WildgitError

_WAIT_S = 60.0  # for an app that another one of the same deploy requires
_BY_HAND = "git wild deploy --changed"


def run_trigger(root: Path, move: BranchMove) -> None:
    """Deploy what the branch's environment has not, or say so, as `wild.postMerge` wants it.

    Args:
        root: the top of the work tree.
        move: what happened to its branch.
    """
    try:
        settings = read_settings(root)
        environments = environments_of(settings.values, move.branch)
        if not environments or settings.choice("wild.postMerge") == "off":
            return
        if len(environments) > 1:
            names = ", ".join(environment.name for environment in environments)
            _say(f"{move.branch} is deployed to {names}; say where", hint=f"{_BY_HAND} --env NAME")
            return
        _Trigger(Instance.find(root), settings, environments[0], move).run()
    except WildgitError as error:
        _say(f"not deployed: {error.message}", hint=error.hint)
        terminal.remark(f"hint: what git did stands; to go on: {_BY_HAND}")
    except KeyboardInterrupt:
        _say("interrupted", hint=f"what git did stands; to go on: {_BY_HAND}")
        raise


class _Trigger:
    """One place of one branch, and the environment that it is deployed to."""

    def __init__(
        self, instance: Instance, settings: Settings, environment: Environment, move: BranchMove
    ) -> None:
        self.instance, self.settings, self.environment, self.move = instance, settings, environment, move
        self._folder = move.common_dir / "wild"
        self._mode = settings.choice("wild.postMerge")
        self._seen = self._folder / "triggered" / environment.name

    def run(self) -> None:
        if self.move.amended and not self._was_deployed(self.move.amended):
            return  # an ordinary commit is no merge, and does not become one
        with locked(self._folder / f"trigger-{self.environment.name}.lock", timeout_s=0):
            if self._last_seen() == self.move.head:
                return
            # Before the work: whatever becomes of it, this place of the branch is not for the next hook.
            write_atomically(self._seen, self.move.head.encode(), durable=False)
            try:
                changes = self._look()
            except NoCluster:
                if self._mode == "plan":
                    return  # who has no way to the cluster need not hear of it at each merge
                raise
            if changes.changed and self._is_wanted(changes):
                self._deploy(changes.apps)

    def _was_deployed(self, commit: str) -> bool:
        refs = deployed_ref(self.environment.name)
        points = run_git(["for-each-ref", "--points-at", commit, refs], cwd=self.instance.root)
        return self._last_seen() == commit or bool(points)

    def _last_seen(self) -> str:
        return self._seen.read_text() if self._seen.exists() else ""

    def _look(self) -> Changes:
        cluster = connect(self.instance, self.settings, self.environment, is_brief=True)
        server = cluster.server.connection.server
        _say(f"{self.move.branch} is deployed to {self.environment.name}; asking {server} what it has")
        changes = read_changes(self.instance, cluster, self.environment)
        say_changes(changes, self.environment, News(as_json=False))
        return changes

    def _is_wanted(self, changes: Changes) -> bool:
        if self._mode == "plan":
            terminal.remark(f"hint: {_BY_HAND} --dry-run shows every field; {_BY_HAND} deploys")
            return False
        held = self._reason_to_hold(changes)
        if held:
            _say(f"not deployed: {held}", hint=_BY_HAND)
            return False
        if self.settings.is_on("wild.yes"):
            return True
        answer = terminal.confirm_on_tty(f"Deploy {', '.join(changes.apps)} to {self.environment.name}?")
        if answer is None:
            _say("not deployed: nobody is there to be asked", hint=f"{_BY_HAND}, or git config wild.yes true")
        elif not answer:
            _say("not deployed", hint=_BY_HAND)
        return bool(answer)

    def _reason_to_hold(self, changes: Changes) -> str:
        """Return why nobody should deploy this without a thought; "" where nothing speaks against it."""
        foreign = [change.app for change in changes.changed if change.is_foreign]
        if foreign:
            return (
                f"somebody deployed {', '.join(foreign)} from a commit that {self.move.branch} has not; "
                "git pull, or deploy over it"
            )
        folders = [f"{APPS}/{app}" for app in changes.apps]
        dirty = uncommitted_paths(self.instance.root, CONFIG, *folders)
        return f"{dirty[0]} has changes that are not committed" if dirty else ""

    def _deploy(self, apps: list[str]) -> None:
        cluster = connect(self.instance, self.settings, self.environment)
        # What a merge brought is deployed as it was reviewed, and a hook changes no files: frozen.
        options = RunOptions(frozen=True, timeout_s=_WAIT_S)
        DeployRun(self.instance, self.settings, (cluster, self.environment), options).deploy(apps)
        report_drift(self.instance, apps, self.environment.name)


def _say(text: str, *, hint: str | None = None) -> None:
    terminal.remark(f"git wild: {text}")
    if hint:
        terminal.remark(f"hint: {hint}")
