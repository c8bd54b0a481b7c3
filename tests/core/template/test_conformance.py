"""The results real Go gave, where the file with them is at hand.

`WILD_SHARED` names the folder with `data/template-conformance.json`; without it, `shared` beside the
repository is tried. The file is not part of the project; our own cases stand in the other modules.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from wildgit.core.template import parse
from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

SHARED = Path(os.environ.get("WILD_SHARED") or Path(__file__).parents[4] / "shared")
CASES_FILE = SHARED / "data" / "template-conformance.json"


def cases() -> list[Any]:
    if not CASES_FILE.exists():
        reason = f"NOT CHECKED AGAINST GO: {CASES_FILE} is missing (see WILD_SHARED)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="no-conformance-file")]
    return [pytest.param(case, id=case["id"]) for case in json.loads(CASES_FILE.read_text())]


@pytest.mark.parametrize("case", cases())
def test_result_is_what_go_gave_or_a_clear_refusal(case: dict[str, Any]) -> None:
    context = load_yaml(case["context_yaml"], "context") if "context_yaml" in case else case["context"]
    expected = case["expect"]
    try:
        template = parse(case["template"], "manifest.tmpl")
        rendered = template.render(context, datasources=case.get("datasources") or {}, strict=False)
    except InputError as error:
        assert error.line is not None
        if "error" not in expected:
            assert case["tier"] == "edge"
            assert "not supported" in error.message
        return
    assert rendered.text == expected.get("output")
