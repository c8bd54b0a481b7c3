"""Differences that a team decided to leave alone for a while, as `.wildconfig` has them.

    [wild-ignore "web deployment/web spec.replicas"]
        reason = scaled by hand until the sale is over
        until = 2026-12-31

The subsection is app, resource (`kind/name`, or `*`) and field; a field stands for all that lies in it, and
without one the rule is for the object as a whole. Every rule has a reason, and a day on which it ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wildgit.errors import InputError

SECTION = "wild-ignore."
ANY = "*"
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_RESOURCE = re.compile(r"[A-Za-z]+/[^\s:/]+")


@dataclass(frozen=True)
class FieldName:
    """What the command line names: `deployment/web:spec.replicas`, `spec.replicas` or `deployment/web`."""

    resource: str = ANY  # kind/name in lower case
    field: str = ""  # "" is the whole object, with all its fields

    def covers(self, resource: str, field: str) -> bool:
        """Whether a field of a resource is named by this."""
        if self.resource not in (ANY, resource.lower()):
            return False
        if not self.field or field == self.field:
            return True
        return field.startswith((f"{self.field}.", f"{self.field}["))


@dataclass(frozen=True)
class IgnoreRule:
    """One rule: it counts through the day `until`, which is written as 2026-12-31."""

    app: str
    name: FieldName
    reason: str
    until: str

    @property
    def key(self) -> str:
        """The subsection of `.wildconfig`."""
        return " ".join(part for part in (self.app, self.name.resource, self.name.field) if part)

    def __str__(self) -> str:
        return f"{self.key}: {self.reason} (until {self.until})"


def parse_field(text: str) -> FieldName:
    """Return what a field is called on the command line.

    Raises:
        InputError: it is empty, or no field.
    """
    resource, colon, field = text.partition(":")
    if _RESOURCE.fullmatch(resource):
        return FieldName(resource.lower(), field)
    if colon and resource == ANY:
        return FieldName(ANY, field)
    if not text or not re.fullmatch(r"[A-Za-z]+([.\[].+)?", text):
        raise InputError(f"{text!r} is no field", hint="write it like deployment/web:spec.replicas")
    return FieldName(ANY, text)


def read_rules(values: Mapping[str, str]) -> list[IgnoreRule]:
    """Return the rules among the settings, in their order.

    Args:
        values: settings, key → value.

    Raises:
        InputError: a rule lacks its reason or its end, or is for nothing that there could be.
    """
    parts: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        if key.startswith(SECTION):
            name, _, variable = key.removeprefix(SECTION).rpartition(".")
            parts.setdefault(name, {})[variable] = value
    return [_rule(name, said) for name, said in parts.items()]


def split_expired(rules: Iterable[IgnoreRule], today: str) -> tuple[list[IgnoreRule], list[IgnoreRule]]:
    """Return the rules that count today, and those whose time is over."""
    listed = list(rules)
    return [r for r in listed if r.until >= today], [r for r in listed if r.until < today]


def parse_date(text: str) -> str:
    """Return a day written as 2026-12-31, which also compares as text.

    Raises:
        InputError: it is none.
    """
    found = _DATE.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[3]) <= 31:
        raise InputError(f"{text!r} is no date", hint="write it like 2026-12-31")
    return text


def _rule(name: str, said: Mapping[str, str]) -> IgnoreRule:
    source = f'.wildconfig ([wild-ignore "{name}"])'
    app, _, rest = name.partition(" ")
    resource, _, field = rest.partition(" ")
    if not app or not resource:
        raise InputError("a rule names app, resource and field", source=source)
    for needed in ("reason", "until"):
        if not said.get(needed):
            raise InputError(f"a rule needs `{needed}`", source=source)
    return IgnoreRule(app, FieldName(resource.lower(), field), said["reason"], parse_date(said["until"]))
