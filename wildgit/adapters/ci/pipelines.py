"""Pipelines for the common forges, rendered from templates/ci and written into an instance.

A file that was edited since we wrote it, or that we never wrote, is not replaced unless it is asked for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wildgit import __version__
from wildgit.adapters.files import write_atomically
from wildgit.adapters.git.overwriting import refuse_links
from wildgit.adapters.git.process import try_git
from wildgit.adapters.instance import Instance
from wildgit.adapters.settings import REMOTE, Settings
from wildgit.core.cluster.environment import read_environments
from wildgit.core.pipelines import DeployTarget, deploy_targets, is_as_written, plain, stamped
from wildgit.errors import InputError

DEFAULT_IMAGE = "python:3.13-bookworm"  # has git and curl as well
# Pinned: a tag can be moved to another commit by whoever takes over the repository it is in.
_CHECKOUT = {
    "github": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "forgejo": "actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4.3.1",
}
_RUNNER = {
    "github": "runs-on: ubuntu-24.04",
    "forgejo": "runs-on: docker\n    container:\n      image: node:22-bookworm",
}
_CLONE = (
    "clone:\n  git:\n    image: woodpeckerci/plugin-git\n    settings:\n      depth: 0\n      partial: false"
)
_GITLAB_MAIN = ".gitlab-ci.yml"


@dataclass(frozen=True)
class CiOptions:
    """What is asked for.

    Attributes:
        forge: github, gitlab, forgejo or woodpecker.
        install: what pip installs; None for this version, "" where the image has git wild.
        image: where jobs run that say which image.
    """

    forge: str
    install: str | None = None
    image: str = DEFAULT_IMAGE


@dataclass(frozen=True)
class CiFile:
    """A file to write: `state` is `new`, `same`, `outdated` (ours, unedited) or `edited`."""

    path: str
    text: str
    state: str


def render_pipelines(instance: Instance, settings: Settings, options: CiOptions) -> list[CiFile]:
    """Return the files of a forge's pipelines, and how each stands to what is there.

    Raises:
        InputError: a setting can't stand in a pipeline.
    """
    environments = read_environments(settings.values).values()
    targets = deploy_targets(environments, scoped=options.forge in ("github", "gitlab"))
    facts = _facts(instance, settings, options, targets)
    texts = {
        path: stamped(render_template(template, facts))
        for path, template in _templates(options.forge, has_targets=bool(targets))
    }
    files = [compare(instance, path, text) for path, text in texts.items()]
    # The pipeline's main file is the user's; ours is one of those that it includes.
    return [file for file in files if file.path != _GITLAB_MAIN or file.state != "edited"]


def has_no_targets(settings: Settings) -> bool:
    """Return whether no environment has a branch, so that nothing is deployed by a pipeline."""
    return not any(each.branch for each in read_environments(settings.values).values())


def is_not_included(instance: Instance) -> bool:
    """Return whether there is a .gitlab-ci.yml that does not include ours."""
    main = instance.root / _GITLAB_MAIN
    return main.is_file() and ".gitlab/git-wild.yml" not in main.read_text("utf-8", "replace")


def is_local_upstream(instance: Instance) -> bool:
    """Return whether the upstream is a path, which a clone on a forge has not."""
    return url_for_others(instance, REMOTE).startswith(("/", ".", "~", "file:"))


def compare(instance: Instance, path: str, text: str) -> CiFile:
    """Return a file and how it stands to what is there."""
    place = instance.root / path
    if not place.exists() and not place.is_symlink():
        return CiFile(path, text, "new")
    there = place.read_text("utf-8", "replace") if place.is_file() and not place.is_symlink() else ""
    if there == text:
        return CiFile(path, text, "same")
    return CiFile(path, text, "outdated" if is_as_written(there) else "edited")


def write_files(instance: Instance, files: Iterable[CiFile], *, force: bool) -> list[str]:
    """Write what is new or outdated, and with `force` what was edited; returns the paths.

    Raises:
        InputError: a file was edited, and it is not forced, or a folder is a link; nothing is written then.
    """
    listed = list(files)
    edited = [file.path for file in listed if file.state == "edited"]
    if edited and not force:
        raise InputError(
            f"not written by us, or changed since: {', '.join(edited)}",
            hint="look at them; --force replaces them, and git diff shows what that changes",
        )
    written = [file for file in listed if file.state != "same"]
    for file in written:
        refuse_links(instance.root, file.path)
    for file in written:
        write_atomically(instance.root / file.path, file.text.encode(), mode=0o644)
    return [file.path for file in written]


def render_template(name: str, facts: Mapping[str, Any]) -> str:
    """Return one of templates/ci, rendered."""
    from importlib.resources import files

    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(str(files("wildgit.templates"))) / "ci"
    # Not jinja2's usual brackets: forges have `${{ }}`. Not HTML: nothing is escaped.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(facts)


def url_for_others(instance: Instance, remote: str) -> str:
    """Return a remote's URL without the credentials that may stand in it; "" for none.

    Raises:
        InputError: it can't stand in a pipeline.
    """
    done = try_git(["remote", "get-url", remote], cwd=instance.root)
    url = done.stdout.decode().strip() if done.returncode == 0 else ""
    # All of them over http, where a token may be the name; over ssh the name is part of the address.
    url = re.sub(r"^(https?://)[^/]*@", r"\1", url)
    url = re.sub(r"^(ssh://[^/:@]*):[^/]*@", r"\1@", url)
    return plain("URL", url) if url else ""


def pip_requirement(install: str | None) -> str:
    """Return what pip installs, quoted for a shell; "" for nothing."""
    spec = f"git-wild=={__version__}" if install is None else install
    return shlex.quote(plain("requirement", spec)) if spec else ""


def _facts(
    instance: Instance, settings: Settings, options: CiOptions, targets: list[DeployTarget]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "forge": options.forge,
        "install": pip_requirement(options.install),
        "image": plain("image", options.image),
        "upstream": _upstream(instance, settings),
        "environments": [asdict(target) for target in targets],
        "branches": list(dict.fromkeys(target.branch for target in targets)),
        "checkout": _CHECKOUT.get(options.forge, ""),
        "runner": _RUNNER.get(options.forge, ""),
        "clone": _CLONE,
    }
    facts["install_step"] = render_template("github/install.j2", facts).strip()
    facts["install_commands"] = render_template("woodpecker/install.j2", facts).strip()
    return facts


def _upstream(instance: Instance, settings: Settings) -> str:
    """What `git wild remote` is given in a clone, which has no remote of that name."""
    url = url_for_others(instance, REMOTE)
    if not url:
        return ""
    words = [shlex.quote(url)]
    for key, option, what in (
        ("wild.branch", "--branch", "branch"),
        ("wild.packagesPath", "--packages-path", "folder"),
    ):
        value = settings.get(key)
        if value:
            words += [option, shlex.quote(plain(what, value))]
    return " ".join(words)


def _templates(forge: str, *, has_targets: bool) -> Iterator[tuple[str, str]]:
    if forge == "gitlab":
        yield ".gitlab/git-wild.yml", "gitlab/git-wild.yml.j2"
        yield _GITLAB_MAIN, "gitlab/gitlab-ci.yml.j2"
        return
    folder, templates, ending = {
        "github": (".github/workflows", "github", "yml"),
        "forgejo": (".forgejo/workflows", "github", "yml"),
        "woodpecker": (".woodpecker", "woodpecker", "yaml"),
    }[forge]
    names = ("check", "deploy", "drift", "update") if has_targets else ("check", "update")
    for name in names:
        yield f"{folder}/git-wild-{name}.{ending}", f"{templates}/{name}.{ending}.j2"
