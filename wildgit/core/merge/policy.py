"""Who wins a conflict that needs no person: rules by path, for merges from upstream only.

They are never used when git merges branches: there, both sides are ours.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Policy(NamedTuple):
    """A conflict at a path that matches goes to one side.

    `*` in the path stands for one step, `**` for any number of them, list elements being steps such as
    `[name=web]`. `kinds` limits it to resources of these kinds; empty means all. `values` limits it to
    fields for which both sides have a single value: no deletion, no list, no mapping.
    """

    path: tuple[str, ...]
    side: Literal["ours", "theirs"] = "ours"
    kinds: tuple[str, ...] = ()
    values: bool = False


# What an operator sizes for the own cluster is no opinion of upstream's.
KEEP_OWN_SIZES = (
    Policy(("**", "containers", "*", "resources", "**")),
    Policy(("**", "initContainers", "*", "resources", "**")),
    Policy(("spec", "replicas")),
    Policy(("spec", "resources", "requests", "storage"), kinds=("PersistentVolumeClaim",)),
    Policy(("spec", "volumeClaimTemplates", "*", "spec", "resources", "requests", "storage")),
)

# A default is upstream's proposal. Whoever put another value in its place has decided.
KEEP_OWN_VALUES = (Policy(("**",), values=True),)


def winner(
    policies: tuple[Policy, ...], path: tuple[str, ...], kind: str, *, between_values: bool
) -> Policy | None:
    """Return the first policy that settles a conflict at `path` in a resource of this kind.

    Args:
        policies: the most important first.
        path: of the conflict.
        kind: of the resource; "" for what is none.
        between_values: whether both sides have a single value there.
    """
    for policy in policies:
        is_meant = (not policy.kinds or kind in policy.kinds) and (between_values or not policy.values)
        if is_meant and _matches(policy.path, path):
            return policy
    return None


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_matches(pattern[1:], path[i:]) for i in range(len(path) + 1))
    return bool(path) and pattern[0] in ("*", path[0]) and _matches(pattern[1:], path[1:])
