"""Findings for people, scripts and forges: one line each, JSON, or SARIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wildgit import __version__
from wildgit.adapters.terminal import remark, say, say_json, style
from wildgit.core.guard.findings import Finding

FORMATS = ("text", "json", "sarif")


def show_findings(
    findings: Sequence[Finding], rules: Mapping[str, str], *, form: str = "text", notes: Sequence[str] = ()
) -> None:
    """Print findings to stdout in one of FORMATS; notes go to stderr, or into the JSON."""
    if form == "sarif":
        from wildgit.core.guard.sarif import to_sarif

        say_json(to_sarif(findings, rules, __version__))
    elif form == "json":
        fields = ("rule", "path", "line", "commit", "message", "key")
        rows = [{field: getattr(finding, field) for field in fields} for finding in findings]
        say_json({"findings": rows, "notes": list(notes)})
    else:
        for note in notes:
            remark(f"note: {note}")
        for finding in findings:
            say(f"{finding.place()}: {style(finding.rule, 'bad')}: {finding.message}")
        _explain(findings, rules)


def _explain(findings: Sequence[Finding], rules: Mapping[str, str]) -> None:
    for rule in dict.fromkeys(finding.rule for finding in findings):
        remark(f"{rule}: {rules[rule]}")
    if findings:
        remark("hint: what is meant so is allowed by `# wild:allow RULE REASON` on its line")
