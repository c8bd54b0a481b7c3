"""What we ship: the sdist has everything, the wheel made from it works alone, and man finds its page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def tracked() -> list[str]:
    """Tracked files and new ones: what a checkout of the next commit holds."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [name.decode() for name in listing.split(b"\0") if name and (ROOT / name.decode()).is_file()]


def build(kind: str, source: Path, target: Path) -> Path:
    script = f"import sys, setuptools.build_meta as b; b.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", script, target], cwd=source, capture_output=True, check=True)
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # From a copy: setuptools would put leftovers of build/ into the wheel.
    checkout = tmp_path_factory.mktemp("checkout")
    for name in tracked():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)
    archive = build("sdist", checkout, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (top,) = unpacked.iterdir()
    return top


@pytest.fixture(scope="module")
def venv(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with our wheel installed; the libraries are those of the environment that runs us."""
    wheel = build("wheel", sdist, tmp_path_factory.mktemp("wheel"))
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin/python", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", wheel], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv


def run(venv: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MANPATH")}
    environment = {
        **inherited,
        "PATH": f"{venv}/bin:/usr/local/bin:/usr/bin:/bin",
        "MAN_DISABLE_SECCOMP": "1",
    }
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)


def test_sdist_holds_every_file_of_the_repository(sdist: Path) -> None:
    left_out = {name for name in tracked() if not (sdist / name).is_file()}
    assert left_out <= {".gitignore"}


@pytest.mark.parametrize("folder", ["hooks", "templates"])
def test_wheel_holds_every_file_of_the_folder(venv: Path, folder: str) -> None:
    asked = f"import wildgit.{folder} as p; print(p.__path__[0])"
    installed = Path(run(venv, f"{venv}/bin/python", "-P", "-c", asked).stdout.strip())
    assert venv in installed.parents
    missing = [
        name
        for name in tracked()
        if name.startswith(f"{folder}/") and not (installed.parent / name).is_file()
    ]
    assert missing == []


def test_installed_command_runs_as_a_command_of_git(venv: Path, tmp_path: Path) -> None:
    done = run(venv, "git", "wild", "sample", str(tmp_path / "upstream"))
    assert done.returncode == 0, done.stderr
    assert "release 3" in done.stdout


@pytest.mark.skipif(shutil.which("man") is None, reason="NOT TESTED: no man here")
def test_git_wild_help_opens_our_man_page(venv: Path) -> None:
    done = run(venv, "git", "wild", "--help")
    assert "git-wild - keep a Kubernetes cluster in git" in " ".join(done.stdout.split()), done.stderr
