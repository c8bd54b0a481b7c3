"""What is missing or null is an error that says where, what and what to do."""

from __future__ import annotations

import pytest

from wildgit.core.template import parse
from wildgit.errors import InputError

T = "t:1: template: "
CONTEXT: dict[str, object] = {"apps": {"pg": {"size": None, "list": [1, None]}}, "config": {"x": 1}}


def hint(path: tuple[str, ...]) -> str:
    return f"set {'.'.join(path)}"


@pytest.mark.parametrize(
    ("template", "message", "advice"),
    [
        ("\n\n{{ .apps.pg.storage }}", "t:3: template: .apps.pg.storage is not set", "set apps.pg.storage"),
        (
            "{{ .apps.my.storage }}",
            T + ".apps.my.storage is not set: there is no .apps.my",
            "set apps.my.storage",
        ),
        (
            "{{ with .apps.pg }}\n{{ .port }}{{ end }}",
            "t:2: template: .apps.pg.port is not set",
            "set apps.pg.port",
        ),
        ("{{ $p := .apps.pg }}{{ $p.port }}", T + ".apps.pg.port is not set", "set apps.pg.port"),
        ('{{ index .apps "my" "x" }}', T + "index: .apps.my is not set", "set apps.my"),
        ('{{ (ds "config").y }}', T + ".config.y is not set", "set config.y"),
        ("{{ .apps.pg.size.unit }}", T + ".apps.pg.size is null and has no .unit", "set apps.pg.size.unit"),
        (
            "a\n{{ .apps.pg.size }}",
            "t:2: template: .apps.pg.size is null: a null would be printed",
            "set apps.pg.size",
        ),
        (
            "{{ .apps.pg.size | quote }}",
            T + "quote: .apps.pg.size is null: a null would be printed by quote",
            "set apps.pg.size",
        ),
        ('{{ index . "nope" }}', T + ".nope is null: a null would be printed", "set nope"),
        ("{{ .apps.pg.list }}", T + "a null would be printed", None),
        ('{{ (dict "a" 1).b }}', T + 'the map has no key "b"', None),
        ('{{ ds "other" }}', T + 'ds: no datasource "other"', None),
        (
            "{{ range\n .apps.pg.list }}{{ .x }}{{ end }}",
            "t:2: template: a value of type int has no field .x",
            None,
        ),
        ('{{ fail "not like this" }}', T + "fail: template generation failed: not like this", None),
    ],
)
def test_error_names_path_line_and_what_to_type(template: str, message: str, advice: str | None) -> None:
    with pytest.raises(InputError) as caught:
        parse(template, "t").render(CONTEXT, datasources={"config": CONTEXT["config"]}, hint=hint)
    assert caught.value.message == message
    assert caught.value.hint == advice


def test_a_null_prints_what_go_prints_where_that_is_asked_for() -> None:
    template = parse("{{ .a }} {{ print .a }} {{ .a | quote }} {{ .l }}", "t")
    assert template.render({"a": None, "l": [None]}, strict=False).text == '<no value> <nil> "nil" [<nil>]'


@pytest.mark.parametrize(
    "template", ["{{ .a | default 5 }}", "{{ .a | toJSON }}", "{{ if .a }}{{ else }}5{{ end }}"]
)
def test_a_null_that_is_not_printed_is_no_error(template: str) -> None:
    assert parse(template, "t").render({"a": None}).text in ("5", "null")


def test_values_never_stand_in_errors() -> None:
    secret = "hunter2-hunter2"
    for template in (
        "{{ .s.x }}",
        "{{ range .s }}{{ end }}",
        "{{ add .s 1 }}",
        "{{ index .s `a` }}",
        "{{ eq .s 1 }}",
    ):
        with pytest.raises(InputError) as caught:
            parse(template, "t").render({"s": secret})
        assert secret not in caught.value.message
