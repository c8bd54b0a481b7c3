"""What a rendering says it read, and the law of it: the context cut down to that gives the same text."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from wildgit.core.template import parse, project
from wildgit.errors import InputError

CONTEXT: dict[str, Any] = {
    "name": "ghost",
    "port": 2368,
    "storage": "",
    "nothing": None,
    "db": {"host": "mysql", "user": "ghost", "tls": {"on": True}},
    "empty": {},
    "hosts": ["a", "b"],
    "none": [],
    "labels": {"app.kubernetes.io/name": "ghost", "tier": "web"},
}


@pytest.mark.parametrize(
    ("template", "reads"),
    [
        ("plain text", set()),
        ("{{ .name }}", {("name",)}),
        ("{{ .db.host }}{{ .db.user }}", {("db", "host"), ("db", "user")}),
        ("{{ with .db }}{{ .host }}{{ end }}", {("db", "host")}),
        ("{{ $d := .db }}{{ $d.tls.on }}", {("db", "tls", "on")}),
        ("{{ $.name }}", {("name",)}),
        ('{{ index .labels "tier" }}', {("labels", "tier")}),
        ('{{ index . "db" "host" }}', {("db", "host")}),
        ('{{ (index . "db").host }}', {("db", "host")}),
        ('{{ if index . "missing" }}x{{ end }}', {("missing",)}),
        ('{{ has . "missing" }}{{ has .db "host" }}', {("missing",), ("db", "host")}),
        ("{{ .db.tls | toYAML }}", {("db", "tls")}),
        ("{{ .db }}{{ .db.host }}", {("db",)}),
        ("{{ range $k, $v := .db }}{{ $k }}{{ end }}", {("db",)}),
        ("{{ range .hosts }}{{ . }}{{ end }}", {("hosts",)}),
        ("{{ index .hosts 0 }}", {("hosts",)}),
        ("{{ if .none }}x{{ end }}", {("none",)}),
        ("{{ if .empty }}x{{ end }}", {("empty",)}),
        ("{{ if .db }}x{{ end }}", {("db", "host")}),
        ("{{ if .db }}{{ .db.user }}{{ end }}", {("db", "user")}),
        ("{{ $d := .db }}x", {("db", "host")}),
        ("{{ with .db.tls }}x{{ end }}", {("db", "tls", "on")}),
        ("{{ if false }}{{ .name }}{{ end }}", set()),
        ("{{ if and .storage .name }}{{ end }}", {("storage",)}),
        ("{{ len .labels }}", {("labels",)}),
        ("{{ . }}", {()}),
        ('{{ define "t" }}{{ .host }}{{ end }}{{ template "t" .db }}', {("db", "host")}),
        ('{{ (dict "a" .name).a }}', {("name",)}),
    ],
)
def test_reads_are_the_shortest_paths_that_matter(template: str, reads: set[tuple[str, ...]]) -> None:
    assert parse(template, "t").render(CONTEXT, strict=False).reads == reads


def test_a_datasource_is_read_under_its_name() -> None:
    template = parse('{{ (ds "config").cloud.domain }}{{ .config.cloud.name }}', "t")
    config = {"cloud": {"domain": "d", "name": "n", "other": "o"}}
    rendered = template.render({"config": config}, datasources={"config": config})
    assert rendered.reads == {("config", "cloud", "domain"), ("config", "cloud", "name")}
    cut = project({"config": config}, rendered.reads)
    assert cut == {"config": {"cloud": {"domain": "d", "name": "n"}}}


def test_project_keeps_the_order_of_the_values_and_the_maps_on_the_way() -> None:
    values = {"b": {"y": 1, "x": 2}, "a": {"z": {"k": 1}}, "c": 3}
    cut = project(values, {("a", "z", "missing"), ("b", "x"), ("b", "y"), ("nope",)})
    assert cut == {"b": {"y": 1, "x": 2}, "a": {"z": {}}}
    assert list(cut["b"]) == ["y", "x"]  # type: ignore[index]


def test_project_of_the_empty_path_is_everything() -> None:
    assert project("scalar", {()}) == "scalar"
    assert project(CONTEXT, {()}) == CONTEXT


NAMES = ("a", "b", "c")


def make_value(random: Random, depth: int = 0) -> Any:
    kind = random.randrange(10 if depth < 3 else 6)
    if kind < 6:
        return random.choice([None, True, False, 0, 7, 1.5, "", "x", "b"])
    if kind == 6:
        return [make_value(random, depth + 1) for _ in range(random.randrange(3))]
    return {name: make_value(random, depth + 1) for name in random.sample(NAMES, random.randrange(4))}


def make_path(random: Random, value: Any) -> str:
    """Return `.a.b`, most often one that leads somewhere."""
    path = ""
    while isinstance(value, dict) and value and (not path or random.random() < 0.7):
        name = random.choice(list(value)) if random.random() < 0.97 else random.choice(NAMES)
        path, value = f"{path}.{name}", value.get(name)
    return path or "."


def make_operand(random: Random, context: dict[str, Any], depth: int = 0) -> str:
    kind = random.randrange(14 if depth < 2 else 4)
    if kind < 3:
        path = make_path(random, context)
        return "$" if path == "." else "$" + path
    if kind == 3:
        path = make_path(random, context["config"])
        return random.choice([".", '(ds "config")' + ("" if path == "." else path)])
    inner, other = (make_operand(random, context, depth + 1) for _ in range(2))
    name, second = random.choice(NAMES), random.choice(NAMES)
    return [
        f'(index {inner} "{name}")',
        f'(index $ "{name}" "{second}")',
        f'(has {inner} "{name}")',
        f'(coll.Has $ "{name}")',
        f"(default {inner} {other})",
        f"(or {inner} {other})",
        f"(and {inner} {other})",
        f"(toJSON {inner})",
        f'(dict "{name}" {inner}).{name}',
        f"(coll.Slice {inner} {other})",
    ][kind - 4]


def make_template(random: Random, context: dict[str, Any], depth: int = 0) -> str:
    pieces = []
    for _ in range(random.randint(1, 3)):
        operand = make_operand(random, context)
        kind = random.randrange(8 if depth < 2 else 2)
        if kind < 2:
            pieces.append(f"{{{{ {operand} }}}}" if kind else f"{{{{ printf `%v` {operand} }}}};")
            continue
        body, other = (make_template(random, context, depth + 1) for _ in range(2))
        pieces.append(
            [
                f"{{{{ if {operand} }}}}{body}{{{{ else }}}}{other}{{{{ end }}}}",
                f"{{{{ with {operand} }}}}{body}{{{{ else }}}}{other}{{{{ end }}}}",
                f"{{{{ with {operand} }}}}some{{{{ else }}}}none{{{{ end }}}}",
                f"{{{{ range {operand} }}}}{body}{{{{ else }}}}{other}{{{{ end }}}}",
                f"{{{{ $v := {operand} }}}}{{{{ if $v }}}}{body}{{{{ end }}}}",
                f"{{{{ if not {operand} }}}}{body}{{{{ end }}}}",
            ][kind - 2]
        )
    return "".join(pieces)


def test_rendering_with_what_was_read_gives_the_same_text() -> None:
    rendered_count = 0
    for seed in range(2000):
        random = Random(seed)
        context = {**{name: make_value(random) for name in NAMES}, "config": make_value(random)}
        text = make_template(random, context)
        template = parse(text, "t")
        try:
            rendered = template.render(context, datasources={"config": context["config"]}, strict=False)
        except InputError:
            continue
        cut = project(context, rendered.reads)
        assert isinstance(cut, dict)
        sources = {"config": cut["config"]} if "config" in cut else {}
        again = template.render(cut, datasources=sources, strict=False)
        assert again.text == rendered.text, f"{text!r} of {context!r} read {set(rendered.reads)!r}"
        rendered_count += 1
    assert rendered_count > 500
