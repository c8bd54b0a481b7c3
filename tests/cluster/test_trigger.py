"""The deploy after a merge: real git runs real hooks, and the real API server says what was deployed."""

from __future__ import annotations

import fcntl
import os
import pty
import socket
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import Instance, forget_deploys

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '0'}\n"
MESSAGE = "config(all): Change it"
_number = count(1)


class Cloud(Instance):
    """An instance with our hooks, whose branch main is deployed to production."""

    origin: Path

    def __init__(self, root: Path, plane: ControlPlane) -> None:
        super().__init__(root, plane)
        for app in ("aa", "bb"):
            self.app(app, CONFIG_MAP)
        self.origin = root.parent / "origin.git"
        self.git("clone", "-q", "--bare", ".", str(self.origin))
        for key, value in (
            ("wild-environment.production.branch", "main"),
            ("wild.postMerge", "deploy"),
            ("wild.yes", "true"),
            ("remote.origin.url", str(self.origin)),
            ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
            ("branch.main.remote", "origin"),
            ("branch.main.merge", "refs/heads/main"),
        ):
            self.git("config", key, value)
        assert self.wild("hooks", "install").returncode == 0
        self.deploy("--changed")

    def quietly(self, *arguments: str) -> str:
        """Run git without any hook: what led to a situation is not what is tested."""
        return self.git("-c", "core.hooksPath=/dev/null", *arguments)

    def change(self, app: str) -> None:
        """Give an app a value that it never had."""
        self.write(f"apps/{app}/all.yaml", CONFIG_MAP.replace("'0'", f"'{next(_number)}'"))

    def commit_quietly(self, app: str) -> None:
        """Commit a change of an app without any hook."""
        self.change(app)
        self.quietly("commit", "-qam", MESSAGE)

    def branch(self, name: str, *apps: str) -> None:
        """Make a branch with a commit for each app; main stays checked out."""
        self.quietly("checkout", "-qB", name)
        for app in apps:
            self.commit_quietly(app)
        self.quietly("checkout", "-q", "main")

    def go_on(self) -> None:
        """Add a commit that touches no app, so that nothing is a fast-forward."""
        self.quietly("commit", "-q", "--allow-empty", "-m", MESSAGE)

    def conflict(self, app: str, *command: str) -> None:
        """Let a command stop at a conflict between the branch topic and main, and resolve it."""
        self.branch("topic", app)
        self.commit_quietly(app)
        assert self.run(*command).returncode == 1
        self.change(app)
        self.git("add", "apps")

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run git with its hooks and return what it did."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**os.environ, "GIT_EDITOR": "true", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def push(self, *apps: str) -> None:
        """Let somebody else push a commit for each app."""
        self.quietly("push", "-qf", "origin", "HEAD:main")
        self.branch("theirs", *apps)
        self.quietly("push", "-q", "origin", "theirs:main")

    def deploys(self) -> list[str]:
        """Return the app of each deploy there was, sorted."""
        return sorted(app for app in ("aa", "bb", "cc") for _ in self.operations(app))

    def forget_operations(self) -> None:
        """Begin to count anew."""
        for record in (self.root / "operations").glob("op_*"):
            record.unlink()

    def value(self, app: str) -> str:
        """Return what the cluster has of an app."""
        found = self.get("configmap", "settings", app)
        assert found is not None
        return str(found["data"]["a"])


@pytest.fixture(scope="module")
def made() -> list[Cloud]:
    """The one instance of these tests, once the first of them made it."""
    return []


@pytest.fixture
def cloud(made: list[Cloud], tmp_path: Path, control_plane: ControlPlane) -> Iterator[Cloud]:
    """An instance of which everything is deployed; no setting that a test makes is left behind."""
    if not made:
        forget_deploys(control_plane)
        made.append(Cloud(tmp_path / "cloud", control_plane))
    instance = made[0]
    instance.deploy("--changed")
    instance.forget_operations()
    config = instance.root / ".git/config"
    before = config.read_bytes()
    yield instance
    config.write_bytes(before)
    instance.quietly("reset", "-q", "--hard")
    instance.quietly("checkout", "-q", "-f", "main")


def fast_forward(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    assert cloud.run("merge", "topic").returncode == 0


def clean_merge(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    cloud.go_on()
    assert cloud.run("merge", "--no-edit", "topic").returncode == 0


def conflict_finished_by_commit(cloud: Cloud) -> None:
    cloud.conflict("aa", "merge", "topic")
    assert cloud.run("commit", "--no-edit").returncode == 0


def conflict_finished_by_merge_continue(cloud: Cloud) -> None:
    cloud.conflict("aa", "merge", "topic")
    assert cloud.run("merge", "--continue").returncode == 0


def squash(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    before = cloud.deploys()
    assert cloud.run("merge", "--squash", "topic").returncode == 0
    assert cloud.deploys() == before, "nothing is merged before it is committed"
    assert cloud.run("commit", "-m", MESSAGE).returncode == 0


def rebase(cloud: Cloud) -> None:
    cloud.branch("topic", "bb")
    cloud.commit_quietly("aa")
    cloud.go_on()
    assert cloud.run("rebase", "topic").returncode == 0


def rebase_by_patches(cloud: Cloud) -> None:
    cloud.branch("topic", "bb")
    cloud.commit_quietly("aa")
    assert cloud.run("rebase", "--apply", "topic").returncode == 0


def pull_fast_forward(cloud: Cloud) -> None:
    cloud.push("aa")
    assert cloud.run("pull", "-q").returncode == 0


def pull_rebase(cloud: Cloud) -> None:
    cloud.push("bb")
    cloud.commit_quietly("aa")
    assert cloud.run("pull", "-q", "--rebase").returncode == 0


def pull_rebase_fast_forward(cloud: Cloud) -> None:
    cloud.push("aa")
    assert cloud.run("pull", "-q", "--rebase").returncode == 0


def cherry_pick_of_two(cloud: Cloud) -> None:
    cloud.branch("topic", "aa", "bb")
    assert cloud.run("cherry-pick", "topic~1", "topic").returncode == 0


def cherry_pick_with_conflict(cloud: Cloud) -> None:
    cloud.conflict("aa", "cherry-pick", "topic")
    assert cloud.run("commit", "--no-edit").returncode == 0


def revert(cloud: Cloud) -> None:
    cloud.commit_quietly("aa")
    cloud.deploy("--changed")
    cloud.forget_operations()
    assert cloud.run("revert", "--no-edit", "HEAD").returncode == 0


def revert_with_conflict(cloud: Cloud) -> None:
    cloud.commit_quietly("aa")
    cloud.commit_quietly("aa")
    assert cloud.run("revert", "--no-edit", "HEAD~1").returncode == 1
    cloud.change("aa")
    cloud.git("add", "apps")
    assert cloud.run("commit", "--no-edit").returncode == 0


def amend_of_what_was_deployed(cloud: Cloud) -> None:
    cloud.change("aa")
    assert cloud.run("commit", "-a", "--amend", "--no-edit").returncode == 0


def amend_of_a_merge(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    cloud.quietly("merge", "-q", "--no-ff", "--no-edit", "topic")
    amend_of_what_was_deployed(cloud)


def ordinary_commit(cloud: Cloud) -> None:
    cloud.change("aa")
    assert cloud.run("commit", "-am", MESSAGE).returncode == 0


def amend_of_an_ordinary_commit(cloud: Cloud) -> None:
    ordinary_commit(cloud)
    amend_of_what_was_deployed(cloud)


def reset(cloud: Cloud) -> None:
    cloud.commit_quietly("aa")
    assert cloud.run("reset", "-q", "--hard", "HEAD~1").returncode == 0


def merge_after_a_reset(cloud: Cloud) -> None:
    cloud.commit_quietly("aa")
    cloud.deploy("aa")
    cloud.forget_operations()
    cloud.quietly("reset", "-q", "--hard", "HEAD~1")
    cloud.branch("topic", "bb")
    assert cloud.run("merge", "topic").returncode == 0


def merge_on_a_branch_without_environment(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    cloud.git("checkout", "-qB", "feature")
    assert "git wild" not in cloud.run("merge", "topic").stderr
    cloud.git("checkout", "-q", "main")


def merge_of_no_app(cloud: Cloud) -> None:
    cloud.branch("topic")
    cloud.quietly("checkout", "-q", "topic")
    cloud.go_on()
    cloud.quietly("checkout", "-q", "main")
    assert "nothing to deploy" in cloud.run("merge", "topic").stderr


def pick_in_the_middle(cloud: Cloud) -> None:
    cloud.branch("topic", "bb", "aa")
    cloud.commit_quietly("aa")
    cloud.forget_operations()
    assert cloud.run("cherry-pick", "topic~1", "topic").returncode == 1
    assert cloud.deploys() == [], "one more is to come"
    cloud.git("cherry-pick", "--abort")


WAYS: list[tuple[Callable[[Cloud], None], list[str]]] = [
    (fast_forward, ["aa"]),
    (clean_merge, ["aa"]),
    (conflict_finished_by_commit, ["aa"]),
    (conflict_finished_by_merge_continue, ["aa"]),
    (squash, ["aa"]),
    (rebase, ["aa", "bb"]),
    (rebase_by_patches, ["aa", "bb"]),
    (pull_fast_forward, ["aa"]),
    (pull_rebase, ["aa", "bb"]),
    (pull_rebase_fast_forward, ["aa"]),
    (cherry_pick_of_two, ["aa", "bb"]),
    (cherry_pick_with_conflict, ["aa"]),
    (revert, ["aa"]),
    (revert_with_conflict, ["aa"]),
    (amend_of_what_was_deployed, ["aa"]),
    (amend_of_a_merge, ["aa"]),
    (ordinary_commit, []),
    (amend_of_an_ordinary_commit, []),
    (reset, []),
    (merge_after_a_reset, ["aa", "bb"]),
    (merge_on_a_branch_without_environment, []),
    (merge_of_no_app, []),
    (pick_in_the_middle, []),
]


@pytest.mark.parametrize(("way", "expected"), WAYS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_a_branch_takes_in_is_deployed_once(
    cloud: Cloud, way: Callable[[Cloud], None], expected: list[str]
) -> None:
    way(cloud)
    assert cloud.deploys() == expected
    for app in expected:
        assert f"'{cloud.value(app)}'" in (cloud.root / f"apps/{app}/all.yaml").read_text()


def test_deploy_says_what_it_does_and_looks_for_drift(cloud: Cloud) -> None:
    since = cloud.git("rev-parse", "--short=7", "HEAD").strip()
    cloud.branch("topic", "aa")
    said = cloud.run("merge", "topic").stderr
    lines = [
        f"git wild: main is deployed to production; asking {cloud.plane.server} what it has",
        f"aa: manifests changed since {since}",
        "aa: configmap/settings updated",
        "aa: no drift",
    ]
    assert [line for line in said.splitlines() if line in lines] == lines, said


def test_plan_is_the_default_and_consent_is_never_tracked(cloud: Cloud) -> None:
    cloud.git("config", "--unset", "wild.postMerge")
    cloud.branch("topic", "aa")
    said = cloud.run("merge", "topic").stderr
    assert "aa: manifests changed since" in said
    assert "hint: git wild deploy --changed --dry-run shows every field" in said
    cloud.branch("topic", "aa")
    cloud.git("config", "wild-environment.production.kubeconfig", "that-of-an-admin")
    assert "git wild" not in cloud.run("merge", "topic").stderr, "nothing for those without a cluster"
    cloud.git("config", "--unset", "wild-environment.production.kubeconfig")
    cloud.git("config", "wild.postMerge", "deploy")
    cloud.git("config", "--unset", "wild.yes")
    cloud.branch("topic", "aa")
    assert "not deployed: nobody is there to be asked" in cloud.run("merge", "topic").stderr
    cloud.quietly("checkout", "-q", "topic")
    cloud.write(".wildconfig", "[wild]\n    yes = true\n")
    cloud.quietly("add", ".wildconfig")
    cloud.quietly("commit", "-qm", MESSAGE)
    cloud.quietly("checkout", "-q", "main")
    done = cloud.run("merge", "topic")
    assert done.returncode == 0
    assert "'wild.yes' can't be set in a tracked file" in done.stderr
    assert cloud.deploys() == []
    cloud.quietly("rm", "-q", ".wildconfig")
    cloud.quietly("commit", "-qm", MESSAGE)


def at_the_terminal(cloud: Cloud, answer: bytes, *arguments: str) -> str:
    """Run git as somebody at a terminal does who answers the question, and return what was shown."""
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        ["git", *arguments],
        cwd=cloud.root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509 - no thread here
    )
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the last of them closed the terminal
            break
        if shown.endswith(b"[y/N] "):
            os.write(ours, answer)
    process.wait(timeout=30)
    os.close(ours)
    return shown.decode()


def test_question_is_asked_on_the_terminal(cloud: Cloud) -> None:
    cloud.git("config", "--unset", "wild.yes")
    for answer, words, expected in (
        (b"n\n", "git wild: not deployed", []),
        (b"\x03", "^C", []),
        (b"y\n", "aa: no drift", ["aa"]),
    ):
        cloud.branch("topic", "aa")
        shown = at_the_terminal(cloud, answer, "merge", "topic")
        assert "Deploy aa to production? [y/N]" in shown
        assert words in shown
        assert cloud.git("rev-parse", "main") == cloud.git("rev-parse", "topic")
        assert cloud.deploys() == expected


def test_cluster_that_does_not_answer_delays_a_merge_by_seconds(cloud: Cloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        cloud.use(cloud.plane.kubeconfig(server=address))
        cloud.branch("topic", "aa")
        began = time.monotonic()
        done = cloud.run("merge", "topic")
        took_s = time.monotonic() - began
    cloud.use(cloud.plane.kubeconfig())
    assert done.returncode == 0
    assert took_s < 20, done.stderr
    assert "git wild: not deployed:" in done.stderr
    assert "to go on: git wild deploy --changed" in done.stderr
    assert cloud.git("rev-parse", "main") == cloud.git("rev-parse", "topic")


def test_app_that_fails_leaves_the_merge_and_the_way_on(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    cloud.quietly("checkout", "-q", "topic")
    cloud.write("apps/bb/all.yaml", CONFIG_MAP.replace("a: '0'", "a: [0]"))
    cloud.quietly("commit", "-qam", MESSAGE)
    cloud.quietly("checkout", "-q", "main")
    done = cloud.run("merge", "topic")
    assert done.returncode == 0
    assert "bb: failed: bb can't be deployed" in done.stderr
    assert "not deployed: 1 of 2 apps failed: bb" in done.stderr
    assert done.stderr.endswith("hint: what git did stands; to go on: git wild deploy --changed\n")
    assert cloud.operations("aa")[-1]["outcome"] == "succeeded"
    cloud.commit_quietly("bb")


def test_what_needs_a_thought_is_not_deployed_by_itself(cloud: Cloud) -> None:
    cloud.branch("topic", "aa")
    cloud.change("bb")
    cloud.write("apps/aa/note.txt", "not committed\n")
    assert "apps/aa/note.txt has changes that are not committed" in cloud.run("merge", "topic").stderr
    (cloud.root / "apps/aa/note.txt").unlink()
    cloud.quietly("reset", "-q", "--hard")
    cloud.branch("foreign", "aa")
    cloud.quietly("checkout", "-q", "foreign")
    cloud.git("config", "wild-environment.production.branch", "foreign")
    cloud.deploy("aa")
    cloud.git("config", "wild-environment.production.branch", "main")
    cloud.quietly("checkout", "-q", "main")
    cloud.forget_operations()
    cloud.branch("topic", "bb")
    said = cloud.run("merge", "topic").stderr
    assert "somebody deployed aa from a commit that main has not" in said
    lock = cloud.root / ".git/wild/trigger-production.lock"
    with lock.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        cloud.branch("topic", "bb")
        assert "trigger-production.lock is locked" in cloud.run("merge", "topic").stderr
    assert cloud.deploys() == []


def test_linked_work_trees_go_by_their_own_branch(cloud: Cloud) -> None:
    cloud.git("worktree", "add", "-q", "-B", "develop", str(cloud.root.parent / "develop"), "main")
    linked = Cloud.__new__(Cloud)
    linked.root, linked.plane = cloud.root.parent / "develop", cloud.plane
    for setting, value in (("branch", "develop"), ("kubeconfig", "staging.kubeconfig")):
        cloud.git("config", f"wild-environment.staging.{setting}", value)
    limited = cloud.plane.kubeconfig("limited").read_text()
    linked.write("staging.kubeconfig", limited)
    cloud.branch("topic", "aa")
    done = linked.run("merge", "topic")
    assert done.returncode == 0
    assert "develop is deployed to staging" in done.stderr
    assert 'User "limited" cannot' in done.stderr
    linked.quietly("checkout", "-q", "--detach")
    assert "git wild" not in linked.run("merge", "--no-ff", "-m", MESSAGE, "topic").stderr
    assert cloud.deploys() == []
    assert "aa: no drift" in cloud.run("merge", "topic").stderr
    assert cloud.deploys() == ["aa"]
    cloud.git("worktree", "remove", "--force", str(linked.root))


def test_update_of_one_app_is_a_merge_of_upstream(cloud: Cloud, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream"
    package = {
        "manifest.yaml": "name: cc\nis: cc\nversion: 1.0.0\ndescription: d\n",
        "kustomization.yaml": "namespace: cc\nresources: [all.yaml]\n",
        "all.yaml": CONFIG_MAP,
    }
    for name, text in package.items():
        for app in ("cc", "other"):
            (upstream / "apps" / app).mkdir(parents=True, exist_ok=True)
            (upstream / "apps" / app / name).write_text(text.replace("cc", app))
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "feat: begin"]):
        subprocess.run(["git", *arguments], cwd=upstream, check=True)
    assert cloud.wild("init", ".", "--upstream", str(upstream)).returncode == 0
    assert cloud.wild("add", "cc").returncode == 0
    cloud.quietly("add", "-A")
    cloud.quietly("commit", "-qm", MESSAGE)
    cloud.deploy("--changed")
    cloud.forget_operations()
    (upstream / "apps/cc/all.yaml").write_text(CONFIG_MAP.replace("'0'", "'1'"))
    subprocess.run(["git", "commit", "-qam", "fix: one"], cwd=upstream, check=True)
    done = cloud.wild("update", "cc")
    assert done.returncode == 0, done.stderr
    assert cloud.deploys() == ["cc"]
    (upstream / "apps/cc/all.yaml").write_text(CONFIG_MAP.replace("'0'", "'2'"))
    subprocess.run(["git", "commit", "-qam", "fix: two"], cwd=upstream, check=True)
    cloud.edit("apps/cc/all.yaml", "'1'", "'3'")
    cloud.quietly("commit", "-qam", MESSAGE)
    assert cloud.wild("update", "cc").returncode == 1
    cloud.write("apps/cc/all.yaml", CONFIG_MAP.replace("'0'", "'4'"))
    cloud.git("add", "apps")
    assert cloud.deploys() == ["cc"]
    done = cloud.wild("merge", "--continue")
    assert done.returncode == 0, done.stderr
    assert cloud.deploys() == ["cc", "cc"]
