"""Two branches that carry different packages of one app: the newer one whole, or a conflict of the lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.git.driven import make_repository
from tests.git.test_resolve import resolve
from wildgit.adapters.checks.instance_checks import check_packages
from wildgit.adapters.git.package_sides import PackagePath, packages_unlike_locks

LOCK = "apps/web/.package.lock.yaml"


class Clouds:
    """An upstream with versions of a package, and an instance that takes them."""

    def __init__(self, folder: Path) -> None:
        self.upstream = make_repository(folder / "upstream")
        self.instance = make_repository(folder / "cloud")
        self.instance.git("remote", "add", "wild-directory", str(self.upstream.root))

    def publish(self, files: dict[str, str], message: str = "feat: version") -> str:
        for old in (self.upstream.root / "web").glob("*"):
            old.unlink()
        return self.upstream.commit({f"web/{path}": text for path, text in files.items()}, message)

    def take(self, commit: str, values: str = "a: 1") -> None:
        """Commit the package of `commit` and its lock in the instance."""
        self.instance.git("fetch", "--quiet", "wild-directory")
        self.instance.git("rm", "-r", "--quiet", "--ignore-unmatch", "apps/web/.package")
        tree = self.upstream.git("rev-parse", f"{commit}:web").strip()
        self.instance.git("read-tree", "--prefix=apps/web/.package/", tree)
        self.instance.git("checkout-index", "--all", "--force")
        self.instance.commit({LOCK: lock(commit, tree, values)}, f"upgrade(web): {commit[:8]}")

    def packaged(self, revision: str = "HEAD") -> str:
        return self.instance.git("rev-parse", f"{revision}:apps/web/.package").strip()


def lock(commit: str, tree: str, values: str) -> str:
    return (
        "upstream:\n  remote: wild-directory\n  branch: main\n"
        f"  commit: {commit}\n  path: web\n  tree: {tree}\nvalues:\n  {values}\n"
    )


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path)


def test_newer_package_is_taken_whole(clouds: Clouds) -> None:
    first = clouds.publish({"manifest.yaml": "version: 1\n", "run.sh": "one\n"})
    second = clouds.publish({"manifest.yaml": "version: 2\n", "run.sh": "two\n"})
    third = clouds.publish({"manifest.yaml": "version: 3\n", "run.sh": "three\n", "new.yaml": "a: 1\n"})
    clouds.take(first)
    clouds.instance.git("branch", "other")
    clouds.take(third)
    clouds.instance.git("checkout", "--quiet", "other")
    clouds.take(second)
    for ours, theirs in (("main", "other"), ("other", "main")):
        clouds.instance.git("checkout", "--quiet", "--detach", ours)
        clouds.instance.git("merge", "--no-edit", theirs)
        assert clouds.packaged() == clouds.packaged("main")
        assert f"commit: {third}" in clouds.instance.read(LOCK)


def test_values_of_both_branches_merge(clouds: Clouds) -> None:
    first = clouds.publish({"manifest.yaml": "version: 1\n"})
    second = clouds.publish({"manifest.yaml": "version: 2\n"})
    clouds.take(first, "a: 1\n  b: 1")
    clouds.instance.git("branch", "other")
    clouds.take(second, "a: 1\n  b: 2")
    clouds.instance.git("checkout", "--quiet", "other")
    clouds.take(first, "a: 2\n  b: 1")
    clouds.instance.git("merge", "--no-edit", "main")
    text = clouds.instance.read(LOCK)
    assert text.endswith("values:\n  a: 2\n  b: 2\n")
    assert f"commit: {second}" in text


def diverged(clouds: Clouds) -> tuple[str, str]:
    """Leave a merge in progress of two branches whose packages come from two branches of upstream."""
    first = clouds.publish({"manifest.yaml": "version: 1\n", "same.yaml": "a: 1\n"})
    second = clouds.publish({"manifest.yaml": "version: 2\n", "same.yaml": "a: 1\n", "mine.yaml": "a: 1\n"})
    clouds.upstream.git("checkout", "--quiet", "-b", "side", first)
    third = clouds.publish({"manifest.yaml": "version: 3\n", "same.yaml": "a: 2\n"}, "fix: on the side")
    clouds.take(first)
    clouds.instance.git("branch", "other")
    clouds.take(second, "a: 2")
    clouds.instance.git("checkout", "--quiet", "other")
    clouds.take(third, "a: 3")
    clouds.instance.git("checkout", "--quiet", "main")
    done = clouds.instance.try_git("merge", "other")
    assert done.returncode == 1
    assert "git wild resolve apps/web" in done.stdout + done.stderr
    assert LOCK in clouds.instance.unmerged()
    return second, third


@pytest.mark.parametrize(("answer", "branch"), [("o", "main"), ("t", "other")])
def test_unrelated_packages_are_settled_for_one_side_whole(clouds: Clouds, answer: str, branch: str) -> None:
    diverged(clouds)
    code, output = resolve(clouds.instance, f"{answer}\n", "apps/web")
    assert code == 0, output
    assert "fix: on the side" in output
    assert clouds.instance.unmerged() == []
    clouds.instance.git("commit", "--no-edit")
    assert clouds.packaged() == clouds.packaged(branch)
    assert clouds.instance.read(LOCK) == clouds.instance.git("show", f"{branch}:{LOCK}")
    assert clouds.instance.git("status", "--porcelain") == ""


def test_quitting_leaves_the_package_unmerged(clouds: Clouds) -> None:
    diverged(clouds)
    assert resolve(clouds.instance, "q\n")[0] == 1
    assert LOCK in clouds.instance.unmerged()


def test_version_that_upstream_had_twice_is_not_guessed(clouds: Clouds) -> None:
    """The file went back to an older text: which one a branch has, its blob does not say."""
    first = clouds.publish({"manifest.yaml": "version: 1\n"})
    second = clouds.publish({"manifest.yaml": "version: 2\n"})
    clouds.publish({"manifest.yaml": "version: 3\n"})
    again = clouds.publish({"manifest.yaml": "version: 2\n", "more.yaml": "a: 1\n"})
    clouds.publish({"manifest.yaml": "version: 4\n"})
    clouds.take(first)
    clouds.instance.git("branch", "other")
    clouds.take(again)
    clouds.instance.git("checkout", "--quiet", "other")
    third = clouds.upstream.git("rev-parse", f"{second}^0").strip()
    assert third == second
    clouds.take(clouds.upstream.git("rev-parse", "HEAD~2").strip())
    done = clouds.instance.try_git("merge", "main")
    assert done.returncode == 1
    assert clouds.instance.unmerged() == ["apps/web/.package/manifest.yaml"]
    assert resolve(clouds.instance, "")[0] == 0
    clouds.instance.git("commit", "--no-edit")
    assert clouds.packaged() == clouds.packaged("main")


def test_mixture_that_git_made_without_asking_is_found_and_put_right(clouds: Clouds) -> None:
    """Ours took a version in which a file changed, theirs a newer one in which it went back."""
    first = clouds.publish({"manifest.yaml": "version: 1\n", "run.sh": "one\n"})
    second = clouds.publish({"manifest.yaml": "version: 2\n", "run.sh": "two\n"})
    third = clouds.publish({"manifest.yaml": "version: 3\n", "run.sh": "one\n"})
    clouds.take(first)
    clouds.instance.git("branch", "other")
    clouds.take(second)
    clouds.instance.git("checkout", "--quiet", "other")
    clouds.take(third)
    clouds.instance.git("merge", "--no-edit", "main")
    assert clouds.instance.read("apps/web/.package/run.sh") == "two\n"
    assert packages_unlike_locks(clouds.instance.root) == [PackagePath("web", "")]
    (found,) = check_packages(clouds.instance.root)
    assert (found.rule, found.path, "git wild resolve" in found.message) == ("mixed-package", LOCK, True)
    code, output = resolve(clouds.instance, "", "apps/web")
    assert (code, "was a mixture" in output) == (0, True)
    clouds.instance.git("commit", "--quiet", "--message", "fix(web): the whole package")
    assert clouds.packaged() == clouds.packaged("other^{/upgrade}")
    assert packages_unlike_locks(clouds.instance.root) == []
    assert resolve(clouds.instance, "") == (0, "nothing to settle\n")
