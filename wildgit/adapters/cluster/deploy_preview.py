"""What a deploy would apply, said without a cluster: for a review, and where there is none yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wildgit.adapters import terminal
from wildgit.adapters.cluster.app_source import (
    AppSource,
    read_source,
    requirements_of_all,
    stand_in_secrets,
)
from wildgit.adapters.cluster.plan_output import PlanOutput
from wildgit.adapters.git.repo import Repo
from wildgit.adapters.instance import Instance
from wildgit.adapters.revision import instance_at
from wildgit.core.cluster.deploy_order import deploy_order
from wildgit.core.cluster.deploy_plan import Plan, Refusal, draft, finish
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.kube_objects import Object, ResourceId, identify, pod_template
from wildgit.core.markdown import code


def preview(instance: Instance, apps: Sequence[str], *, against: str | None, output: PlanOutput) -> None:
    """Show the plan of each app, dependencies first, for a cluster that has nothing or what a commit says.

    Without a secrets.yaml, as in a clone on a forge, the declared secrets stand in the plan, and a change of
    their values does not.

    Args:
        instance: whose apps they are.
        apps: which of them.
        against: the commit that the cluster has; None for an empty cluster.
        output: takes the plans.

    Raises:
        InputError: an app does not build, or a secret is missing; the others are shown all the same.
    """
    terminal.add_mask(instance.mask())
    requires = requirements_of_all(instance, broken_ok=instance.app_names())
    order = [app for app in deploy_order(apps, requires) if app in apps]
    with _base(instance, apps, against) as base:
        for app in order:
            with output.planning(app):
                output.show(_plan(instance, app, base))
        gone = [app for app in base.app_names() if app not in instance.app_names()] if base else []
        place = f"a cluster that has {code(against)}" if against else "an empty cluster"
        output.write_summary(f"What a deploy would change in {place}", gone)
    output.raise_refusal()


@contextmanager
def _base(instance: Instance, apps: Sequence[str], against: str | None) -> Iterator[Instance | None]:
    if against is None:
        yield None
        return
    with instance_at(instance, Repo(instance.root), against, apps) as revision:
        yield revision


def _plan(instance: Instance, app: str, base: Instance | None) -> Plan:
    source = _source(instance, app)
    desired = _objects(source)
    before: dict[ResourceId, Object] = {}
    if base is not None and app in base.app_names():
        former = _objects(_source(base, app))
        # Drafted as well, so that both have the marks that we put on what reads secrets.
        marked = draft(app, source.namespace, former, {}, "", restart=False).desired
        before = {identify(obj): obj for obj in marked}
    live = {identify(obj): before.get(identify(obj)) for obj in desired}
    drafted = draft(app, source.namespace, desired, live, "", restart=False)
    answers = {identify(obj): _answer(obj, live[identify(obj)]) for obj in drafted.unclear}
    gone: dict[ResourceId, Object | None] = {
        resource: obj for resource, obj in before.items() if resource not in live
    }
    return finish(drafted, answers, gone, prune_data=False)


def _answer(obj: Object, live: Object | None) -> Object | Refusal | None:
    """What a server would say to an apply: with none to ask, the object becomes what git says."""
    if live is None:
        return None
    if obj["kind"] == "Job" and pod_template(obj) != pod_template(live):
        return Refusal("", is_immutable=True)
    return obj


def _source(instance: Instance, app: str) -> AppSource:
    secrets = None if instance.secrets_path.exists() else stand_in_secrets(instance)
    return read_source(instance, app, commit="preview", secrets=secrets)


def _objects(source: AppSource) -> list[Object]:
    # Which kinds are namespaced only a server knows; a plan that says no more than names does not need it.
    return list(desired_objects(source.name, source.namespace, source.built, source.secrets, lambda *_: None))
