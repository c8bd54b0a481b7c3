"""`git wild ci`: pipelines for forges, and a watch over drift in the cluster itself."""

from __future__ import annotations

import click

from wildgit.errors import OK, UsageError


@click.group(name="ci")
def command() -> None:
    """Write the pipelines of a forge, or a CronJob that watches for drift."""


@command.command(name="init")
@click.option("--github", "forge", flag_value="github", help="GitHub Actions.")
@click.option("--gitlab", "forge", flag_value="gitlab", help="GitLab CI/CD.")
@click.option("--forgejo", "forge", flag_value="forgejo", help="Forgejo Actions.")
@click.option("--woodpecker", "forge", flag_value="woodpecker", help="Woodpecker CI.")
@click.option("--install", metavar="SPEC", help="What pip installs; empty where the image has git wild.")
@click.option("--image", metavar="IMAGE", help="Where jobs run, if they say so.")
@click.option("--force", is_flag=True, help="Replace files that were changed or that we did not write.")
def init(forge: str | None, install: str | None, image: str | None, force: bool) -> int:
    """Write pipelines that check, plan, deploy, and take upstream's updates.

    On a change request they check what it brings, do its merges again, and write a plan of the deploy into a
    comment. On a push to an environment's branch they deploy to it. Once a day they look for drift, and once
    a week they offer what is new upstream as a change request.

    Which branch deploys where is said by wild-environment.NAME.branch in .wildconfig. Run it again after a
    change there, or after an update of git wild.
    """
    from wildgit.adapters import terminal
    from wildgit.adapters.ci_files import (
        DEFAULT_IMAGE,
        CiOptions,
        is_local_upstream,
        missing_include,
        render_pipelines,
        unlisted_targets,
        write_files,
    )
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings

    if forge is None:
        raise UsageError("say which forge: --github, --gitlab, --forgejo, --woodpecker")
    instance = Instance.find()
    settings = read_settings(instance.root)
    files = render_pipelines(instance, settings, CiOptions(forge, install, image or DEFAULT_IMAGE))
    if forge == "gitlab" and not force:
        files = [file for file in files if file.path != ".gitlab-ci.yml" or file.state == "new"]
    for path in write_files(instance, files, force=force):
        terminal.say(f"wrote {path}")
    if forge == "gitlab" and missing_include(instance):
        terminal.warn(
            ".gitlab-ci.yml does not include it", hint="add: include: [{local: .gitlab/git-wild.yml}]"
        )
    if is_local_upstream(instance):
        terminal.warn("the upstream is a folder of this machine, which no forge can reach")
    if unlisted_targets(settings):
        terminal.warn(
            "no environment has a branch, so nothing is deployed from here",
            hint="git config --file .wildconfig wild-environment.production.branch main, and run it again",
        )
    return OK
