"""Whose difference it is: the table of the design, row by row, on records."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.cluster.deploy_plan import Refusal
from wildgit.core.cluster.drift.authorship import is_stranger
from wildgit.core.cluster.drift.classify import AppStates, ObjectStates, classify_drift
from wildgit.core.cluster.drift.difference import Difference, DriftClass
from wildgit.core.cluster.drift.ignore_rules import (
    FieldName,
    IgnoreRule,
    parse_field,
    read_rules,
    split_expired,
)
from wildgit.core.cluster.field_diff import ABSENT, changed_fields, value_at
from wildgit.core.cluster.field_ownership import field_writers, lost_fields
from wildgit.core.cluster.kube_objects import Object, identify
from wildgit.errors import InputError

TIME = "2026-01-02T03:04:05Z"


def config(**data: str) -> Object:
    """Return a ConfigMap as git has it."""
    metadata = {"name": "c", "namespace": "n"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def live(data: dict[str, str], owners: dict[str, str], **metadata: Any) -> Object:
    """Return a ConfigMap as the cluster has it: field → who wrote it, ours by `git-wild`."""
    managed = [
        {
            "manager": manager,
            "operation": "Apply" if manager == "git-wild" else "Update",
            "time": TIME,
            "fieldsV1": {"f:data": {".": {}, **{f"f:{key}": {} for key in owners if owners[key] == manager}}},
        }
        for manager in dict.fromkeys(["git-wild", *owners.values()])
    ]
    obj = config(**data)
    return {**obj, "metadata": {**obj["metadata"], "managedFields": managed, **metadata}}


def classify(
    head: Object | None, deployed: Object | None, found: Object | None, **states: Any
) -> dict[str, Difference]:
    """Return field → difference; the server's answer is what an apply of HEAD makes of the object."""
    answer = None
    if head is not None and found is not None:
        answer = {**found, "data": {**found["data"], **head["data"]}}
        for key in field_keys(found, "git-wild") - head["data"].keys():
            answer["data"].pop(key, None)
    resource = identify(head or deployed or found or {})
    each = ObjectStates(resource, head, deployed, found, answer)
    states.setdefault("inventory", frozenset({resource}))
    return {d.field: d for d in classify_drift(AppStates("app", [each], **states))}


def field_keys(obj: Object, manager: str) -> set[str]:
    return {
        key.removeprefix("f:")
        for entry in obj["metadata"]["managedFields"]
        if entry["manager"] == manager
        for key in entry["fieldsV1"]["f:data"]
    }


@pytest.mark.parametrize(
    ("head", "deployed", "cluster", "owner", "expected"),
    [
        ("1", "1", "1", "git-wild", None),
        ("1", "1", "2", "kubectl-edit", DriftClass.DRIFTED),
        ("1", "1", None, None, DriftClass.DRIFTED),
        ("1", "1", "2", "kube-controller-manager", DriftClass.CONTROLLER),
        ("2", "1", "1", "git-wild", DriftClass.PENDING),
        ("2", None, None, None, DriftClass.PENDING),
        (None, "1", "1", "git-wild", DriftClass.PENDING),
        ("2", "1", "1", "kubectl-edit", DriftClass.PENDING),
        ("2", "1", "2", "kubectl-edit", DriftClass.INTENTIONAL),
        (None, "1", None, None, DriftClass.INTENTIONAL),
        ("2", "1", "3", "kubectl-edit", DriftClass.DRIFTED),
        ("2", "1", None, None, DriftClass.DRIFTED),
        (None, None, "1", "kubectl-edit", None),
    ],
)
def test_field_belongs_to_the_class_that_its_three_states_say(
    head: str | None,
    deployed: str | None,
    cluster: str | None,
    owner: str | None,
    expected: DriftClass | None,
) -> None:
    def data(value: str | None) -> dict[str, str]:
        return {"same": "0"} | ({"k": value} if value is not None else {})

    owners = {"same": "git-wild"} | ({"k": owner} if owner else {})
    found = classify(config(**data(head)), config(**data(deployed)), live(data(cluster), owners))
    if expected is None:
        assert found == {}
        return
    [(field, difference)] = found.items()
    assert (field, difference.kind) == ("data.k", expected)
    if expected is DriftClass.DRIFTED and owner:
        assert difference.writer is not None
        assert (difference.writer.manager, difference.writer.time) == (owner, TIME)


@given(*[st.sampled_from([None, "1", "2", "3"])] * 3, st.sampled_from(["git-wild", "kubectl-edit", "other"]))
def test_what_is_the_same_everywhere_is_no_difference_and_what_differs_has_one_class(
    head: str | None, deployed: str | None, cluster: str | None, owner: str
) -> None:
    def data(value: str | None) -> dict[str, str]:
        return {} if value is None else {"k": value}

    owners = {"k": owner} if cluster is not None else {}
    found = classify(config(**data(head)), config(**data(deployed)), live(data(cluster), owners))
    assert len(found) <= 1
    if head == deployed == cluster:
        assert not found
    if head is not None and cluster != head:
        [difference] = found.values()
        assert (difference.live, difference.wanted) == (cluster or ABSENT, head)


def test_ownership_decides_where_the_deployed_commit_is_unknown() -> None:
    ours = live({"k": "1"}, {"k": "git-wild"})
    others = live({"k": "1"}, {"k": "kubectl-edit"})
    for found, expected in ((ours, DriftClass.PENDING), (others, DriftClass.DRIFTED)):
        differences = classify(config(k="2"), None, found, is_deployed_known=False)
        assert differences["data.k"].kind is expected


def test_fields_deployed_without_a_commit_are_not_drift() -> None:
    found = live({"k": "9"}, {"k": "git-wild"})
    differences = classify(config(k="1"), config(k="1"), found, is_deployed_dirty=True)
    assert differences["data.k"].kind is DriftClass.PENDING


@pytest.mark.parametrize(
    ("head", "deployed", "cluster", "in_inventory", "expected"),
    [
        (True, True, False, True, DriftClass.MISSING),
        (True, False, False, False, DriftClass.PENDING),
        (False, True, True, True, DriftClass.PENDING),
        (False, False, True, True, DriftClass.EXTRA),
        (False, False, True, False, DriftClass.EXTRA),
        (False, True, False, True, DriftClass.INTENTIONAL),
    ],
)
def test_object_that_one_side_lacks(
    *, head: bool, deployed: bool, cluster: bool, in_inventory: bool, expected: DriftClass
) -> None:
    obj = config(k="1")
    inventory = frozenset({identify(obj)} if in_inventory else ())
    found = classify(
        obj if head else None,
        obj if deployed else None,
        live({"k": "1"}, {"k": "kubectl-create"}) if cluster else None,
        inventory=inventory,
    )
    assert found[""].kind is expected


def test_refused_dry_run_compares_what_git_states_and_says_why() -> None:
    obj = config(k="1")
    each = ObjectStates(
        identify(obj), obj, obj, live({"k": "2"}, {"k": "kubectl-edit"}), Refusal("field is immutable")
    )
    [found] = classify_drift(AppStates("app", [each]))
    assert (found.kind, found.field) == (DriftClass.DRIFTED, "data.k")
    assert found.note == "deploy is refused: field is immutable"
    immutable = Refusal("a page of Go: field is immutable", is_immutable=True)
    [found] = classify_drift(AppStates("app", [replace(each, answer=immutable)]))
    assert found.note == "deploy is refused: not all of this can change once the object exists"
    [found] = classify_drift(
        AppStates("app", [replace(each, resource=replace(each.resource, kind="Job"), answer=immutable)])
    )
    assert found.note == "deploy runs it again"


def test_another_spelling_is_no_difference_where_the_dry_run_is_refused() -> None:
    deployed, head = config(cpu="1000m", empty=""), config(cpu="1000m", empty="", size="2")
    found = live({"cpu": "1", "size": "1"}, {"cpu": "git-wild", "size": "git-wild"})
    each = ObjectStates(identify(head), head, deployed, found, Refusal("field is immutable"))
    [difference] = classify_drift(AppStates("app", [each]))
    assert (difference.kind, difference.field) == (DriftClass.PENDING, "data.size")


def scaled(manager: str, subresource: str = "", operation: str = "Update") -> ObjectStates:
    """Return a workload of which git says 3 replicas, and the cluster has 5 by this manager."""
    entry = {
        "manager": manager,
        "operation": operation,
        "time": TIME,
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    metadata = {"name": "web", "namespace": "n"}
    head: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": 3},
    }
    managed = [entry | ({"subresource": subresource} if subresource else {})]
    found = {**head, "metadata": {**metadata, "managedFields": managed}, "spec": {"replicas": 5}}
    return ObjectStates(identify(head), head, head, found, head)


def test_scaling_is_a_persons_or_a_controllers() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    autoscaler = {"metadata": {"name": "web", "namespace": "n"}, "spec": {"scaleTargetRef": target}}
    cases: list[tuple[ObjectStates, list[Object], DriftClass]] = [
        (scaled("kubectl", "scale"), [], DriftClass.DRIFTED),
        (scaled("keda-operator", "scale"), [], DriftClass.CONTROLLER),
        (scaled("kube-controller-manager", "scale"), [], DriftClass.CONTROLLER),
        (scaled("kubectl", "scale"), [autoscaler], DriftClass.CONTROLLER),
        (scaled("git-wild", operation="Apply"), [autoscaler], DriftClass.CONTROLLER),
        (scaled("git-wild", operation="Apply"), [], DriftClass.DRIFTED),
    ]
    for each, autoscalers, expected in cases:
        times = {each.resource: "2026-02-02T00:00:00Z"}
        [found] = classify_drift(AppStates("app", [each], autoscalers=autoscalers, scaled_at=times))
        assert found.kind is expected
    assert found.writer is not None, "an older server, which does not record who scales"
    assert (found.writer.manager, found.writer.subresource) == ("", "scale")
    assert found.writer.time == "2026-02-02T00:00:00Z"


def test_strangers_are_what_people_made_by_hand() -> None:
    def made(*managers: str, **metadata: Any) -> Object:
        managed = [{"manager": manager, "operation": "Update"} for manager in managers]
        return {"kind": "ConfigMap", "metadata": {"name": "x", "managedFields": managed, **metadata}}

    assert is_stranger(made("kubectl-create"), "app")
    assert is_stranger(made("kubectl-client-side-apply", "kube-controller-manager"), "app")
    assert is_stranger(made("helm", labels={"wild.cloud/app": "app"}), "app")
    assert not is_stranger(made("kube-controller-manager", "kubectl-label"), "app")
    assert not is_stranger(made("kubectl-create", ownerReferences=[{"kind": "Job"}]), "app")
    assert not is_stranger(made("cert-manager"), "app")


def test_writers_are_found_at_elements_and_in_atomic_values() -> None:
    obj = {
        "metadata": {
            "managedFields": [
                {
                    "manager": "one",
                    "time": "1",
                    "fieldsV1": {"f:spec": {"f:args": {}, "f:items": {'k:{"name":"a"}': {"f:image": {}}}}},
                },
                {
                    "manager": "two",
                    "time": "2",
                    "fieldsV1": {"f:spec": {"f:items": {'k:{"name":"b"}': {".": {}}}}},
                },
            ]
        },
        "spec": {"args": ["x"], "items": [{"name": "b"}, {"name": "a", "image": "i"}]},
    }
    cases = {
        ("spec", "items", "[a]", "image"): ["one"],
        ("spec", "items", "[b]"): ["two"],
        ("spec", "items", "[a]", "other"): [],
        ("spec", "args", "0"): ["one"],
        ("spec", "items"): ["two", "one"],
    }
    for path, managers in cases.items():
        assert [writer.manager for writer in field_writers(obj, path)] == managers, path


def test_lost_fields_are_those_that_others_wrote_and_numbers_that_moved() -> None:
    desired = config(a="1", b="2") | {"number": 3}
    found = live({"a": "1", "b": "9"}, {"a": "git-wild", "b": "kubectl-edit"}) | {"number": 4}
    found["metadata"]["managedFields"][0]["fieldsV1"]["f:number"] = {}
    assert lost_fields(desired, found) == [("data", "b"), ("number",)]
    assert lost_fields(
        desired | {"readOnly": False, "text": "", "emptyDir": {}}, found | {"emptyDir": {}}
    ) == [
        ("data", "b"),
        ("number",),
    ], "what the server leaves out or does not record is no loss"


ELEMENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from("abc"),
            "port": st.integers(1, 3),
            "protocol": st.just("TCP"),
            "mountPath": st.sampled_from(["/a", "/b"]),
            "value": st.integers(0, 2),
        },
    ),
    max_size=3,
)


@given(ELEMENTS, ELEMENTS)
def test_every_change_is_found_where_its_path_says(old: list[Any], new: list[Any]) -> None:
    before, after = ({"metadata": {}, "spec": {"items": items}} for items in (old, new))
    changes = changed_fields(before, after)
    assert bool(changes) == (old != new)
    for change in changes:
        if change.path[-1] != "[order]":
            assert value_at(before, change.path) == change.old
            assert value_at(after, change.path) == change.new


def test_rules_need_a_reason_and_an_end_and_cover_what_lies_inside() -> None:
    values = {
        "wild-ignore.web deployment/web spec.template.reason": "why.not",
        "wild-ignore.web deployment/web spec.template.until": "2026-05-01",
        "wild.branch": "main",
    }
    [rule] = read_rules(values)
    assert rule == IgnoreRule("web", FieldName("deployment/web", "spec.template"), "why.not", "2026-05-01")
    assert rule.name.covers("deployment/web", "spec.template.spec")
    assert not rule.name.covers("deployment/web", "spec.templates")
    assert not rule.name.covers("deployment/other", "spec.template")
    assert split_expired([rule], "2026-05-01") == ([rule], [])
    assert split_expired([rule], "2026-05-02") == ([], [rule])
    for missing in list(values)[:2]:
        with pytest.raises(InputError, match="a rule needs"):
            read_rules({key: value for key, value in values.items() if key != missing})
    for broken in ("tomorrow", "2026-13-01"):
        with pytest.raises(InputError, match="is no date"):
            read_rules({**values, list(values)[1]: broken})


@pytest.mark.parametrize(
    ("text", "resource", "field"),
    [
        ("deployment/web:spec.replicas", "deployment/web", "spec.replicas"),
        ("Deployment/web", "deployment/web", ""),
        ("spec.template.spec.containers[web].image", "*", "spec.template.spec.containers[web].image"),
        ("metadata.annotations.example.com/x:y", "*", "metadata.annotations.example.com/x:y"),
    ],
)
def test_fields_are_named_as_they_are_shown(text: str, resource: str, field: str) -> None:
    assert parse_field(text) == FieldName(resource, field)
    for broken in ("", "a b", "/x", ".spec"):
        with pytest.raises(InputError):
            parse_field(broken)


def test_ignored_difference_does_not_count() -> None:
    obj = config(k="1")
    each = ObjectStates(identify(obj), obj, obj, live({"k": "2"}, {"k": "kubectl-edit"}), config(k="1"))
    rule = IgnoreRule("app", FieldName("*", "data"), "because", "2999-01-01")
    for rules, counts in (([], True), ([rule], False)):
        [found] = [d for d in classify_drift(AppStates("app", [each]), rules) if d.field == "data.k"]
        assert found.counts is counts


def test_classes_that_count_are_those_behind_gits_back() -> None:
    counting = {kind.value for kind in DriftClass if kind.is_drift}
    assert counting == {"drifted", "missing", "extra", "secrets"}
    assert not any(kind.is_drift and kind.is_quiet for kind in itertools.chain(DriftClass))
