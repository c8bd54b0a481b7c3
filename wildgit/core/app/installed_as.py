"""`installedAs` in an instance's manifest.yaml: which installed app serves which requirement.

It is the only thing git wild adds to a package's manifest. It is spliced into the text, so the
pristine manifest differs from the package's in these lines alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wildgit.errors import InputError

if TYPE_CHECKING:
    import yaml


def with_installed_as(data: bytes, mapping: Mapping[str, str], source: str) -> bytes:
    """Return the manifest's text with `installedAs` behind each requirement that `mapping` names.

    Args:
        data: manifest.yaml as upstream has it.
        mapping: ref (alias or name) → installed app.
        source: the file, for messages.

    Raises:
        InputError: the text is not UTF-8.
    """
    if not mapping:
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", source=source) from error
    for item in reversed(_requirement_nodes(text)):
        fields = {key.value: value for key, value in getattr(item, "value", []) if hasattr(key, "value")}
        ref = fields.get("alias") or fields.get("name")
        app = mapping.get(ref.value) if ref is not None else mapping.get(str(item.value))
        if app and "installedAs" not in fields:
            text = _splice(text, item, app)
    return text.encode("utf-8")


def _requirement_nodes(text: str) -> list[Any]:
    import yaml

    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for key, value in root.value if isinstance(root, yaml.MappingNode) else []:
        if key.value == "requires" and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    return []


def _splice(text: str, item: yaml.CollectionNode | yaml.ScalarNode, app: str) -> str:
    import yaml

    offset = 1 if text.startswith("\ufeff") else 0  # libyaml does not count a byte order mark
    start, end = item.start_mark.index + offset, item.end_mark.index + offset
    if isinstance(item, yaml.ScalarNode):  # `- postgres`
        return f"{text[:start]}{{name: {text[start:end]}, installedAs: {app}}}{text[end:]}"
    if item.flow_style:  # `- {name: postgres}`
        return f"{text[: end - 1].rstrip()}, installedAs: {app}{text[end - 1 :]}"
    last = item.value[-1][1]
    line_end = text.find("\n", last.end_mark.index + offset)
    position = len(text) if line_end < 0 else line_end
    newline = "\r\n" if text[:position].endswith("\r") else "\n"
    position -= len(newline) - 1
    return f"{text[:position]}{newline}{' ' * item.start_mark.column}installedAs: {app}{text[position:]}"
