"""The language itself: trim markers, scopes, control flow, calls of templates, truth, comparison."""

from __future__ import annotations

from typing import Any

import pytest

from wildgit.core.template import parse
from wildgit.errors import InputError

CONTEXT: dict[str, Any] = {
    "app": "blog",
    "port": 8080,
    "ratio": 2.0,
    "on": True,
    "off": False,
    "blank": "",
    "null": None,
    "tags": ["x", "y", "z"],
    "db": {"host": "pg", "port": 5432},
    "groups": [{"n": "one", "m": [1, 2]}, {"n": "two", "m": []}],
    "huge": (1 << 64) - 1,
}


def render(template: str, context: object = CONTEXT, **options: Any) -> str:
    return parse(template, "t.yaml").render(context, **options).text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a: {{ .app }}\n", "a: blog\n"),
        ("a\n  {{- /* gone */ -}}\n b", "ab"),
        ("a {{- .app -}} b", "ablogb"),
        ("a {{-/* no space */}}", None),
        ("{{-4}}|{{- -4 -}} |", "-4|-4|"),
        ("{{ `raw {{ .x }} \\n` }}", "raw {{ .x }} \\n"),
        (r'{{ "tab\there \u00e9 \x41 \"q\"" }}', 'tab\there é A "q"'),
        (
            "{{ 'b' }} {{ 0x10 }} {{ 0b11 }} {{ 0o17 }} {{ 1_000 }} {{ 1e2 }} {{ .5 }}",
            "98 16 3 15 1000 100 0.5",
        ),
        ("{{\n  .db\n}}", "map[host:pg port:5432]"),
        ("{{ .db.host }}:{{ .db.port }}", "pg:5432"),
        ("{{ $.app }}{{ with .db }}{{ $.app }}{{ .host }}{{ end }}", "blogblogpg"),
        ("{{ (index .groups 0).n }}", "one"),
        ("{{ .tags }}", "[x y z]"),
        ("{{ .huge }} {{ .ratio }}", "18446744073709551615 2"),
    ],
)
def test_text_and_values(template: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(InputError):
            render(template)
    else:
        assert render(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ if .on }}y{{ else }}n{{ end }}", "y"),
        ("{{ if .blank }}1{{ else if .null }}2{{ else if .port }}3{{ else }}4{{ end }}", "3"),
        ("{{ with .blank }}1{{ else with .db }}{{ .host }}{{ end }}", "pg"),
        ("{{ with $d := .db }}{{ $d.host }}{{ .port }}{{ end }}", "pg5432"),
        ("{{ range .tags }}{{ . }},{{ end }}", "x,y,z,"),
        ("{{ range $i, $t := .tags }}{{ $i }}{{ $t }}{{ end }}", "0x1y2z"),
        ("{{ range $k, $v := .db }}{{ $k }}={{ $v }};{{ end }}", "host=pg;port=5432;"),
        ("{{ range .null }}x{{ else }}none{{ end }}", "none"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range .tags }}{{ if eq . `y` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "xz"),
        ("{{ range .tags }}{{ if eq . `y` }}{{ break }}{{ end }}{{ . }}{{ end }}", "x"),
        ("{{ range .groups }}{{ range .m }}{{ break }}{{ end }}{{ .n }} {{ end }}", "one two "),
        ("{{ $x := 1 }}{{ if .on }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if .on }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
        ("{{ $l := `` }}{{ range $i, $l = .tags }}{{ end }}{{ $l }}", None),
        ("{{ $i := 0 }}{{ $l := `` }}{{ range $i, $l = .tags }}{{ end }}{{ $i }}{{ $l }}", "2z"),
        ("{{ range $t := .tags }}{{ $t := `s` }}{{ $t }}{{ end }}", "sss"),
        ("{{ define `t` }}<{{ .host }}>{{ end }}{{ template `t` .db }}", "<pg>"),
        ("{{ template `t` . }}{{ define `t` }}{{ .app }}{{ end }}", "blog"),
        ("{{ block `b` .db }}{{ .port }}{{ end }}", "5432"),
        (
            "{{ define `f` }}{{ with . }}{{ . }}{{ template `f` slice . 1 }}{{ end }}{{ end }}"
            "{{ template `f` `abc` }}",
            "abcbcc",
        ),
    ],
)
def test_control_flow(template: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(InputError):
            render(template)
    else:
        assert render(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ .app | printf "%s-%s" "my" }}', "my-blog"),
        ("{{ (len .tags) }}", "3"),
        ("{{ eq .port 1 8080 }} {{ ne .app `x` }}", "true true"),
        ("{{ lt 1 2 }} {{ le 2 2 }} {{ gt `b` `a` }} {{ ge 1.5 2.5 }}", "true true true false"),
        ("{{ eq .null nil }} {{ eq .null `` }} {{ ne .tags nil }}", "true false true"),
        ("{{ and .on .app }} {{ and .off .missing }}", "blog false"),
        ("{{ or .blank .app }} {{ or .on .missing }}", "blog true"),
        ("{{ .app | or .blank }}{{ not .tags }}", "blogfalse"),
        ("{{ index .tags 1 }}{{ index .db `host` }}{{ index .groups 0 `m` 1 }}", "ypg2"),
        ("{{ slice .app 1 3 }} {{ slice .tags 1 }} {{ len `é` }}", "lo [y z] 2"),
        ("{{ print 1 2 `a` 3 true }} {{ println `a` 1 }}", "1 2a3 true a 1\n"),
        (
            "{{ html `<a href='x'>` }} {{ js `it's <b>` }} {{ urlquery `a b&c` }}",
            "&lt;a href=&#39;x&#39;&gt; it\\'s \\u003Cb\\u003E a+b%26c",
        ),
    ],
)
def test_pipelines_and_builtin_functions(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ eq .port 8080.0 }}",
        "{{ eq .port `8080` }}",
        "{{ eq .tags .tags }}",
        "{{ lt .on .off }}",
        "{{ lt .null 1 }}",
        "{{ index .tags 3 }}",
        "{{ index .tags -1 }}",
        "{{ index .tags `0` }}",
        "{{ index .db 1 }}",
        "{{ index .null `a` }}",
        "{{ slice .app 3 1 }}",
        "{{ slice .db 1 }}",
        "{{ len .port }}",
        "{{ range .app }}{{ end }}",
        "{{ range .ratio }}{{ end }}",
        "{{ range $i, $x := 3 }}{{ end }}",
        "{{ .app.upper }}",
        "{{ .tags.copy }}",
        "{{ .app.__class__ }}",
        "{{ .null.x }}",
        "{{ .app 1 }}",
        "{{ 1 | .app }}",
        "{{ nil }}",
        "{{ not }}",
        "{{ template `nope` }}",
        "{{ printf .port }}",
        "{{ 9223372036854775808 }}",
        "{{ $x = 1 }}",
        "{{ range .huge }}{{ end }}",
    ],
)
def test_what_go_refuses_to_run_is_an_error(template: str) -> None:
    parsed = parse(template, "t.yaml")
    with pytest.raises(InputError, match=r"^t\.yaml:1: template: "):
        parsed.render(CONTEXT, strict=False)


@pytest.mark.parametrize(
    "template",
    [
        "{{ .a",
        "{{ }}",
        "{{ if }}{{ end }}",
        "{{ if 1 }}",
        "{{ end }}",
        "{{ else }}",
        "{{ if 1 }}{{ else }}{{ else }}{{ end }}",
        "{{ if 1 }}{{ else with 1 }}{{ end }}",
        "{{ range 1 }}{{ else if 1 }}{{ end }}",
        "{{ break }}",
        "{{ range 1 }}{{ else }}{{ continue }}{{ end }}",
        "{{ range 1 }}{{ break 1 }}{{ end }}",
        "{{ .a..b }}",
        "{{ .a-b }}",
        "{{ ..a }}",
        '{{ "a".b }}',
        "{{ (.a }}",
        "{{ .a) }}",
        "{{ () }}",
        "{{ .a | 1 }}",
        "{{ | .a }}",
        "{{ .a, .b }}",
        "{{ $x }}",
        "{{ if 1 }}{{ $x := 1 }}{{ end }}{{ $x }}",
        "{{ $a, $b := .c }}",
        "{{ range $a, $b, $c := .d }}{{ end }}",
        "{{ define `a` }}{{ end }}{{ if 1 }}{{ define `b` }}{{ end }}{{ end }}",
        "{{ define `a` }}1{{ end }}{{ define `a` }}2{{ end }}",
        "{{ define .a }}{{ end }}",
        "{{ define `a` }}{{ else }}{{ end }}",
        "{{ template .a }}",
        "{{ block `b` }}{{ end }}",
        "{{ /* x */ }}",
        "{{/* x }}",
        "{{/* x */ .a }}",
        '{{ "a }}',
        '{{ "\\q" }}',
        "{{ `a }}",
        "{{ 'ab' }}",
        "{{ '' }}",
        "{{ 10Gi }}",
        "{{ 1__0 }}",
        "{{ 08 }}",
        "{{ 99999999999999999999 }}",
        "{{ 1i }}",
        "{{ nope }}",
        "{{ strings.Nope 1 }}",
        "{{ strings }}",
        "{{ nope.Func }}",
        "{{ .a ? }}",
        "{{ .a\u00b2 }}",
        "{{ \x00 }}",
        "{% if a %}{{ a }}",
    ],
)
def test_what_does_not_parse_is_an_error(template: str) -> None:
    with pytest.raises(InputError, match=r"^dir/t\.yaml:2: template: "):
        parse("line: one\n" + template, "dir/t.yaml")
