"""Whatever a template asks for, it ends soon, in little memory, with an error of ours."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildgit.core.template import parse
from wildgit.core.template.lexer import tokenize
from wildgit.errors import InputError

HOSTILE = {
    "endless loop": "{{ range 9000000000000000000 }}{{ end }}",
    "loop in loop": "{{ range 90000 }}{{ range 90000 }}{{ end }}{{ end }}",
    "endless output": "{{ range 9000000000 }}" + "x" * 1000 + "{{ end }}",
    "repeat": '{{ strings.Repeat 999999999 "ab" }}',
    "sequence": "{{ seq 1 99999999999 }}",
    "width": '{{ printf "%999999d%999999d%999999d" 1 2 3 }}',
    "width of a list": '{{ printf "%99999v" (seq 9000) }}',
    "precision": '{{ printf "%.900000f" 0.1 }}',
    "doubled text": '{{ $x := "ab" }}{{ range 99 }}{{ $x = print $x $x }}{{ end }}',
    "shared lists": "{{ $x := coll.Slice 1 }}{{ range 99 }}{{ $x = coll.Slice $x $x }}{{ end }}{{ $x }}",
    "shared maps": '{{ $x := dict }}{{ range 99 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ toYAML $x }}',
    "deep map": '{{ $x := dict }}{{ range 9000 }}{{ $x = dict "a" $x }}{{ end }}{{ toJSON $x }}',
    "deep list": "{{ $x := coll.Slice }}{{ range 9000 }}{{ $x = coll.Slice $x }}{{ end }}{{ $x }}",
    "recursion": '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
    "calls that double": "".join(
        f'{{{{ define "t{n}" }}}}{{{{ template "t{n + 1}" }}}}{{{{ template "t{n + 1}" }}}}{{{{ end }}}}'
        for n in range(40)
    )
    + '{{ define "t40" }}{{ end }}{{ template "t0" }}',
    "search": '{{ $s := strings.Repeat 999999 "a" }}{{ range 9999 }}{{ $x := strings.Trim "b" $s }}{{ end }}',
    "comparison": '{{ $s := strings.Repeat 999999 "a" }}{{ range 9999 }}{{ $x := eq $s $s }}{{ end }}',
    "replacement": '{{ $s := strings.Repeat 99999 "a" }}{{ strings.ReplaceAll "a" $s $s }}',
    "indent": '{{ indent 99999999 "a" }}',
    "separator": '{{ join (seq 9999) (strings.Repeat 99999 "a") }}',
    "map keys": "{{ $l := seq 50000 }}{{ range 9999 }}{{ $d := dict $l 1 }}{{ end }}",
    "growing list": "{{ $x := coll.Slice }}{{ range 99999 }}{{ $x = append 1 $x }}{{ end }}",
    "split": '{{ strings.Split "" (strings.Repeat 999999 "a") }}',
    "power": "{{ pow 9 999999999 }}",
    "product": "{{ $x := 9 }}{{ range 999 }}{{ $x = mul $x $x }}{{ end }}",
    "yaml aliases": '{{ yaml "a: &a [x,x,x,x]\\n'
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}' if n else '*a'] * 9)}]\\n" for n in range(9))
    + '" }}',
    "parentheses": "{{ " + "(" * 9999 + "1" + ")" * 9999 + " }}",
    "blocks": "{{ if 1 }}" * 9999,
    "actions": "{{ . }}" * 300_000,
    "one long action": "{{ print " + "1 " * 300_000 + "}}",
    "variables": "".join(f"{{{{ $x{n} := 1 }}}}" for n in range(2000)),
    "size": "x" * (9 << 20),
    "digits": "{{ conv.ToInt `" + "9" * 99_999 + "` }}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_template_is_refused_soon(text: str) -> None:
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(InputError):
        parse(text, "hostile.yaml").render({})
    seconds = time.process_time() - start
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10  # with tracing, which costs most of it
    assert peak_bytes < 150 << 20


def test_what_a_large_package_needs_is_allowed() -> None:
    template = "{{ range $i, $e := .l }}\n- name: {{ $e.name | quote }}\n  value: {{ $e.value }}{{ end }}"
    items = [{"name": f"n{n}", "value": n} for n in range(5000)]
    assert parse(template, "t").render({"l": items}).text.count("\n") == 10_000


def test_long_else_if_chain_is_no_nesting() -> None:
    arms = "".join(f"{{{{ else if eq .n {n} }}}}{n}" for n in range(500))
    assert parse("{{ if false }}" + arms + "{{ end }}", "t").render({"n": 499}).text == "499"


PIECES = (
    "{{ }} {{-_ _-}} {{/* */}} if_ else_ end range_ with_ define_ template_ block_ break continue $x _:=_ "
    "_=_ ,_ . .a .a.b _ \n | ( ) nil true \"s\" `r` 'c' 1 -1 0x1 1.5 1e3 + - print_ printf_ index_ and_ eq_ "
    "len_ dict_ strings.Repeat_ toYAML_ toJSON_ coll.Slice_ %v%5d é ² \0 text"
)
pieces = st.lists(
    st.sampled_from([piece.replace("_", " ") for piece in PIECES.split(" ")]) | st.text(max_size=4),
    max_size=25,
)


@given(pieces.map("".join))
def test_any_text_renders_or_is_an_input_error(text: str) -> None:
    try:
        rendered = parse(text, "fuzz.yaml").render({"a": {"b": [1, "x", None]}, "c": 2.5})
    except InputError as error:
        assert error.message.startswith("fuzz.yaml:")
        assert error.line is not None
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert isinstance(rendered.text, str)


operators = st.sampled_from("vsdqxXobcUteEfFgGTO%zwp")
formats = st.lists(
    st.text(max_size=2)
    | st.builds(
        "%{}{}{}{}".format,
        st.text("+-# 0", max_size=2),
        st.sampled_from(["", "5", "*", "[1]", "[9]", "[2]*"]),
        st.sampled_from(["", ".2", ".", ".*", ".[1]*"]),
        operators,
    ),
    max_size=4,
)
scalars = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text()
arguments = st.lists(scalars | st.just([1, "a", None]), max_size=4)


@given(formats.map("".join), arguments)
def test_any_format_prints_or_is_an_input_error(template: str, values: list[object]) -> None:
    names = [chr(ord("a") + place) for place in range(len(values))]
    text = "{{ printf .format " + " ".join(f".{name}" for name in names) + " }}"
    context = {"format": template, **dict(zip(names, values, strict=True))}
    try:
        parse(text, "fuzz").render(context, strict=False)
    except InputError as error:
        assert error.line == 1


@given(pieces.map("".join))
def test_tokens_are_the_source(text: str) -> None:
    try:
        tokens = tokenize(text, "fuzz")
    except InputError:
        return
    assert "".join(token.text for token in tokens) == text
    assert all(text.startswith(token.text, token.offset) for token in tokens)


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_is_copied(text: str) -> None:
    assert parse(text, "t").render({}).text == text
