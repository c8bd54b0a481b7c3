"""Resources are followed to the file that a side moved them to, with their exact text."""

from __future__ import annotations

from wildgit.core.merge.manifest_file import join_documents, split_documents
from wildgit.core.merge.resources import follow_moves

DEPLOYMENT = b"""\
# the server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1   # one
"""
SERVICE = b"apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: ClusterIP\n"
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  LEVEL: info\n"
OUR_DEPLOYMENT = DEPLOYMENT.replace(b"replicas: 1", b"replicas: 3")
OUR_SERVICE = SERVICE.replace(b"ClusterIP", b"NodePort")


def stream(*documents: bytes) -> bytes:
    return b"---\n".join(documents)


def test_nothing_moved_changes_nothing() -> None:
    base, ours, theirs = {"a.yaml": SERVICE}, {"a.yaml": OUR_SERVICE}, {"a.yaml": SERVICE + b"# x\n"}
    followed = follow_moves(base, ours, theirs)
    assert (followed.base, followed.ours, followed.theirs, followed.moves) == (base, ours, theirs, ())


def test_renamed_file_takes_our_edit_along() -> None:
    followed = follow_moves({"a.yaml": DEPLOYMENT}, {"a.yaml": OUR_DEPLOYMENT}, {"b.yaml": DEPLOYMENT})
    assert followed.base == {"b.yaml": DEPLOYMENT}
    assert followed.ours == {"b.yaml": OUR_DEPLOYMENT}
    assert [(move.source, move.target, move.moved_by) for move in followed.moves] == [
        ("a.yaml", "b.yaml", "theirs")
    ]


def test_split_file_takes_each_edit_to_its_part() -> None:
    followed = follow_moves(
        {"all.yaml": stream(DEPLOYMENT, SERVICE)},
        {"all.yaml": stream(OUR_DEPLOYMENT, OUR_SERVICE)},
        {"deployment.yaml": DEPLOYMENT, "service.yaml": SERVICE},
    )
    assert followed.base == {"deployment.yaml": DEPLOYMENT, "service.yaml": SERVICE}
    assert followed.ours == {"deployment.yaml": OUR_DEPLOYMENT, "service.yaml": OUR_SERVICE}


def test_joined_files_take_their_edits_into_the_order_of_theirs() -> None:
    followed = follow_moves(
        {"deployment.yaml": DEPLOYMENT, "service.yaml": SERVICE},
        {"deployment.yaml": OUR_DEPLOYMENT, "service.yaml": OUR_SERVICE},
        {"all.yaml": stream(SERVICE, DEPLOYMENT)},
    )
    assert followed.base == {"all.yaml": stream(SERVICE, DEPLOYMENT)}
    assert followed.ours == {"all.yaml": stream(OUR_SERVICE, OUR_DEPLOYMENT)}


def test_one_resource_moves_between_files_that_stay() -> None:
    followed = follow_moves(
        {"a.yaml": stream(DEPLOYMENT, SERVICE), "b.yaml": CONFIG},
        {"a.yaml": stream(DEPLOYMENT, OUR_SERVICE), "b.yaml": CONFIG},
        {"a.yaml": DEPLOYMENT, "b.yaml": stream(CONFIG, SERVICE)},
    )
    assert followed.base == {"a.yaml": DEPLOYMENT, "b.yaml": stream(CONFIG, SERVICE)}
    assert followed.ours == {"a.yaml": DEPLOYMENT, "b.yaml": stream(CONFIG, OUR_SERVICE)}


def test_our_own_layout_is_kept_and_their_edit_comes_to_it() -> None:
    edited = SERVICE.replace(b"ClusterIP", b"LoadBalancer")
    followed = follow_moves(
        {"all.yaml": stream(DEPLOYMENT, SERVICE)},
        {"all.yaml": DEPLOYMENT, "mine.yaml": SERVICE},
        {"all.yaml": stream(DEPLOYMENT, edited)},
    )
    assert followed.base == {"all.yaml": DEPLOYMENT, "mine.yaml": SERVICE}
    assert followed.ours == {"all.yaml": DEPLOYMENT, "mine.yaml": SERVICE}
    assert followed.theirs == {"all.yaml": DEPLOYMENT, "mine.yaml": edited}


def test_moved_differently_by_both_goes_where_ours_put_it_and_is_contested() -> None:
    followed = follow_moves(
        {"all.yaml": stream(DEPLOYMENT, SERVICE)},
        {"all.yaml": DEPLOYMENT, "mine.yaml": SERVICE},
        {"all.yaml": DEPLOYMENT, "yours.yaml": OUR_SERVICE},
    )
    assert followed.base == {"all.yaml": DEPLOYMENT, "mine.yaml": SERVICE}
    assert followed.theirs == {"all.yaml": DEPLOYMENT, "mine.yaml": OUR_SERVICE}
    assert [(move.target, move.contested) for move in followed.moves] == [("mine.yaml", "yours.yaml")]


def test_moved_to_one_file_by_both_is_one_move() -> None:
    followed = follow_moves(
        {"all.yaml": stream(DEPLOYMENT, SERVICE)},
        {"all.yaml": DEPLOYMENT, "service.yaml": OUR_SERVICE},
        {"all.yaml": DEPLOYMENT, "service.yaml": SERVICE},
    )
    assert followed.base == {"all.yaml": DEPLOYMENT, "service.yaml": SERVICE}
    assert followed.ours["service.yaml"] == OUR_SERVICE


def test_repeated_resource_is_not_followed() -> None:
    base = {"a.yaml": stream(SERVICE, SERVICE), "b.yaml": DEPLOYMENT}
    theirs = {"a.yaml": SERVICE, "b.yaml": stream(DEPLOYMENT, SERVICE)}
    followed = follow_moves(base, {**base, "a.yaml": stream(OUR_SERVICE, SERVICE)}, theirs)
    assert (followed.base, followed.moves) == (base, ())


def test_resource_that_we_deleted_stays_deleted_where_it_went() -> None:
    followed = follow_moves(
        {"a.yaml": stream(DEPLOYMENT, SERVICE)},
        {"a.yaml": DEPLOYMENT},
        {"a.yaml": DEPLOYMENT, "b.yaml": SERVICE},
    )
    assert followed.base == {"a.yaml": DEPLOYMENT, "b.yaml": SERVICE}
    assert followed.ours == {"a.yaml": DEPLOYMENT}


def test_what_we_added_to_a_file_that_upstream_emptied_is_not_dropped() -> None:
    followed = follow_moves(
        {"a.yaml": DEPLOYMENT}, {"a.yaml": stream(OUR_DEPLOYMENT, CONFIG)}, {"b.yaml": DEPLOYMENT}
    )
    assert followed.base == {"a.yaml": b"", "b.yaml": DEPLOYMENT}
    assert followed.ours == {"a.yaml": CONFIG, "b.yaml": OUR_DEPLOYMENT}


def test_file_that_was_emptied_and_filled_anew_is_an_addition() -> None:
    followed = follow_moves(
        {"a.yaml": DEPLOYMENT}, {"a.yaml": OUR_DEPLOYMENT}, {"a.yaml": CONFIG, "b.yaml": DEPLOYMENT}
    )
    assert followed.base == {"b.yaml": DEPLOYMENT}
    assert followed.ours == {"b.yaml": OUR_DEPLOYMENT}


def test_script_is_followed_when_most_of_its_lines_stay() -> None:
    script = b"#!/bin/sh\nset -eu\none\ntwo\nthree\n"
    edited = script.replace(b"one", b"ONE")
    followed = follow_moves({"run.sh": script}, {"run.sh": edited}, {"start.sh": script + b"four\n"})
    assert followed.base == {"start.sh": script}
    assert followed.ours == {"start.sh": edited}
    other = {"stop.sh": b"#!/bin/sh\nkill 1\n"}
    assert follow_moves({"run.sh": script}, {"run.sh": edited}, other).moves == ()


def test_broken_manifest_is_left_where_it_is() -> None:
    base = {"a.yaml": b"kind: [\n"}
    theirs = {"b.yaml": DEPLOYMENT}
    assert follow_moves(base, {"a.yaml": b"kind: [x\n"}, theirs).base == base


def test_documents_are_the_file_byte_for_byte() -> None:
    for text in (
        stream(DEPLOYMENT, SERVICE),
        b"---\n" + stream(DEPLOYMENT, SERVICE),
        b"# head\n--- # first\n" + DEPLOYMENT + b"---\r\n" + SERVICE.replace(b"\n", b"\r\n"),
        b"a: |\n  ---\n  x\n---\nb: 1",
        b"---",
        b"",
    ):
        documents = split_documents(text)
        assert documents is not None
        assert join_documents(documents) == text
