"""The parser of entries on broken YAML, for as many texts as CI has time for; `make fuzz` goes on."""

from __future__ import annotations

from random import Random

from tests.fuzz.fuzz_yaml_tree import findings, seeds_of


def test_no_text_breaks_the_parser_or_the_merge() -> None:
    assert list(findings(Random(1), seeds_of(None), lambda count: count >= 400)) == []
