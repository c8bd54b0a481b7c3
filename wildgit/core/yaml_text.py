"""Values → YAML text that both YAML 1.1 (Kubernetes) and 1.2 (templates) read as the same values."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from wildgit.core.yaml_values import load_yaml

if TYPE_CHECKING:
    import yaml


# A word that begins with a letter is a string in both versions, but for a few that YAML 1.1 reads otherwise.
# Source: https://yaml.org/type/bool.html, https://yaml.org/type/null.html
_WORD = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*")
_OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def dump_yaml(value: object, *, flow: bool = False) -> str:
    """Return `value` as YAML; keys keep their order, doubtful strings are quoted.

    Args:
        value: what to print.
        flow: print it on one line, `{port: 80}`.
    """
    import yaml

    text: str = yaml.dump(
        value,
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=flow,
        width=10_000,
    )
    return text


def scalar_text(value: str, *, style: str | None = None) -> str:
    """Return a string as a YAML scalar of one line.

    Args:
        value: the string.
        style: None for plain where that is safe, `'` or `"` for these quotes; `"` where they can't do.
    """
    import json

    if style is None and _is_plain(value):
        return value
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


def _is_plain(value: str) -> bool:
    if _WORD.fullmatch(value):
        return value.lower() not in _OTHER_WORDS
    return _is_plain_by_parsing(value)


def _is_plain_by_parsing(value: str) -> bool:
    import yaml

    if not value or not value.isprintable() or value != value.strip():
        return False
    try:
        tokens = yaml.safe_load(f"k: {value}\n")
    except Exception:  # noqa: BLE001 - PyYAML raises what it likes: at `!!int`, say, or at 2001-99-99
        return False
    return tokens == {"k": value} and not _reads_otherwise(value)


def _reads_otherwise(value: str) -> bool:
    """Whether YAML 1.2 would read the plain text as something else than a string."""
    try:
        return not isinstance(load_yaml(value, "scalar"), str)
    except Exception:  # noqa: BLE001 - text that is no plain scalar needs quotes, whatever the reason
        return True


@cache
def _dumper() -> type[yaml.SafeDumper]:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

    def represent_text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value.strip("\n") and value.isascii() else None
        if style is None and not _is_plain(value):
            style = '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, represent_text)
    return Dumper
