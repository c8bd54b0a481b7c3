"""Our hooks beside husky, lefthook, pre-commit and hand-written ones: all run, and none of ours stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.git.checkout import SECRET, Checkout

RAN = "theirs-ran"
THEIR_WORK = f"touch {RAN}\ntest ! -e refuse\n"

Manager = Callable[[Checkout], None]


def by_hand(checkout: Checkout) -> None:
    # Looks around from $0 in the ways that hand-written hooks do.
    checkout.write("tools/check.sh", THEIR_WORK)
    checkout.write(".git/hooks/settings", "name=pre-commit\n")
    script = (
        "#!/bin/sh\n"
        '. "$(dirname "$0")/settings"\n'
        '[ "$(basename "$0")" = "$name" ] || exit 9\n'
        'exec sh -e "$(dirname "$0")/../../tools/check.sh"\n'
    )
    checkout.write(".git/hooks/pre-commit", script, mode=0o755)


def as_a_link(checkout: Checkout) -> None:
    checkout.write("tools/hook", f"#!/bin/sh\nset -e\n{THEIR_WORK}", mode=0o755)
    (checkout.path / ".git/hooks/pre-commit").symlink_to("../../tools/hook")


def in_a_tracked_folder(checkout: Checkout) -> None:
    checkout.write(".githooks/pre-commit", f"#!/bin/sh\nset -e\n{THEIR_WORK}", mode=0o755)
    checkout.git("add", ".githooks")
    checkout.unguarded("commit", "-q", "-m", "config(all): Share hooks")
    checkout.git("config", "core.hooksPath", ".githooks")


def shared_by_all_repositories(checkout: Checkout) -> None:
    folder = checkout.path.parent / "all hooks"
    folder.mkdir()
    (folder / "pre-commit").write_text(f"#!/bin/sh\nset -e\n{THEIR_WORK}")
    (folder / "pre-commit").chmod(0o755)
    checkout.git("config", "--global", "core.hooksPath", str(folder))


def husky(checkout: Checkout) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("HUSKY NOT TESTED: no npm here")
    checkout.write("package.json", '{"name": "cloud", "private": true}\n')
    done = checkout.run(npm, "install", "--no-audit", "--no-fund", "--silent", "husky@9")
    if done.returncode != 0:
        pytest.skip(f"HUSKY NOT TESTED: npm can't install it: {done.stderr}")
    checkout.write(".git/info/exclude", "node_modules\npackage*.json\n")
    checkout.git("config", "core.autocrlf", "false")
    assert checkout.run("node_modules/.bin/husky").returncode == 0
    checkout.write(".husky/pre-commit", THEIR_WORK)


def lefthook(checkout: Checkout) -> None:
    run = f"sh -ec '{THEIR_WORK.strip().replace(chr(10), '; ')}'"
    checkout.write("lefthook.yml", f"pre-commit:\n  commands:\n    theirs:\n      run: {run}\n")
    done = checkout.run("lefthook", "install")
    assert done.returncode == 0, done.stderr


def pre_commit(checkout: Checkout) -> None:
    entry = f"sh -ec '{THEIR_WORK.strip().replace(chr(10), '; ')}'"
    hook = f'{{id: theirs, name: theirs, language: system, pass_filenames: false, entry: "{entry}"}}'
    checkout.write(".pre-commit-config.yaml", f"repos:\n- repo: local\n  hooks:\n  - {hook}\n")
    checkout.git("add", ".pre-commit-config.yaml")
    done = checkout.run("pre-commit", "install")
    assert done.returncode == 0, done.stderr


MANAGERS: list[Manager] = [
    by_hand,
    as_a_link,
    in_a_tracked_folder,
    shared_by_all_repositories,
    husky,
    lefthook,
    pre_commit,
]


def snapshot(checkout: Checkout) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of every file that installing hooks could touch."""
    files = {}
    for folder in (".git/hooks", ".husky", ".githooks", ".git/hooks-before-wild"):
        for path in (checkout.path / folder).rglob("*"):
            content = str(path.readlink()).encode() if path.is_symlink() else b""
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
            files[str(path)] = (path.lstat().st_mode, content)
    files["config"] = (0, (checkout.path / ".git/config").read_bytes())
    return files


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.__name__)
def test_both_run_and_uninstalling_restores_every_byte(bare_instance: Checkout, manager: Manager) -> None:
    checkout = bare_instance
    manager(checkout)
    before = snapshot(checkout)
    checkout.wild("hooks", "install")
    checkout.wild("hooks", "install")
    checkout.wild("hooks", "status")

    checkout.write("config.yaml", "apps: {}\n")
    checkout.git("add", "config.yaml")
    checkout.git("commit", "-m", "config(all): Empty it")
    assert (checkout.path / RAN).exists()

    checkout.write("config.yaml", f"password: {SECRET}\n")
    checkout.git("add", "config.yaml")
    assert "secret-value" in checkout.run("git", "commit", "-m", "config(all): Leak").stderr

    checkout.write("config.yaml", "apps: {a: b}\n")
    checkout.git("add", "config.yaml")
    checkout.write("refuse", "")
    assert checkout.run("git", "commit", "-m", "config(all): Refuse it").returncode != 0
    (checkout.path / "refuse").unlink()

    checkout.wild("hooks", "uninstall")
    assert snapshot(checkout) == before
    (checkout.path / RAN).unlink()
    checkout.git("commit", "-m", "config(all): Without git wild")
    assert (checkout.path / RAN).exists()


def test_pre_commit_may_be_installed_after_us(bare_instance: Checkout) -> None:
    checkout = bare_instance
    checkout.wild("hooks", "install")
    pre_commit(checkout)
    checkout.wild("hooks", "install")
    assert "pre-commit of pre-commit" in checkout.wild("hooks", "status")
    checkout.write("config.yaml", f"password: {SECRET}\n")
    checkout.git("add", "config.yaml")
    done = checkout.run("git", "commit", "-m", "config(all): Leak")
    assert "secret-value" in done.stdout + done.stderr
    checkout.wild("hooks", "uninstall")
    hooks = sorted(path.name for path in (checkout.path / ".git/hooks").iterdir() if path.suffix != ".sample")
    assert hooks == ["pre-commit"]


def test_hooks_that_read_stdin_are_all_given_it(bare_instance: Checkout) -> None:
    checkout = bare_instance
    log = checkout.path.parent / "transactions"
    script = f'#!/bin/sh\n[ "$1" = prepared ] && cat >> {log}\nexit 0\n'
    checkout.write(".git/hooks/reference-transaction", script, mode=0o755)
    checkout.wild("hooks", "install")
    head = checkout.git("rev-parse", "HEAD")
    checkout.git("branch", "other")
    assert log.read_text() == f"{'0' * 40} {head} refs/heads/other\n"


def test_status_tells_what_is_missing_with_its_exit_code(bare_instance: Checkout) -> None:
    assert "missing" in bare_instance.wild("hooks", "status", code=1)
    bare_instance.wild("hooks", "install")
    bare_instance.wild("hooks", "status")
    bare_instance.git("config", "core.hooksPath", ".husky/_")  # husky, run again after us
    assert "missing" in bare_instance.wild("hooks", "status", code=1)


def test_a_hook_that_calls_itself_is_stopped(bare_instance: Checkout) -> None:
    checkout = bare_instance
    checkout.write(".git/hooks/pre-commit", "#!/bin/sh\nexec .git/hooks/pre-commit\n", mode=0o755)
    checkout.wild("hooks", "install")
    done = checkout.run("git", "commit", "--allow-empty", "-m", "config(all): Loop")
    assert done.returncode != 0
    assert "calls itself" in done.stderr


def test_hooks_in_the_configuration_need_a_git_that_has_them(bare_instance: Checkout) -> None:
    version = tuple(int(part) for part in bare_instance.git("version").split()[2].split(".")[:2])
    if version < (2, 54):
        assert "need git 2.54" in bare_instance.wild("hooks", "install", "--config", code=2)
        return
    before = snapshot(bare_instance)
    bare_instance.wild("hooks", "install", "--config")
    bare_instance.write("config.yaml", f"password: {SECRET}\n")
    bare_instance.git("add", "config.yaml")
    assert "secret-value" in bare_instance.run("git", "commit", "-m", "config(all): Leak").stderr
    bare_instance.wild("hooks", "uninstall")
    assert snapshot(bare_instance) == before


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_hook_script_is_plain_posix_shell(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"NOT TESTED WITH {shell}: it is not here")
    script = Path(__file__).parents[2] / "hooks" / "hook.sh"
    command = [program, *(["sh"] if shell == "busybox" else []), "-n", str(script)]
    assert Checkout(Path()).run(*command).returncode == 0
