"""The commit message of an upstream merge, and the trailers by which it is found again."""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.adapters.instance import APPS
from wildgit.adapters.settings import REMOTE
from wildgit.adapters.upstream.wild_directory import Upstream
from wildgit.core.app.config_merge import ConfigMerge
from wildgit.core.app.update import AppUpdate

APP_TRAILER = "Wild-App"


def merge_message(
    upstream: Upstream, updates: Sequence[AppUpdate], config: ConfigMerge, *, whole: bool
) -> str:
    """Return the commit message: each app, its versions, what was kept, and trailers for machines."""
    lines = [_subject(upstream, updates, whole=whole), ""]
    for update in updates:
        old, new = _versions(update)
        lines.append(
            f"- {update.step.app.name} {old} → {new}" if old != new else f"- {update.step.app.name} {new}"
        )
        if update.customised:
            lines.append(f"  kept your changes in {', '.join(update.customised)}")
        values = _kept_values(config, update.step.app.name)
        if values:
            lines.append(f"  kept your {', '.join(values)}")
    if updates:
        lines.append("")
    lines.append(f"Wild-Upstream: {upstream.commit}")
    lines += [f"{APP_TRAILER}: {app_trailer(update, upstream)}" for update in updates]
    return "\n".join(lines) + "\n"


def app_trailer(update: AppUpdate, upstream: Upstream) -> str:
    """Return the value of an app's trailer: what a commit that has it did to the app."""
    return f"{update.step.app.name} {update.step.app.lock.commit[:12]}..{upstream.commit[:12]}"


def _subject(upstream: Upstream, updates: Sequence[AppUpdate], *, whole: bool) -> str:
    if whole:
        return f"Merge remote-tracking branch '{REMOTE}/{upstream.branch}'"
    if len(updates) == 1:
        old, new = _versions(updates[0])
        what = f"{old} to {new}" if old != new else f"{REMOTE} {upstream.commit[:7]}"
        return f"upgrade({updates[0].step.app.name}): {what}"
    return f"upgrade(all): {REMOTE} {upstream.commit[:7]}"


def _kept_values(config: ConfigMerge, app: str) -> list[str]:
    """The fields of the app in config.yaml that stayed although upstream's default changed, too."""
    return [
        ".".join(decision.path)
        for decision in config.decisions
        if decision.rule.startswith("policy") and decision.path[:2] == (APPS, app)
    ]


def _versions(update: AppUpdate) -> tuple[str, str]:
    return update.step.app.package.manifest.version or "?", update.step.package.manifest.version or "?"
