"""Whatever way a side lays out its resources: none is lost, none is doubled, every edit is there."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wildgit.core.merge.files import merge_files

LONG = int(os.environ.get("WILD_LAWS_EXAMPLES", "0"))
NAMES = ("web", "api", "db", "cache", "proxy")
Resources = dict[str, dict[str, str]]


def resource(name: str, fields: dict[str, str]) -> str:
    data = "".join(f"  {key}: {value}\n" for key, value in fields.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{data}"


def lay_out(resources: Resources, places: dict[str, str]) -> dict[str, bytes]:
    """Return the files, each with the resources that `places` puts there, in their order."""
    files: dict[str, list[str]] = {}
    for name, fields in resources.items():
        files.setdefault(places[name], []).append(resource(name, fields))
    return {path: "---\n".join(documents).encode() for path, documents in files.items()}


def edited(resources: Resources, rnd: Random, side: str) -> Resources:
    """Return the resources with this side's own fields changed in some, one perhaps deleted, one added."""
    changed = {name: dict(fields) for name, fields in resources.items()}
    for name, fields in changed.items():
        if rnd.random() < 0.5:
            fields[side] = f"{side}-{name}"
    if rnd.random() < 0.3:
        changed[f"new-{side}"] = {"only": side}
    return changed


def read(files: dict[str, bytes]) -> Counter[str]:
    return Counter(
        document["metadata"]["name"] for text in files.values() for document in yaml.safe_load_all(text)
    )


def find(files: dict[str, bytes], name: str) -> dict[str, str]:
    (found,) = [
        document["data"]
        for text in files.values()
        for document in yaml.safe_load_all(text)
        if document["metadata"]["name"] == name
    ]
    return dict(found)


@settings(max_examples=LONG or 150, derandomize=not LONG, deadline=None, database=None)
@given(seed=st.integers(0, 2**40), movers=st.sampled_from(["theirs", "ours", "both", "none"]))
def test_resources_and_edits_survive_every_change_of_layout(seed: int, movers: str) -> None:
    rnd = Random(seed)
    names = rnd.sample(NAMES, rnd.randint(1, 5))
    base = {name: {"a": "one", "ours": "base", "b": "two", "theirs": "base", "c": "three"} for name in names}
    ours, theirs = edited(base, rnd, "ours"), edited(base, rnd, "theirs")
    paths = [f"{letter}.yaml" for letter in "pqrs"]
    place = {name: rnd.choice(paths) for name in (*names, "new-ours", "new-theirs")}
    our_place = {name: rnd.choice(paths) for name in place} if movers in ("ours", "both") else place
    their_place = {name: rnd.choice(paths) for name in place} if movers in ("theirs", "both") else place
    merge = merge_files(lay_out(base, place), lay_out(ours, our_place), lay_out(theirs, their_place))
    result = {file.path: file.content for file in merge.files if file.content is not None}
    if not merge.clean:
        # Both put one resource elsewhere, or one added to a file that the other emptied.
        text = b"".join(text for text in result.values())
        for name in names:
            assert f"ours-{name}".encode() in text or ours[name]["ours"] == "base"
            assert f"theirs-{name}".encode() in text or theirs[name]["theirs"] == "base"
        return
    wanted = {*names, *(ours.keys() - base.keys()), *(theirs.keys() - base.keys())}
    assert read(result) == Counter(wanted)
    for name in names:
        fields = {**base[name], "ours": ours[name]["ours"], "theirs": theirs[name]["theirs"]}
        assert find(result, name) == fields
    if movers != "both":
        for name in names:
            target = our_place[name] if movers == "ours" else their_place[name]
            assert name in {d["metadata"]["name"] for d in yaml.safe_load_all(result[target])}


@settings(max_examples=LONG or 100, derandomize=not LONG, deadline=None, database=None)
@given(seed=st.integers(0, 2**40))
def test_layout_that_only_theirs_changed_is_a_clean_merge(seed: int) -> None:
    rnd = Random(seed)
    names = rnd.sample(NAMES, rnd.randint(1, 5))
    base = {name: {"a": "one", "ours": "base", "b": "two", "theirs": "base", "c": "three"} for name in names}
    ours = {name: {**fields, "ours": f"ours-{name}"} for name, fields in base.items()}
    place = {name: rnd.choice(("p.yaml", "q.yaml")) for name in names}
    their_place = {name: rnd.choice(("q.yaml", "r.yaml", "s.yaml")) for name in names}
    merge = merge_files(lay_out(base, place), lay_out(ours, place), lay_out(base, their_place))
    assert merge.clean
    result = {file.path: file.content for file in merge.files if file.content is not None}
    assert result == lay_out(ours, their_place)
