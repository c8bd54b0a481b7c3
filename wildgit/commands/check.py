"""`git wild check`: the review checklist as a command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from wildgit import errors
from wildgit.adapters.checks.output import FORMATS, show_findings
from wildgit.adapters.git import objects as git_objects
from wildgit.adapters.secret_guard import HISTORY_ADVICE, SecretGuard, allow_values, open_guard
from wildgit.adapters.terminal import progress, remark
from wildgit.core.guard import commit_message, secret_scan
from wildgit.core.guard.findings import Finding

Checked = tuple[list[Finding], dict[str, str]]  # what was found, and the rules that were looked at

_FORM = click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print.")
_RANGE = click.option("--range", "revisions", metavar="A..B", help="The commits that are in B and not in A.")


@click.group(name="check", invoke_without_command=True)
@_RANGE
@click.option("--merges", metavar="A..B", help="Only replay the merges in B and not in A, and compare.")
@click.option("--fix", is_flag=True, help="Put right what is mechanical, and show what is left.")
@_FORM
@click.pass_context
def command(ctx: click.Context, revisions: str | None, merges: str | None, fix: bool, form: str) -> int:
    """Check what a reviewer would: secrets, manifests, messages.

    Without a subcommand, all of it: no secret in tracked files; every app lints, builds, and is what the
    Kubernetes API accepts; what apps require is installed; no breaking change goes unsaid. With --range, the
    commits' messages, and the secrets in what each of them changed, instead of those in tracked files.

    With --merges, nothing but the merges: a forge's merge button knows no merge driver, so each is done again
    by ours, in memory, and an edit that the recorded one lost, or a key that it doubled, is a finding.
    """
    if ctx.invoked_subcommand is not None:
        if revisions or merges or fix or form != "text":
            raise errors.UsageError(f"options belong behind: git wild check {ctx.invoked_subcommand} …")
        return errors.OK
    if merges is not None:
        return _check_merges(Path(), merges, form=form)
    guard = open_guard(Path())
    findings = guard.scan_tracked() if revisions is None else guard.scan_range(revisions)
    rules = {**secret_scan.RULES, commit_message.RULE: commit_message.REASON}
    if revisions is not None:
        findings += _check_messages(Path(), revisions)
    for found, its_rules in (_lint(Path(), [], fix=fix), _check_instance(Path(), revisions or "")):
        findings += _masked(found, guard.scanner.mask)
        rules.update(its_rules)
    show_findings(findings, rules, form=form, notes=guard.notes)
    return errors.NO if findings else errors.OK


def _check_merges(cwd: Path, revisions: str, *, form: str) -> int:
    from wildgit.adapters.git.merge_replay import replay_merges
    from wildgit.core.merge.review import RULES

    mask = open_guard(cwd).scanner.mask
    findings = [finding._replace(message=mask(finding.message)) for finding in replay_merges(cwd, revisions)]
    show_findings(findings, RULES, form=form)
    return errors.NO if findings else errors.OK


def _masked(findings: list[Finding], mask: Callable[[str], str]) -> list[Finding]:
    return [each._replace(path=mask(each.path), message=mask(each.message)) for each in findings]


@command.command(name="secrets")
@click.option("--staged", is_flag=True, help="What is staged for the next commit.")
@_RANGE
@click.option("--all", "everything", is_flag=True, help="Every tracked file, as it is staged (the default).")
@click.option("--history", is_flag=True, help="Every commit that any branch or tag reaches.")
@click.option(
    "--allow-value", metavar="KEY", multiple=True, help="Let `wild:allow` lines publish this secret."
)
@click.argument("files", nargs=-1)
@_FORM
def secrets(
    staged: bool,
    revisions: str | None,
    everything: bool,
    history: bool,
    allow_value: tuple[str, ...],
    files: tuple[str, ...],
    form: str,
) -> int:
    """Look for secrets in tracked files, or in FILES alone.

    Found are: the values of secrets.yaml in any encoding, values that were there earlier, files that hold
    secrets, Secret manifests in clear, private keys and tokens. Never prints a value. A line is allowed by
    `# wild:allow RULE REASON`; one with a value of secrets.yaml only after `--allow-value KEY` on this
    machine, too.
    """
    if sum([staged, revisions is not None, everything, history, bool(files)]) > 1:
        raise errors.UsageError("--staged, --range, --all, --history and FILES exclude each other")
    if allow_value:
        allow_values(Path(), allow_value)
    guard = open_guard(Path())
    if staged:
        findings = guard.scan_index()
    elif revisions is not None:
        findings = guard.scan_range(revisions)
    elif history:
        findings = _scan_history(guard)
    else:
        findings = guard.scan_files(files) if files else guard.scan_tracked()
    show_findings(findings, secret_scan.RULES, form=form, notes=guard.notes)
    if form == "text" and any(finding.commit for finding in findings):
        for line in HISTORY_ADVICE:
            remark(f"hint: {line}")
    return errors.NO if findings else errors.OK


def _scan_history(guard: SecretGuard) -> list[Finding]:
    with ExitStack() as stack:

        def start(label: str, total: int) -> Callable[[], None]:
            step = stack.enter_context(progress(label, total))
            return lambda: step("")

        return guard.scan_history(start)


@command.command(name="messages")
@click.option("--range", "revisions", metavar="A..B", required=True, help="The commits in B and not in A.")
@_FORM
def messages(revisions: str, form: str) -> int:
    """Check the messages of commits: `<type>(<scope>): <subject>`."""
    findings = _check_messages(Path(), revisions)
    show_findings(findings, {commit_message.RULE: commit_message.REASON}, form=form)
    return errors.NO if findings else errors.OK


def _check_messages(cwd: Path, revisions: str) -> list[Finding]:
    from wildgit.adapters.git.commit_messages import is_scope

    mask = open_guard(cwd).scanner.mask
    findings = []
    for commit in git_objects.read_objects(cwd, git_objects.list_range(cwd, revisions)):
        header, _, message = commit.content.decode("utf-8", "replace").partition("\n\n")
        if header.count("\nparent ") > 1:
            continue  # a merge says what git, or git wild, wrote for it
        complaint = commit_message.check_message(
            message, is_scope=partial(is_scope, cwd, commit=commit.object_id)
        )
        if complaint is not None:
            text = mask(f"{complaint.reason}; for example: {complaint.example}")
            findings.append(Finding(commit_message.RULE, "commit message", 1, text, commit.object_id))
    return findings


@command.command(name="lint")
@click.option("--fix", is_flag=True, help="Put right what is mechanical, and show what is left.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@_FORM
def lint(fix: bool, paths: tuple[Path, ...], form: str) -> int:
    """Check the manifests of all apps, or of those that PATHS lie in.

    Works on an instance's apps and on the packages of a Wild Directory, templates and all. A line that is
    meant so is allowed by `# wild:allow RULE REASON`.
    """
    findings, rules = _lint(Path(), [path.resolve() for path in paths], fix=fix)
    show_findings(findings, rules, form=form)
    return errors.NO if findings else errors.OK


def _lint(cwd: Path, paths: list[Path], *, fix: bool) -> Checked:
    from wildgit.adapters.checks.app_files import apply_fix, find_top, read_apps
    from wildgit.core.guard.lint import RULES, lint_app

    top = find_top(cwd)
    while True:
        lints = [lint for folder, files in read_apps(top, paths).items() for lint in lint_app(folder, files)]
        # One fix moves the lines of the others: one in each file, then look again.
        fixes = {lint.finding.path: lint.fix for lint in lints if lint.fix is not None} if fix else {}
        if not fixes:
            return [lint.finding for lint in lints], RULES
        for path, insertion in fixes.items():
            apply_fix(top, path, insertion)
            remark(f"fixed {path}")


@command.command(name="build")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@_FORM
def build(paths: tuple[Path, ...], form: str) -> int:
    """Build the apps, and hold them against the API's schemas.

    All of them, or those that PATHS lie in.
    """
    from wildgit.adapters.checks.app_files import find_top, read_apps
    from wildgit.adapters.checks.instance_checks import RULES, check_builds

    top = find_top(Path())
    findings = check_builds(top, read_apps(top, [path.resolve() for path in paths]))
    findings = _masked(findings, open_guard(Path()).scanner.mask)
    show_findings(findings, {name: RULES[name] for name in ("build", "schema")}, form=form)
    return errors.NO if findings else errors.OK


@command.command(name="compiled")
@_FORM
def compiled(form: str) -> int:
    """Check that every app is what config.yaml compiles it to.

    With its package, and hand edits kept.
    """
    from wildgit.adapters.checks.instance_checks import RULES, check_compiled
    from wildgit.adapters.instance import Instance

    findings = list(check_compiled(Instance.find()))
    show_findings(findings, {"stale-compile": RULES["stale-compile"]}, form=form)
    return errors.NO if findings else errors.OK


def _check_instance(cwd: Path, revisions: str) -> Checked:
    from wildgit.adapters.checks.app_files import find_top, read_apps
    from wildgit.adapters.checks.instance_checks import (
        RULES,
        check_breaking,
        check_builds,
        check_compiled,
        check_packages,
        check_requirements,
    )
    from wildgit.adapters.instance import CONFIG, Instance

    top = find_top(cwd)
    if not (top / CONFIG).is_file():
        return [], RULES  # a Wild Directory: its packages are templates, and build nowhere
    findings = check_builds(top, read_apps(top))
    findings += check_requirements(Instance(top))
    findings += check_packages(top)
    findings += check_compiled(Instance(top))
    findings += check_breaking(top, revisions)
    return findings, RULES
