"""gomplate's functions, and Go's printing of values."""

from __future__ import annotations

from typing import Any

import pytest

from wildgit.core.template import parse
from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

CONTEXT: dict[str, Any] = {
    "s": "My Blog",
    "q": 'it\'s "so"',
    "n": 42,
    "f": 2.5,
    "w": 3.0,
    "t": True,
    "z": None,
    "l": ["b", "a", "b"],
    "m": {"b": 1, "a": {"x": None}},
    "lines": "one\n\ntwo\n",
    "b10": "10",
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ strings.ReplaceAll " " "-" .s | strings.ToLower }}', "my-blog"),
        ('{{ strings.Contains "log" .s }} {{ .s | strings.HasPrefix "my" }}', "true false"),
        (
            '{{ strings.Trim "yM" .s }}|{{ strings.TrimLeft "M" .s }}|{{ strings.TrimRight "g" .s }}',
            " Blog|y Blog|My Blo",
        ),
        ('{{ strings.TrimPrefix "My " .s }} {{ strings.TrimSuffix "log" .s }}', "Blog My B"),
        ("{{ `\u00a0 x\t` | trimSpace }}", "x"),
        (
            '{{ strings.Split "," "a,b" }} '
            '{{ strings.SplitN "," 2 "a,b,c" }} {{ strings.SplitN "" 2 "abc" }}',
            "[a b] [a b,c] [a bc]",
        ),
        ('{{ title "the o\'neil-case" }} {{ toUpper "stra\u00dfe" }}', "The O'neil-Case STRASSE"),
        ("{{ strings.Trunc 2 .s }} {{ strings.RuneCount .s `\u00e9` }}", "My 8"),
        (
            "{{ quote .q }} {{ squote .q }} {{ shellQuote .l }}",
            "\"it's \\\"so\\\"\" 'it''s \"so\"' 'b' 'a' 'b'",
        ),
        (
            "{{ .lines | indent 2 }}{{ indent `> ` `x` }}{{ strings.Indent 2 `.` `y` }}",
            "  one\n\n  two\n> x..y",
        ),
        ("{{ strings.Repeat 3 `ab` }}{{ strings.Repeat 2.0 .n }}", "ababab4242"),
        (
            "{{ .z | default `d` }} {{ default 1 .n }} {{ .t | ternary `y` `n` }} {{ ternary 1 2 `no` }}",
            "d 42 y 2",
        ),
        (
            "{{ conv.ToInt `0x10` }} {{ conv.ToInt `1,5` }} "
            "{{ conv.ToFloat64 `1e2` }} {{ conv.ToBool `YES` }}",
            "16 15 100 true",
        ),
        ("{{ join .l `+` }} {{ conv.ToString .f }} {{ conv.ToStrings 1 .l }}", "b+a+b 2.5 [1 [b a b]]"),
        (
            "{{ base64.Encode .s }} {{ base64.Decode `aGk=` }} {{ base64.Decode `w7_Dv8O_` }}",
            "TXkgQmxvZw== hi \u00ff\u00ff\u00ff",
        ),
        (
            "{{ keys .m }} {{ values .m }} {{ has .m `a` }} {{ has .l `c` }}",
            "[a b] [map[x:<nil>] 1] true false",
        ),
        (
            "{{ uniq .l }} {{ reverse .l }} {{ append 1 .l }} {{ prepend 1 .l }}",
            "[b a] [b a b] [b a b 1] [1 b a b]",
        ),
        (
            "{{ dict `k` 1 `j` }} {{ (dict `k` (dict `l` 2)).k.l }} {{ coll.Slice 1 `a` }}",
            "map[j: k:1] 2 [1 a]",
        ),
        (
            "{{ merge (dict `a` 1 `m` (dict `x` 1)) (dict `a` 2 `b` 3 `m` (dict `y` 2)) }}",
            "map[a:1 b:3 m:map[x:1 y:2]]",
        ),
        ("{{ coll.Index `a` .m }} {{ coll.Index 1 .l }}", "map[x:<nil>] a"),
        (
            "{{ add 1 2 .n }} {{ add 0.5 1 }} "
            "{{ sub 1 5 }} {{ mul 3 .n }} {{ div 7 2 }} {{ rem -7 4 }} {{ pow 3 4 }}",
            "45 1.5 -4 126 3.5 -3 81",
        ),
        (
            "{{ math.Max 1 .f }} {{ math.Min 3 2 }} "
            "{{ math.Abs -2 }} {{ math.Round -0.5 }} {{ math.Ceil 1.1 }}",
            "2.5 2 2 -1 2",
        ),
        (
            "{{ seq 3 }} {{ seq 3 1 }} {{ seq 0 7 3 }} {{ seq 2 2 }} {{ seq 1 2 0 }}",
            "[1 2 3] [3 2 1] [0 3 6] [2] []",
        ),
        (
            "{{ add .b10 1 }} {{ math.IsInt .b10 }} {{ math.IsFloat .w }} {{ math.IsNum .s }}",
            "11 true true false",
        ),
        (
            "{{ kind .n }} {{ kind (add 1 1) }} {{ kind .l }} "
            "{{ kind .m }} {{ kind .z }} {{ isKind `number` .f }}",
            "int int64 slice map invalid true",
        ),
        ("{{ required .n }}{{ required `why` .t }}{{ assert `why` true }}", "42true"),
        (
            "{{ toJSON .m }} {{ toJSON .w }} {{ toJSON `<a>` }}",
            '{"a":{"x":null},"b":1} 3.0 "\\u003ca\\u003e"',
        ),
        ("{{ toJSONPretty ` ` .m }}", '{\n "a": {\n  "x": null\n },\n "b": 1\n}'),
        ("{{ toYAML .m }}{{ toYAML .l }}{{ toYAML .lines | len }}", None),
        ("{{ toYAML .m }}{{ toYAML .l }}", "a:\n  x: null\nb: 1\n- b\n- a\n- b\n"),
        ("{{ dict `t` .lines `e` coll.Slice | toYAML }}", "e: []\nt: |\n  one\n\n  two\n"),
        (
            "{{ coll.Slice `yes` `012` `a: b` ` x` `-` `` `a,b` `\u00e9` | toYAML }}",
            "- \"yes\"\n- \"012\"\n- 'a: b'\n- ' x'\n- '-'\n- \"\"\n- a,b\n- \u00e9\n",
        ),
        ("{{ dict `p10` 1 `p9` 2 `P` 3 | toYAML }}", "P: 3\np9: 2\np10: 1\n"),
        ("{{ (yaml `a: {b: 0o10}`).a.b }} {{ index (jsonArray `[1, 2.0]`) 1 }}", "8 2"),
    ],
)
def test_function(template: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(InputError, match="not supported"):
            parse(template, "t").render(CONTEXT, strict=False)
    else:
        assert parse(template, "t").render(CONTEXT, strict=False).text == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ strings.Repeat -1 `a` }}",
        "{{ strings.Repeat `2` `a` }}",
        "{{ strings.Repeat (add 1 1) `a` }}",
        "{{ strings.ReplaceAll 1 2 `a` }}",
        "{{ strings.ToUpper `a` `b` }}",
        "{{ indent 0 `a` }}",
        "{{ indent `\n` `a` }}",
        "{{ indent .w `a` }}",
        "{{ conv.ToInt .s }}",
        "{{ conv.ToInt .z }}",
        "{{ conv.ToInt 1e30 }}",
        "{{ join .s `,` }}",
        "{{ base64.Decode `a` }}",
        "{{ base64.Decode `a-b/` }}",
        "{{ keys .l }}",
        "{{ merge .m .z }}",
        "{{ append 1 .m }}",
        "{{ coll.Index `none` .m }}",
        "{{ add .s 1 }}",
        "{{ div 1 0 }}",
        "{{ rem 1 0 }}",
        "{{ seq }}",
        "{{ required `why` .z }}",
        "{{ required 1 .n }}",
        "{{ assert false }}",
        "{{ assert `why` .n }}",
        "{{ yaml `[` }}",
        "{{ yamlArray `a: 1` }}",
        "{{ default 1 }}",
        "{{ has .l 1 }}",
    ],
)
def test_function_refuses(template: str) -> None:
    with pytest.raises(InputError, match=r"^t:1: template: "):
        parse(template, "t").render(CONTEXT, strict=False)


@pytest.mark.parametrize(
    "template",
    [
        '{{ "\\xff" }}',
        "{{ slice `\u00e9` 1 }}",
        "{{ base64.Decode `/w==` }}",
        "{{ title `\u00e9tude` }}",
        "{{ pow 2 0.5 }}",
        "{{ add 9223372036854775807 1 }}",
        "{{ toLower `\u03a3` }}",
        "{{ toYAML `a\tb` }}",
        "{{ toYAML (coll.Slice (coll.Slice 1)) }}",
        "{{ toJSON `\x01` }}",
        "{{ toJSON 1e-9 }}",
        "{{ printf `%x` .f }}",
        "{{ printf `%05s` .s }}",
        "{{ printf `%#v` .f }}",
        "{{ regexp.Match `a` `a` }}",
        "{{ env.Getenv `HOME` }}",
        "{{ 1i }}",
    ],
)
def test_what_could_differ_from_go_is_refused_by_name(template: str) -> None:
    with pytest.raises(InputError, match="not supported"):
        parse(template, "t").render(CONTEXT)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "%d|%4d|%-4d|%04d|%+d|% d|%x|%#X|%o|%b|%c|%U|%q",
            "42|  42|42  |0042|+42| 42|2a|0X2A|52|101010|*|U+002A|'*'",
        ),
        ("%.3d|%6.3d|%O|%v|%5v", "042|   042|0o52|42|   42"),
        ("%s|%t|%f|%z", "%!s(int=42)|%!t(int=42)|%!f(int=42)|%!z(int=42)"),
    ],
)
def test_printf_of_an_integer(template: str, text: str) -> None:
    call = " ".join(["printf", f'"{template}"', *[".n"] * template.count("%")])
    assert parse(f"{{{{ {call} }}}}", "t").render(CONTEXT).text == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            '"%s|%8s|%-8s|%.2s|%q|%x|%T" .s .s .s .s .s .s .s',
            'My Blog| My Blog|My Blog |My|"My Blog"|4d7920426c6f67|string',
        ),
        (
            '"%v %.1f %6.2f %06.2f %e %g %d" .f .f .f .f .f .f .f',
            "2.5 2.5   2.50 002.50 2.500000e+00 2.5 %!d(float64=2.5)",
        ),
        ('"%v %s %T %t" .z .z .z .t', "<nil> %!s(<nil>) <nil> true"),
        (
            '"%v %d %3v %q" .l .l .l .l',
            '[b a b] [%!d(string=b) %!d(string=a) %!d(string=b)] [  b   a   b] ["b" "a" "b"]',
        ),
        (
            '"%v %#v" .m .m',
            "map[a:map[x:<nil>] b:1] "
            'map[string]interface {}{"a":map[string]interface {}{"x":interface {}(nil)}, "b":1}',
        ),
        ('"%[2]v %[1]v" 1 2', "2 1"),
        ('"%*d %-*d|" 4 1 3 2', "   1 2  |"),
        ('"%v" 1 2', "1%!(EXTRA int=2)"),
        ('"%v %v" 1', "1 %!v(MISSING)"),
        ('"100%% %"', "100% %!(NOVERB)"),
        ('"%[5]d %*d" 1', "%!d(BADINDEX) %!d(MISSING)"),
        ('"%*d" "x" 2', "%!(BADWIDTH)2"),
        ('"%+q" "\u00e9\U0001f389"', '"\\u00e9\\U0001f389"'),
        ('"%d" (add 1 2)', "3"),
    ],
)
def test_printf(call: str, text: str) -> None:
    assert parse(f"{{{{ printf {call} }}}}", "t").render(CONTEXT, strict=False).text == text


def test_a_date_prints_as_go_prints_it_and_is_no_string() -> None:
    context = load_yaml("day: 2024-05-06\nkey: {x: 1}\n", "c")
    assert (
        parse("{{ .day }} {{ kind .day }}", "t").render(context).text
        == "2024-05-06 00:00:00 +0000 UTC struct"
    )
    for template in ("{{ eq .day `x` }}", "{{ toYAML .day }}", "{{ len .day }}", "{{ index .key .day }}"):
        with pytest.raises(InputError):
            parse(template, "t").render(context)
