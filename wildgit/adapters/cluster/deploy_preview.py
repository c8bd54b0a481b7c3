"""What a first deploy would apply, said without a cluster: for a review, and where there is none yet."""

from __future__ import annotations

from collections.abc import Sequence

from wildgit.adapters import terminal
from wildgit.adapters.cluster.app_source import AppSource, read_source, requirements_of_all
from wildgit.adapters.cluster.deploy_news import say_plan
from wildgit.adapters.instance import Instance
from wildgit.core.cluster.deploy_order import deploy_order
from wildgit.core.cluster.deploy_plan import Plan, draft, finish
from wildgit.core.cluster.desired_state import desired_objects
from wildgit.core.cluster.kube_objects import identify
from wildgit.core.cluster.masking import masker, secret_values


def preview(instance: Instance, apps: Sequence[str], *, as_json: bool) -> None:
    """Print the plan of each app for a cluster that has nothing yet, dependencies first.

    Args:
        instance: whose apps they are.
        apps: which of them.
        as_json: one JSON document an app.

    Raises:
        InputError: an app does not build, or a secret is missing.
    """
    terminal.add_mask(masker(secret_values(instance.secrets())))
    order = deploy_order(apps, requirements_of_all(instance))
    for app in (app for app in order if app in apps):
        say_plan(_first_plan(read_source(instance, app)), as_json=as_json)


def _first_plan(source: AppSource) -> Plan:
    # Which kinds are namespaced only a server knows; a plan that says no more than names does not need it.
    desired = desired_objects(source.name, source.namespace, source.built, source.secrets, lambda *_: None)
    nothing = dict.fromkeys(identify(obj) for obj in desired)
    return finish(
        draft(source.name, source.namespace, desired, nothing, "", restart=False), {}, {}, prune_data=False
    )
