"""One call of `git wild delete`: recorded, the cluster first, the instance always."""

from __future__ import annotations

from wildgit.adapters import terminal
from wildgit.adapters.cluster.app_source import deployed_commit
from wildgit.adapters.cluster.builds import start_build
from wildgit.adapters.cluster.deploy_news import News
from wildgit.adapters.cluster.deploy_run import read_ladder
from wildgit.adapters.cluster.operations import operation
from wildgit.adapters.cluster.removal import Removal, remove_locally
from wildgit.adapters.cluster.target import checked_out, open_cluster, seconds
from wildgit.adapters.instance import Instance, section
from wildgit.adapters.settings import read_settings
from wildgit.core.cluster.desired_state import namespace_of
from wildgit.core.cluster.environment import find_environment
from wildgit.core.cluster.events import DONE, STARTED, Event
from wildgit.errors import ClusterError, GitError, InputError, WildgitError

_WAIT_S = 30.0


def delete_app(instance: Instance, app: str, environment: str | None) -> None:
    """Delete an app from the cluster, as far as that answers, and from the instance."""
    settings = read_settings(instance.root)
    if environment is not None:  # one that can't be meant is the user's slip, not a cluster that is away
        find_environment(settings.values, checked_out(instance.root), environment)
    mask = instance.mask()
    terminal.add_mask(mask)
    news = News(as_json=False)
    with operation(instance.root, "delete", app, _commit(instance, app), mask) as running:

        def report(event: Event) -> None:
            running.note(event)
            news(event)

        try:
            cluster, _ = open_cluster(instance, settings, environment)
            wait_s = seconds(settings, "wild.deleteWait", _WAIT_S)
            removal = Removal(cluster, app, report, wait_s, read_ladder(settings))
            removal.from_cluster(_namespace(instance, app))
        except (ClusterError, InputError) as error:
            running.record["warning"] = mask(error.message)
            terminal.warn(f"the cluster was not cleaned up: {error.message}", hint=error.hint)
        report(Event(app, "instance", STARTED))
        went = remove_locally(instance, app)
        report(Event(app, "instance", DONE))
    for each in went:
        terminal.remark(f"{app}: deleted {each}")
    if not went:
        terminal.remark(f"{app} is not installed")


def _namespace(instance: Instance, app: str) -> str | None:
    """Return the namespace of an installed app, as well as a damaged folder lets us know it."""
    if app not in instance.app_names():
        return None
    configured = section(instance.config(), "apps", app).get("namespace")
    try:
        return namespace_of(app, start_build(instance, app).resources(), configured)
    except WildgitError:
        return configured if isinstance(configured, str) else app


def _commit(instance: Instance, app: str) -> str:
    try:
        return deployed_commit(instance, app)
    except GitError:
        return ""
