"""merge3 on small files: what is taken, what conflicts, what stays as it was."""

from __future__ import annotations

from wildgit.core.merge import MergeOptions, merge3


def test_edits_of_different_keys_are_both_kept() -> None:
    merged = merge3(b"a: 1\nb: 2\n", b"a: 9\nb: 2\n", b"a: 1\nb: 8\n")
    assert merged.clean
    assert merged.text == b"a: 9\nb: 8\n"


def test_different_edits_of_one_key_conflict() -> None:
    merged = merge3(b"a: 1\nb: 2\n", b"a: 9\nb: 2\n", b"a: 7\nb: 8\n", options=MergeOptions(style="diff3"))
    assert merged.text == (b"<<<<<<< ours\na: 9\n||||||| base\na: 1\n=======\na: 7\n>>>>>>> theirs\nb: 8\n")
    assert [conflict.path for conflict in merged.conflicts] == [("a",)]
