"""gomplate's data and base64 functions: to and from JSON, YAML and base64.

Source: gomplate's documentation of data and base64. gomplate reads JSON with its YAML parser.
"""

from __future__ import annotations

import re

from wildgit.core.template.functions.table import Function, Looks, declare
from wildgit.core.template.printing import to_text
from wildgit.core.template.values import Fault
from wildgit.core.yaml_values import load_yaml
from wildgit.errors import InputError

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9_-]*={0,2}")


def _parse(text: str) -> object:
    try:
        return load_yaml(text, "text")
    except InputError as error:
        raise Fault(error.message) from error


def parse_map(text: str) -> dict[str, object]:
    """Return the map that a YAML or JSON text holds."""
    value = _parse(text)
    if not isinstance(value, dict):
        raise Fault("a text that holds no map is not supported")
    return value


def parse_list(text: str) -> list[object]:
    """Return the list that a YAML or JSON text holds."""
    value = _parse(text)
    if not isinstance(value, list):
        raise Fault("a text that holds no list is not supported")
    return value


def to_json(value: object) -> str:
    """Return the value as JSON in one line."""
    from wildgit.core.template.functions import to_json

    return to_json.to_json(value)


def to_json_pretty(indent: str, value: object) -> str:
    """Return the value as JSON on several lines."""
    from wildgit.core.template.functions import to_json

    return to_json.to_json_pretty(indent, value)


def to_yaml(value: object) -> str:
    """Return the value as a YAML document."""
    from wildgit.core.template.functions import to_yaml

    return to_yaml.to_yaml(value)


def encode_base64(value: object) -> str:
    """Return the text's UTF-8 bytes in base64."""
    import base64

    return base64.b64encode(to_text(value).encode()).decode()


def decode_base64(value: object) -> str:
    """Return the text that base64, in the standard or the URL alphabet, holds."""
    import base64

    text = to_text(value).replace("\r", "").replace("\n", "")
    if len(text) % 4 or not _BASE64.fullmatch(text):
        raise Fault("illegal base64")
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/"))).decode()
    except UnicodeDecodeError:
        raise Fault("base64 of bytes that are no UTF-8 text is not supported") from None
    except ValueError:
        raise Fault("illegal base64") from None


FUNCTIONS: dict[str, Function] = {
    "base64.Encode": declare(encode_base64, "any", Looks.TEXT),
    "base64.Decode": declare(decode_base64, "any", Looks.TEXT),
    "data.ToJSON": declare(to_json, "any"),
    "data.ToJSONPretty": declare(to_json_pretty, "string any"),
    "data.ToYAML": declare(to_yaml, "any"),
    "data.JSON": declare(parse_map, "string"),
    "data.JSONArray": declare(parse_list, "string"),
    "data.YAML": declare(parse_map, "string"),
    "data.YAMLArray": declare(parse_list, "string"),
}
GLOBAL = {
    "toJSON": "data.ToJSON",
    "toJSONPretty": "data.ToJSONPretty",
    "toYAML": "data.ToYAML",
    "json": "data.JSON",
    "jsonArray": "data.JSONArray",
    "yaml": "data.YAML",
    "yamlArray": "data.YAMLArray",
}
