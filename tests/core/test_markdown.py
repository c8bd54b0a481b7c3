"""Markdown that a forge shows as it was meant, whatever strangers wrote into it."""

from __future__ import annotations

import pytest

from wildgit.core.markdown import Section, code, details, document, fenced_line, table


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("fixes #12, @all", "`fixes #12, @all`"),
        ("<img src=x>", "`<img src=x>`"),
        ("a | b", "`a \\| b`"),
        ("one\n/merge\ntwo", "`one /merge two`"),
        ("a `b` c", "``a `b` c``"),
        ("`", "`` ` ``"),
        ("pay\u202eload\u200b", "`payload`"),
        ("\x1b[31m", "`[31m`"),
        ("", ""),
    ],
)
def test_text_of_strangers_is_a_code_span_on_one_line(text: str, span: str) -> None:
    assert code(text) == span


def test_a_line_cannot_end_its_fence() -> None:
    assert "```" not in fenced_line("+ data: ```\n```")
    assert "\n" not in fenced_line("a\nb")


def test_a_long_document_loses_its_last_lines_and_says_so() -> None:
    rows = [(code(f"app-{n}"), "x" * 50) for n in range(2_000)]
    folded = details("Fields", [f"+ {n}" for n in range(30_000)], fence="diff")
    text = document([Section("# Plan"), table(("app", "what"), rows), folded], limit=20_000)
    assert len(text) <= 20_000
    assert text.startswith("# Plan\n\n| app | what |\n| --- | --- |\n| `app-0` |")
    assert "more lines would be too long" in text
    assert text.count("```") % 2 == 0 and text.count("<details>") == text.count("</details>")


def test_a_document_that_fits_is_whole() -> None:
    text = document([Section("# Plan"), details("Fields", ["+ a: 1"], fence="diff")])
    assert text == "# Plan\n\n<details><summary>Fields</summary>\n\n```diff\n+ a: 1\n```\n\n</details>\n"
