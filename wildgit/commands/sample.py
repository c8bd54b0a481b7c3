"""`git wild sample`: an upstream to try everything with."""

from __future__ import annotations

from pathlib import Path

import click

from wildgit import errors
from wildgit.adapters.upstream.sample import load_releases, publish_sample


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--release", type=click.IntRange(1, 3), default=3, help="How many of the releases to publish.")
def sample(directory: Path, release: int) -> int:
    """Make a sample Wild Directory to try everything with.

    DIRECTORY becomes a bare git repository with four packages: postgres, redis, miniflux and immich. Use it
    as the upstream of `git wild init`. There are three releases; publish one first and the others later to
    see how updates go.
    """
    commit = publish_sample(directory, releases=release)
    subject = load_releases()[release - 1].message.strip().splitlines()[0]
    click.echo(f"{directory}: main is {commit[:7]}, release {release}: {subject}")
    return errors.OK


command = sample
