"""The merge of an app's files, path by path: contents, stages and what is a conflict."""

from __future__ import annotations

from wildgit.core.merge import MergeOptions
from wildgit.core.merge.files import FilesMerge, MergedFile, merge_files

VALUES = b"image: web:1\nreplicas: 1\n"
OURS = b"image: web:1\nreplicas: 2\n"
THEIRS = b"image: web:2\nreplicas: 1\n"
MERGED = b"image: web:2\nreplicas: 2\n"
SERVICE = b"apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: ClusterIP\n  ports: []\n"
OUR_SERVICE = SERVICE.replace(b"ClusterIP", b"NodePort")
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  LEVEL: info\n"


def contents(merge: FilesMerge) -> dict[str, bytes | None]:
    return {file.path: file.content for file in merge.files}


def only_conflict(merge: FilesMerge) -> MergedFile:
    (file,) = merge.conflicts
    return file


def test_each_path_is_merged_by_itself() -> None:
    merge = merge_files(
        {"a.yaml": VALUES, "b.yaml": VALUES, "gone.yaml": VALUES},
        {"a.yaml": OURS, "b.yaml": VALUES, "gone.yaml": VALUES, "mine.yaml": b"a: 1\n"},
        {"a.yaml": THEIRS, "b.yaml": THEIRS, "new.yaml": b"b: 1\n"},
    )
    assert merge.clean
    assert contents(merge) == {
        "a.yaml": MERGED,
        "b.yaml": THEIRS,
        "gone.yaml": None,
        "mine.yaml": b"a: 1\n",
        "new.yaml": b"b: 1\n",
    }


def test_conflict_has_markers_and_three_stages() -> None:
    theirs = b"image: web:1\nreplicas: 3\n"
    file = only_conflict(merge_files({"a.yaml": VALUES}, {"a.yaml": OURS}, {"a.yaml": theirs}))
    assert file.content == b"image: web:1\n<<<<<<< ours\nreplicas: 2\n=======\nreplicas: 3\n>>>>>>> theirs\n"
    assert file.stages == (VALUES, OURS, theirs)
    assert file.conflicts[0].path == ("replicas",)


def test_options_reach_the_merge() -> None:
    merge = merge_files(
        {"a.yaml": b"a: 1\n"}, {"a.yaml": b"a: 2\n"}, {"a.yaml": b"a: 3\n"}, MergeOptions(favor="theirs")
    )
    assert contents(merge) == {"a.yaml": b"a: 3\n"}


def test_changed_here_and_deleted_there_is_a_conflict_that_keeps_the_change() -> None:
    file = only_conflict(merge_files({"a.yaml": VALUES}, {"a.yaml": OURS}, {}))
    assert (file.content, file.stages) == (OURS, (VALUES, OURS, None))
    file = only_conflict(merge_files({"a.yaml": VALUES}, {}, {"a.yaml": THEIRS}))
    assert (file.content, file.stages) == (THEIRS, (VALUES, None, THEIRS))


def test_both_add_one_file_and_it_is_merged_against_nothing() -> None:
    merge = merge_files({}, {"a.yaml": b"a: 1\nb: 1\n"}, {"a.yaml": b"a: 1\nc: 1\n"})
    assert contents(merge) == {"a.yaml": b"a: 1\nb: 1\nc: 1\n"}


def test_binary_that_both_changed_is_a_conflict_that_leaves_ours() -> None:
    file = only_conflict(merge_files({"a": b"\0a"}, {"a": b"\0b"}, {"a": b"\0c"}))
    assert (file.content, file.stages) == (b"\0b", (b"\0a", b"\0b", b"\0c"))


def test_binary_that_one_side_changed_is_taken() -> None:
    assert contents(merge_files({"a": b"\0a"}, {"a": b"\0a"}, {"a": b"\0c"})) == {"a": b"\0c"}


def test_customised_resource_is_merged_in_the_file_upstream_moved_it_to() -> None:
    upstream = SERVICE.replace(b"ports: []", b"ports: [{port: 80}]")
    merge = merge_files({"all.yaml": SERVICE}, {"all.yaml": OUR_SERVICE}, {"service.yaml": upstream})
    assert merge.clean
    assert contents(merge) == {
        "all.yaml": None,
        "service.yaml": upstream.replace(b"ClusterIP", b"NodePort"),
    }
    assert [(move.source, move.target) for move in merge.moves] == [("all.yaml", "service.yaml")]


def test_kustomization_follows_with_its_own_edits() -> None:
    listed = "kind: Kustomization\nresources:\n- {}\n".format
    merge = merge_files(
        {"all.yaml": SERVICE, "kustomization.yaml": listed("all.yaml").encode()},
        {
            "all.yaml": OUR_SERVICE,
            "backup.yaml": CONFIG,
            "kustomization.yaml": listed("all.yaml\n- backup.yaml").encode(),
        },
        {"service.yaml": SERVICE, "kustomization.yaml": listed("service.yaml").encode()},
    )
    result = contents(merge)
    assert result["service.yaml"] == OUR_SERVICE
    assert result["all.yaml"] is None
    assert result["backup.yaml"] == CONFIG
    assert result["kustomization.yaml"] == listed("service.yaml\n- backup.yaml").encode()


def test_what_we_added_to_a_file_that_upstream_emptied_is_a_conflict() -> None:
    ours = OUR_SERVICE + b"---\n" + CONFIG
    merge = merge_files({"all.yaml": SERVICE}, {"all.yaml": ours}, {"service.yaml": SERVICE})
    assert contents(merge) == {"all.yaml": CONFIG, "service.yaml": OUR_SERVICE}
    assert only_conflict(merge).path == "all.yaml"


def test_resource_moved_to_two_places_is_a_conflict_and_never_there_twice_unnoticed() -> None:
    both = SERVICE + b"---\n" + CONFIG
    merge = merge_files(
        {"all.yaml": both},
        {"all.yaml": SERVICE, "mine.yaml": CONFIG},
        {"all.yaml": SERVICE, "yours.yaml": CONFIG},
    )
    file = only_conflict(merge)
    assert (file.path, file.content) == ("mine.yaml", CONFIG)
    assert "ConfigMap web: ours moved it here, theirs to yours.yaml" in file.conflicts[0].reason
    assert contents(merge)["yours.yaml"] is None


def test_file_without_resources_that_both_renamed_is_merged_where_ours_put_it_and_a_conflict() -> None:
    script = b"#!/bin/sh\none\ntwo\nthree\nfour\n"
    mine, yours = script.replace(b"one", b"ONE"), script.replace(b"four", b"FOUR")
    merge = merge_files({"run.sh": script}, {"mine.sh": mine}, {"yours.sh": yours})
    file = only_conflict(merge)
    assert (file.path, file.content) == ("mine.sh", mine.replace(b"four", b"FOUR"))
    assert "run.sh: ours moved it here, theirs to yours.sh" in file.conflicts[0].reason
    assert {path for path, content in contents(merge).items() if content is not None} == {"mine.sh"}


def test_resource_that_both_add_in_different_files_is_a_conflict() -> None:
    merge = merge_files(
        {"a.yaml": SERVICE}, {"a.yaml": SERVICE, "b.yaml": CONFIG}, {"a.yaml": SERVICE, "c.yaml": CONFIG}
    )
    assert only_conflict(merge).path == "c.yaml"


def test_resource_that_a_side_has_twice_already_is_none_of_our_business() -> None:
    files = {"a.yaml": CONFIG, "overlay/a.yaml": CONFIG}
    assert merge_files(files, {**files, "b.yaml": b"a: 1\n"}, {**files, "c.yaml": b"a: 1\n"}).clean


def test_same_upstream_again_changes_nothing() -> None:
    theirs = {"all.yaml": SERVICE.replace(b"[]", b"[{port: 80}]")}
    first = merge_files({"all.yaml": SERVICE}, {"all.yaml": OUR_SERVICE}, theirs)
    again = merge_files(theirs, {path: text for path, text in contents(first).items() if text}, theirs)
    assert contents(again) == contents(first)


def test_edits_between_two_updates_are_kept() -> None:
    first = merge_files({"a.yaml": VALUES}, {"a.yaml": OURS}, {"a.yaml": THEIRS})
    edited = {"a.yaml": (contents(first)["a.yaml"] or b"") + b"# ours\nextra: true\n"}
    newer = {"a.yaml": b"image: web:3\nreplicas: 1\n"}
    second = merge_files({"a.yaml": THEIRS}, edited, newer)
    assert contents(second) == {"a.yaml": b"image: web:3\nreplicas: 2\n# ours\nextra: true\n"}
