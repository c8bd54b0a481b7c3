"""`git wild ci`: pipelines for forges, and a watch over drift in the cluster itself."""

from __future__ import annotations

import click

from wildgit.errors import OK, UsageError


@click.group(name="ci")
def command() -> None:
    """Write the pipelines of a forge, or a CronJob that watches for drift."""


@command.command(name="init")
@click.option("--github", is_flag=True, help="GitHub Actions.")
@click.option("--gitlab", is_flag=True, help="GitLab CI/CD.")
@click.option("--forgejo", is_flag=True, help="Forgejo Actions.")
@click.option("--woodpecker", is_flag=True, help="Woodpecker CI.")
@click.option("--cronjob", is_flag=True, help="Instead, an app that looks for drift daily.")
@click.option("--env", "environment", metavar="NAME", help="With --cronjob: the environment it runs in.")
@click.option("--install", metavar="SPEC", help="What pip installs; '' where the image has git wild.")
@click.option("--image", metavar="IMAGE", help="Where jobs run that have a choice: python:3.13-bookworm.")
@click.option("--force", is_flag=True, help="Replace files that were changed or that we did not write.")
def init(
    environment: str | None, install: str | None, image: str | None, force: bool, **targets: bool
) -> int:
    """Write pipelines that check, plan, deploy, and take upstream's updates.

    On a change request they check what it brings, do its merges again, and write the plan of a deploy into a
    comment. On a push to an environment's branch they deploy to it. Once a day they look for drift, and once
    a week they offer what is new upstream as a change request.

    Which branch deploys where is said by wild-environment.NAME.branch in .wildconfig. Run it again after a
    change there, or after an update of git wild.
    """
    chosen = [name for name, is_chosen in targets.items() if is_chosen]
    if len(chosen) != 1:
        raise UsageError(
            "say which one: --github, --gitlab, --forgejo, --woodpecker or --cronjob",
            hint="for two of them, run it twice",
        )
    [target] = chosen
    if environment is not None and target != "cronjob":
        raise UsageError("--env only goes with --cronjob: a pipeline has every environment")
    if target == "cronjob":
        return _cronjob(environment, install, image, force=force)
    return _pipelines(target, install, image, force=force)


def _pipelines(forge: str, install: str | None, image: str | None, *, force: bool) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.ci.pipelines import (
        DEFAULT_IMAGE,
        CiOptions,
        has_no_targets,
        is_local_upstream,
        is_not_included,
        render_pipelines,
        write_files,
    )
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings

    instance = Instance.find()
    settings = read_settings(instance.root)
    files = render_pipelines(instance, settings, CiOptions(forge, install, image or DEFAULT_IMAGE))
    for path in write_files(instance, files, force=force):
        terminal.say(f"wrote {path}")
    if forge == "gitlab" and is_not_included(instance):
        include = "include: [{local: .gitlab/git-wild.yml}]"
        terminal.warn(".gitlab-ci.yml is yours, and does not include ours", hint=f"add to it: {include}")
    if is_local_upstream(instance):
        terminal.warn("the upstream is a folder of this machine, which no forge can reach")
    if has_no_targets(settings):
        terminal.warn(
            "no environment has a branch, so these pipelines deploy nothing and look for no drift",
            hint="git config --file .wildconfig wild-environment.production.branch main, and run it again",
        )
    return OK


def _cronjob(environment: str | None, install: str | None, image: str | None, *, force: bool) -> int:
    from wildgit.adapters import terminal
    from wildgit.adapters.ci.cronjob import APP, https_url, render_cronjob
    from wildgit.adapters.ci.pipelines import DEFAULT_IMAGE, write_files
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.settings import read_settings

    instance = Instance.find()
    settings = read_settings(instance.root)
    files = render_cronjob(instance, settings, environment, install=install, image=image or DEFAULT_IMAGE)
    written = write_files(instance, files, force=force)
    for path in written:
        terminal.say(f"wrote {path}")
    if written:
        terminal.remark(f"It clones {https_url(instance)}.")
        terminal.remark(
            f"hint: git wild secret set apps.{APP}.gitToken, then commit and git wild deploy {APP}"
        )
    return OK
