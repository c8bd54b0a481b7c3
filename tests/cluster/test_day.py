"""A day in the life: two admins, each with a clone and a terminal; develop and main, each with a cluster.

Upstream brings an update that conflicts with an edit of theirs. It is merged on a branch, reviewed, deployed
to staging by the merge, promoted to production, drifts there, and is rolled back.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import node
from wildgit.adapters.upstream.sample import publish_sample

PROMPT = "§ "
TIMEOUT_S = 60
SETTINGS = """\
[wild]
\tpostMerge = deploy
[wild-environment "production"]
\tbranch = main
\tkubeconfig = clusters/production.kubeconfig
[wild-environment "staging"]
\tbranch = develop
\tkubeconfig = clusters/staging.kubeconfig
"""


class Admin:
    """Somebody at a shell, in a clone of the instance."""

    def __init__(self, name: str, home: Path) -> None:
        self.name, self.home = name, home
        home.mkdir()
        self._shell = pexpect.spawn(
            "bash",
            ["--norc", "--noediting"],
            cwd=str(home),
            encoding="utf-8",
            env={**os.environ, "PS1": PROMPT, "PS2": "", "NO_COLOR": "1", "PAGER": "cat"},
            timeout=TIMEOUT_S,
            dimensions=(50, 160),
            echo=False,
        )
        self._shell.delaybeforesend = None
        self._shell.expect_exact(PROMPT)
        for key in ("AUTHOR", "COMMITTER"):
            self.do(f"export GIT_{key}_NAME={name} GIT_{key}_EMAIL={name.lower()}@example.org")

    def do(self, command: str, *answers: tuple[str, str], code: int = 0) -> str:
        """Type a command, answer what it asks, insist on its exit code, and return what was printed.

        Args:
            command: for bash.
            answers: what it is to ask, and what to type then.
            code: its exit code.
        """
        self._shell.sendline(f'{command}; echo "[$?]"')
        said = ""
        for question, answer in answers:
            self._shell.expect_exact(question)
            said += str(self._shell.before) + question
            self._shell.sendline(answer)
        self._shell.expect(r"\[(\d+)\]\r\n" + PROMPT)
        said = (said + str(self._shell.before)).replace("\r\n", "\n")
        assert self._shell.match[1] == str(code), f"{self.name}: {command} → {self._shell.match[1]}\n{said}"
        return said

    def git(self, arguments: str, *answers: tuple[str, str], code: int = 0) -> str:
        """Type a git command, in the clone."""
        return self.do(f"git {arguments}", *answers, code=code)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change the one place of a file where `old` stands."""
        file = self.home / "cloud" / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path}: {text.count(old)} × {old!r}"
        file.write_text(text.replace(old, new))

    def close(self) -> None:
        """Close the terminal."""
        self._shell.close(force=True)


class Cluster:
    """A cluster as its administrator sees it, beside git."""

    def __init__(self, plane: ControlPlane, work: Admin, name: str) -> None:
        self.plane, self._work = plane, work
        self.kubeconfig = work.home / f"{name}.kubeconfig"
        self.kubeconfig.write_bytes(plane.kubeconfig().read_bytes())

    def kubectl(self, arguments: str) -> str:
        """Type a kubectl command at the terminal."""
        return self._work.do(f"kubectl --kubeconfig={shlex.quote(str(self.kubeconfig))} {arguments}").strip()

    def image(self, app: str) -> str:
        """Return the image that an app's deployment has."""
        return self.kubectl(f"get deploy -n {app} {app} -o jsonpath='{{..image}}{{\"\\n\"}}'").split("\n")[0]


@pytest.fixture
def second_plane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        yield running


@pytest.fixture
def admins(tmp_path: Path) -> Iterator[tuple[Admin, Admin]]:
    both = Admin("Ada", tmp_path / "ada"), Admin("Bob", tmp_path / "bob")
    yield both
    for admin in both:
        admin.close()


def test_day_in_the_life(
    tmp_path: Path,
    admins: tuple[Admin, Admin],
    control_plane: ControlPlane,
    second_plane: ControlPlane,
) -> None:
    ada, bob = admins
    upstream, origin = tmp_path / "wild-directory.git", tmp_path / "origin.git"
    publish_sample(upstream, releases=1)
    production, staging = Cluster(control_plane, ada, "production"), Cluster(second_plane, ada, "staging")
    with node(control_plane), node(second_plane):
        begin(ada, upstream, origin, production, staging)
        join(bob, upstream, origin, ada, production, staging)
        customise(bob, staging)
        publish_sample(upstream, releases=3)
        update(ada)
        review(bob, staging)
        promote(ada, production)
        drift(ada, production)
        roll_back(bob, production)


def begin(ada: Admin, upstream: Path, origin: Path, production: Cluster, staging: Cluster) -> None:
    """Ada makes the instance, deploys it to both clusters, and encrypts its secrets for both of them."""
    ada.do(f"git init -q --bare -b main {origin}")
    ada.do(f"git wild init cloud --upstream {upstream} && cd cloud")
    ada.git("wild config set cloud.domain example.org")
    ada.git("wild config set operator.email ada@example.org")
    (ada.home / "cloud/.wildconfig").write_text(SETTINGS)
    ada.do("echo 'clusters/' >> .gitignore")
    connect(ada, production, staging)
    ada.git("wild add redis && git wild add postgres")
    ada.git("add -A && git commit -qm 'feat(all): Begin with a cache and a database'")
    ada.git(f"remote add origin {origin} && git push -qu origin main && git push -q origin main:develop")
    ada.git("wild deploy --all --wait")
    assert "redis:7.2.4" in production.image("redis")
    ada.git("switch -q -c develop -t origin/develop")
    ada.git("wild deploy --changed --wait")
    assert "nothing to deploy" in ada.git("wild deploy --changed").lower()


def connect(admin: Admin, production: Cluster, staging: Cluster) -> None:
    folder = admin.home / "cloud/clusters"
    folder.mkdir()
    for name, cluster in (("production", production), ("staging", staging)):
        (folder / f"{name}.kubeconfig").write_bytes(cluster.kubeconfig.read_bytes())


def join(bob: Admin, upstream: Path, origin: Path, ada: Admin, production: Cluster, staging: Cluster) -> None:
    """Bob clones, and gets the secrets from Ada."""
    bob.git(f"clone -q {origin} cloud && cd cloud")
    bob.git(f"wild init --upstream {upstream}")
    bob.do(f"install -m 600 {ada.home}/cloud/secrets.yaml .")
    connect(bob, production, staging)
    bob.git("wild doctor", code=0)


def customise(bob: Admin, staging: Cluster) -> None:
    """Bob changes what upstream is about to remove; the merge into develop deploys it to staging."""
    bob.git("switch -q develop && git switch -q -c bob/timezone")
    bob.edit("apps/redis/deployment.yaml", 'value: "UTC"', 'value: "Europe/Berlin"')
    bob.git("commit -qam 'config(redis): Tell the time in Berlin'")
    bob.git("switch -q develop")
    said = bob.git("merge -q --no-ff --no-edit bob/timezone", ("[y/N]", "y"))
    assert "Deploy redis to staging?" in said
    assert "postgres" not in said
    assert "Europe/Berlin" in staging.kubectl("get deploy -n redis redis -o yaml")
    bob.git("push -q")


def update(ada: Admin) -> None:
    """Ada merges upstream's two releases on a branch; one place conflicts, and she keeps Bob's edit."""
    ada.git("pull -q")
    said = ada.git("wild update --branch", code=1)
    branch = ada.git("branch --show-current").strip()
    assert re.fullmatch(r"wild-directory-update-\d{4}-\d\d-\d\d", branch)
    assert "apps/redis/deployment.yaml" in said
    assert "UU apps/redis/deployment.yaml" in ada.git("status --porcelain")
    ada.git("wild resolve", ("[", "o"))
    ada.git("wild merge --continue")
    assert "Europe/Berlin" in ada.git("show HEAD:apps/redis/deployment.yaml")
    ada.git("push -q -u origin HEAD")


def review(bob: Admin, staging: Cluster) -> None:
    """Bob checks what Ada proposes, and merges it: staging follows."""
    bob.git("fetch -q")
    branch = bob.git("branch -r --list 'origin/wild-directory-update-*' --format '%(refname:short)'").strip()
    said = bob.git(f"wild check --range develop..{branch}", code=1)
    assert set(re.findall(r"^\S+:\d+: ([a-z-]+): ", said, re.MULTILINE)) == {"breaking-change"}
    assert "redis has no field timezone any more" in said
    bob.git(f"wild check --merges develop..{branch}")
    said = bob.git(f"merge -q --no-ff --no-edit {branch}", ("[y/N]", "y"))
    assert "redis" in said
    assert "postgres" in said
    assert "redis:7.2.6" in staging.image("redis")
    assert "Europe/Berlin" in staging.kubectl("get deploy -n redis redis -o yaml")
    bob.git("wild drift --all")
    bob.git("push -q")


def promote(ada: Admin, production: Cluster) -> None:
    """What staging has and production has not goes to main, and is deployed by the merge."""
    ada.git("switch -q develop && git pull -q")
    ada.git("switch -q main && git pull -q")
    said = ada.git("wild promote develop main")
    assert "redis" in said
    assert "postgres" in said
    ada.git("merge -q --no-ff --no-edit develop", ("[y/N]", "y"))
    assert "redis:7.2.6" in production.image("redis")
    ada.git("push -q")
    ada.git("wild promote develop main")


def drift(ada: Admin, production: Cluster) -> None:
    """Somebody turns a knob in production behind git's back; drift names it, and a deploy turns it back."""
    production.kubectl("set image -n redis deploy/redis redis=redis:8")
    said = ada.git("wild drift redis", code=1)
    assert "containers[redis].image is redis:8, git says redis:7.2.6-alpine" in said
    assert "kubectl-set" in said
    ada.git("wild deploy redis")
    assert "redis:7.2.6" in production.image("redis")
    ada.git("wild drift --all")


def roll_back(bob: Admin, production: Cluster) -> None:
    """The new redis does no good; it goes back to what ran before, as a commit that Ada will see."""
    bob.git("switch -q main")
    bob.git("pull -q", code=0)
    bob.git("wild rollback redis --yes")
    assert "redis:7.2.4" in production.image("redis")
    assert "pgvector:0.8.0" in production.image("postgres")
    assert bob.git("log -1 --format=%s").startswith("rollback(redis): ")
    bob.git("wild drift --all")
    bob.git("push -q")
