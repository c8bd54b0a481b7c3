"""What an update brings, in Markdown, for whoever reviews it.

Nearly all of it is upstream's words: every one of them stands in a code span. No value of a secret is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wildgit.adapters.git.process import try_git
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.settings import REMOTE
from wildgit.adapters.upstream.merge import MergePlan
from wildgit.adapters.upstream.review_branch import local_name
from wildgit.core.app.package import Manifest
from wildgit.core.app.update import AppUpdate
from wildgit.core.guard.breaking import find_breaks
from wildgit.core.markdown import Section, code, details, document, table

_MAX_COMMITS = 50


def update_summary(
    plan: MergePlan, repo: Repo, branch: str = "", known_branch: str = "", missing: Sequence[str] = ()
) -> str:
    """Return the summary of a plan.

    Args:
        plan: all of the update.
        repo: where upstream's commits are looked up.
        branch: the new branch that it is on, or would be; "" for the branch at hand.
        known_branch: one that has it already, so that nothing was written; "" for none.
        missing: the apps that are not on it, for they conflict.
    """
    upstream = code(f"{REMOTE}/{plan.upstream.branch}")
    if not plan.updates:
        title = f"## Nothing new for the apps in {upstream}"
        return document([Section(title), *_gone(plan)])
    title = f"## Update from {upstream} to {code(plan.upstream.commit[:7])}"
    what = "What merges cleanly" if missing else "It"
    return document(
        [
            Section(title),
            *([Section(f"{what} waits on {code(known_branch)} already.")] if known_branch else []),
            _apps(plan),
            *_list("Conflicts", _conflicts(plan), _way_on(plan, branch or known_branch)),
            *_list("Breaking changes", _breaks(plan)),
            *_list("New requirements", _requirements(plan)),
            *_list("New secrets", map(code, new_secrets(plan)), _SECRETS_NOTE),
            *_list("Kept as you have it", _kept(plan)),
            *_gone(plan),
            *_commits(plan, repo),
        ]
    )


_SECRETS_NOTE = (
    "secrets.yaml is not in git: every place that deploys needs them in its own, with one value "
    "(`git wild secret set apps.APP.KEY`)."
)


def _apps(plan: MergePlan) -> Section:
    conflicting = plan.conflicting_apps
    rows = []
    for update in plan.updates:
        old, new = _manifests(update)
        versions = f"{code(old.version or '?')} → {code(new.version or '?')}"
        kept = ", ".join(code(path) for path in update.customised[:5])
        more = f" and {len(update.customised) - 5} more" if len(update.customised) > 5 else ""
        name = update.step.app.name
        state = "**conflicts**" if name in conflicting else "clean"
        rows.append(
            (code(name), versions if old.version != new.version else code(new.version), kept + more, state)
        )
    return table(("app", "version", "your changes, kept", "merge"), rows)


def _conflicts(plan: MergePlan) -> Iterator[str]:
    for file, conflict in plan.conflicts:
        place = f"{code(f'{file}:{conflict.line}')} {code('.'.join(conflict.path))}"
        yield f"{place}: {code(conflict.reason)}"


def _way_on(plan: MergePlan, branch: str) -> str:
    if not plan.conflicts:
        return ""
    apps = " ".join(sorted(plan.conflicting_apps))
    switch = f"git switch {local_name(branch)} && " if branch else ""
    update = code(f"{switch}git wild update {apps}")
    return f"To settle them: {update}, resolve, then {code('git wild merge --continue')}."


def _breaks(plan: MergePlan) -> Iterator[str]:
    for update in plan.updates:
        for _, message in find_breaks(*_manifests(update)):
            yield f"{code(update.step.app.name)}: {code(message)}"


def _requirements(plan: MergePlan) -> Iterator[str]:
    for update in plan.updates:
        old, new = _manifests(update)
        known = {requirement.ref for requirement in old.requires}
        for requirement in new.requires:
            if requirement.ref not in known:
                served = update.step.app.mapping.get(requirement.ref, requirement.name)
                needs = f"{code(update.step.app.name)} requires {code(requirement.name)}"
                yield f"{needs}, served by {code(served)}"


def new_secrets(plan: MergePlan) -> list[str]:
    """Return the secrets that the new packages declare and the old ones did not, as `apps.APP.KEY`.

    By the manifests: what secrets.yaml lacks here is no news in a clone that has none.
    """
    return [
        key
        for update in plan.updates
        for key in _secret_keys(update.step.package.manifest, update)
        if key not in _secret_keys(update.step.app.package.manifest, update)
    ]


def _secret_keys(manifest: Manifest, update: AppUpdate) -> list[str]:
    app = update.step.app.name
    own = [f"apps.{app}.{secret.key}" for secret in manifest.default_secrets]
    if manifest.is_older_generation:
        return own + [f"apps.{each.ref}.{each.key}" for each in manifest.required_secrets if each.ref == app]
    return own + [f"apps.{app}.{each.stored_as}" for each in manifest.required_secrets]


def _kept(plan: MergePlan) -> Iterator[str]:
    for file, decision in plan.decisions:
        if decision.rule.startswith("policy"):
            yield f"{code(file)} {code('.'.join(decision.path))}"


def _gone(plan: MergePlan) -> list[Section]:
    lines = (f"{code(name)}: its files stay as they are" for name in plan.gone)
    return _list("Gone from upstream", lines)


def _commits(plan: MergePlan, repo: Repo) -> list[Section]:
    apps: dict[str, list[str]] = {}
    for update in plan.updates:
        for line in _log(plan, update, repo):
            apps.setdefault(line, []).append(update.step.app.name)
    lines = [f"- {code(line)}: {', '.join(map(code, names))}" for line, names in apps.items()]
    return [details(f"Upstream's commits ({len(lines)})", lines)] if lines else []


def _log(plan: MergePlan, update: AppUpdate, repo: Repo) -> list[str]:
    """The upstream commits that changed the package; none where upstream rewrote its history."""
    lock, package = update.step.app.lock, update.step.package
    commits = f"{lock.commit}..{plan.upstream.commit}"
    arguments = ["log", f"--max-count={_MAX_COMMITS}", "--format=%h %s", commits, "--"]
    done = try_git(["--literal-pathspecs", *arguments, lock.path, package.path], cwd=repo.root)
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []


def _list(title: str, items: Iterator[str], note: str = "") -> list[Section]:
    lines = tuple(f"- {item}" for item in items)
    return [Section(f"### {title}\n", lines, f"\n{note}" if note else "")] if lines else []


def _manifests(update: AppUpdate) -> tuple[Manifest, Manifest]:
    return update.step.app.package.manifest, update.step.package.manifest
