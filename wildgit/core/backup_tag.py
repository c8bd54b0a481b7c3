"""What a backup's tag is called and says: which apps ran which commit, and where upstream is.

The tag is for people (`git show TAG`) and for `restore`, which reads its trailers. Its name has the minute in
UTC, so that names sort by time on every machine, and no hour comes twice a year.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"backup-(?P<minute>[0-9]{8}-[0-9]{4})(?:-(?P<number>[0-9]+))?")
_MARK = "Wild-Backup"
_UPSTREAM = "Wild-Upstream-URL"
_DEPLOYED = "Wild-Deployed"
_FORMAT = "1"
_PASSWORD = re.compile(r"(?<=//)[^/@]*@")

Deployed = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Backup:
    """What a tag of ours says.

    Attributes:
        name: of the tag.
        deployed: (environment, app) → the commit that ran, `-dirty` behind it as in the cluster's record.
        upstream: the URL of the Wild Directory; "" for none.
    """

    name: str
    deployed: Deployed = field(default_factory=dict)
    upstream: str = ""


def new_name(minute: str, taken: Collection[str]) -> str:
    """Return the name of a backup made in a minute (UTC, YYYYMMDD-HHMM); its second one ends in -2."""
    name = f"backup-{minute}"
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def sort_names(names: Iterable[str]) -> list[str]:
    """Return those that are named as we name backups, oldest first."""
    matches = [match for name in names if (match := _NAME.fullmatch(name))]
    return [match[0] for match in sorted(matches, key=lambda m: (m["minute"], int(m["number"] or 1)))]


def backup_message(commit: str, branch: str, apps: Collection[str], deployed: Deployed, upstream: str) -> str:
    """Return the tag's message; a password in the upstream's URL is left out.

    Args:
        commit: what is tagged.
        branch: checked out; "" for none.
        apps: in that commit.
        deployed: (environment, app) → the commit that runs.
        upstream: URL of the Wild Directory; "" for none.
    """
    place = f" on {branch}" if branch else ""
    lines = [f"Backup of {len(apps)} app{'s' * (len(apps) != 1)} at {commit[:7]}{place}", ""]
    lines += [f"{_MARK}: {_FORMAT}"]
    if upstream:
        lines.append(f"{_UPSTREAM}: {_PASSWORD.sub('', upstream)}")
    lines += [f"{_DEPLOYED}: {where}/{app} {what}" for (where, app), what in sorted(deployed.items())]
    return "\n".join([*lines, ""])


def parse_message(name: str, message: str) -> Backup | None:
    """Return what a tag's message says; None where it is no tag of ours."""
    said = [line.split(": ", 1) for line in message.splitlines() if ": " in line]
    if [_MARK, _FORMAT] not in said:
        return None
    deployed = {}
    for key, value in said:
        place, _, commit = value.partition(" ")
        where, _, app = place.rpartition("/")
        if key == _DEPLOYED and where:
            deployed[where, app] = commit
    return Backup(name, deployed, next((value for key, value in said if key == _UPSTREAM), ""))
