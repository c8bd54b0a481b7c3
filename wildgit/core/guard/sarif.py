"""Findings as SARIF, which forges show beside the lines they are about.

Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from wildgit.core.guard.findings import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(findings: Iterable[Finding], rules: Mapping[str, str], version: str) -> dict[str, object]:
    """Return one SARIF log.

    Args:
        findings: what was found.
        rules: the reason of every rule that was checked, also of those that found nothing.
        version: of git-wild.
    """
    names = list(rules)
    driver = {
        "name": "git-wild",
        "version": version,
        "rules": [{"id": name, "shortDescription": {"text": rules[name]}} for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, names) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, names: list[str]) -> dict[str, object]:
    location: dict[str, object] = {"artifactLocation": {"uri": quote(finding.path)}}
    if finding.line:
        location["region"] = {"startLine": finding.line}
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": names.index(finding.rule),
        "level": "error",
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    }
    if finding.commit:
        result["properties"] = {"commit": finding.commit}
    return result
