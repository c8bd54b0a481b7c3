"""config.yaml with what upstream's new packages say: a merge of three, like that of any file.

Base is what the old packages' defaults came to, theirs is what the new ones' do, ours is the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wildgit.core.app.defaults import defaults_text, resolve_defaults
from wildgit.core.app.render import build_world
from wildgit.core.app.update import Step
from wildgit.core.merge import Conflict, Decision, MergeOptions, merge3
from wildgit.core.merge.policy import KEEP_OWN_VALUES
from wildgit.core.yaml_edit import add_defaults, get_value, set_value
from wildgit.core.yaml_text import dump_yaml
from wildgit.core.yaml_values import is_same, load_yaml

CONFIG = "config.yaml"


@dataclass(frozen=True)
class ConfigMerge:
    """config.yaml after the merge.

    Attributes:
        text: the file, with markers where it conflicts.
        values: what the templates are rendered with: ours, wherever it conflicts; empty if no app is merged.
        stages: base, ours and theirs, for the index; None where it is clean.
    """

    text: bytes
    values: Mapping[str, object]
    conflicts: tuple[Conflict, ...]
    decisions: tuple[Decision, ...]
    stages: tuple[bytes, bytes, bytes] | None


def merge_config(
    text: bytes,
    steps: Sequence[Step],
    options: MergeOptions,
    *,
    preserve: bool = False,
    scope: str = "auto",
) -> ConfigMerge:
    """Return config.yaml with the new defaults of every step merged in.

    A field that nobody customised follows upstream; a customised value stays, and is a decision where
    upstream's default changed, too; a customised field that upstream removed or renamed is a conflict.

    Args:
        text: config.yaml.
        steps: the apps that get a new package.
        options: how to merge; config.yaml has a policy of its own, unless theirs is favoured.
        preserve: the older rule: what is there stays, only new fields are added.
        scope: the setting `wild.templateScope`.
    """
    if not steps:
        return ConfigMerge(text, {}, (), (), None)  # in a large instance, reading it takes the longest
    values = _values(text)
    base, theirs = [], []
    for step in steps:
        old, new = _defaults_of(step, values, scope)
        theirs.append((step.app.name, defaults_text(step.package, new)))
        if isinstance(_app_values(values, step.app.name), Mapping):  # an app that ours has not is only added
            base.append((step.app.name, defaults_text(step.app.package, old)))
    base_text, theirs_text = app_sections(base), app_sections(theirs)
    if preserve:
        filled = add_defaults(text, theirs_text, CONFIG)
        return ConfigMerge(filled, _values(filled), (), (), None)
    if base_text == theirs_text:
        return ConfigMerge(text, values, (), (), None)
    options = replace(options, policies=() if options.favor == "theirs" else KEEP_OWN_VALUES)
    merged = merge3(base_text, text, theirs_text, path=CONFIG, options=replace(options, favor=None))
    if merged.clean:
        # What base and theirs say nothing about (other apps, the cloud section) was not theirs to decide.
        names = {step.app.name for step in steps}
        decisions = tuple(each for each in merged.decisions if names.intersection(each.path[1:2]))
        return ConfigMerge(merged.text, _values(merged.text), (), decisions, None)
    return _merge_whole(_whole_sides(base_text, text, theirs_text), options, _values(theirs_text))


def app_sections(parts: Sequence[tuple[str, str]]) -> bytes:
    """Return the text of a config.yaml that has nothing but these apps: name and block text of each."""
    lines = [] if not parts else ["apps:\n"]
    for name, text in parts:
        if text.strip():
            lines.append(f"  {name}:\n")
            lines.extend(f"    {line}" if line.strip() else line for line in _lines(text))
        else:
            lines.append(f"  {name}: {{}}\n")
    return "".join(lines).encode()


def _merge_whole(
    sides: tuple[bytes, bytes, bytes], options: MergeOptions, defaults: Mapping[str, object]
) -> ConfigMerge:
    merged = merge3(*sides, path=CONFIG, options=options)
    if merged.clean:
        return ConfigMerge(merged.text, _values(merged.text), (), merged.decisions, None)
    usable = merge3(*sides, path=CONFIG, options=replace(options, favor="ours"))
    filled = _filled(_values(usable.text), defaults)
    return ConfigMerge(merged.text, filled, merged.conflicts, merged.decisions, sides)


def _defaults_of(
    step: Step, config: Mapping[str, object], scope: str
) -> tuple[dict[str, object], dict[str, object]]:
    """The old package's defaults as they were, and the new one's with what the user customised."""
    app = step.app
    old, _ = resolve_defaults(app.package, app.lock.values, app.name)
    world = build_world(step.package.manifest, app.name, config, app.mapping, scope=scope)
    new, _ = resolve_defaults(step.package, _with_customised(world, app.name, old), app.name)
    return old, new


def _with_customised(
    world: Mapping[str, object], app: str, defaults: Mapping[str, object]
) -> Mapping[str, object]:
    """The world with only those values of the app that differ from its old defaults.

    What nobody customised is about to follow upstream, so new defaults must not read the old ones.
    """
    if "app" in world:
        return {**world, "app": _customised(world["app"], defaults)}
    apps = world.get("apps")
    if not isinstance(apps, Mapping) or app not in apps:
        return world
    return {**world, "apps": {**apps, app: _customised(apps[app], defaults)}}


def _customised(ours: object, defaults: object) -> object:
    if not isinstance(ours, Mapping) or not isinstance(defaults, Mapping):
        return ours
    kept = {}
    for key, value in ours.items():
        if key not in defaults:
            kept[key] = value
        elif not is_same(value, defaults[key]):
            kept[key] = _customised(value, defaults[key])
    return kept


def _whole_sides(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bytes, bytes]:
    """Base, ours and theirs of config.yaml as whole files, which differ only in what somebody changed.

    Base and theirs know only the defaults of packages. What else stands in the file would count as our
    insertion beside a conflict, and `git checkout --theirs` would lose it. So base becomes ours with every
    default back at its old value, and theirs that with upstream's changes.
    """
    ours = _without_nulls(ours, _values(theirs))
    known = _restricted(_values(ours), _values(base))
    take = MergeOptions(favor="theirs")
    whole_base = merge3(dump_yaml(known).encode(), ours, base, path=CONFIG, options=take).text
    whole_theirs = merge3(base, whole_base, theirs, path=CONFIG, options=take).text
    return whole_base, ours, whole_theirs


def _without_nulls(text: bytes, wanted: Mapping[str, object]) -> bytes:
    """The text with `{}` for a null that stands where a mapping is wanted: `apps:` with nothing below it."""
    for path in [("apps",), *(("apps", name) for name in _section(wanted, "apps"))]:
        try:
            if get_value(_values(text), path) is None:
                text = set_value(text, path, {}, CONFIG)
        except KeyError:
            continue
    return text


def _restricted(values: Mapping[str, object], keys: Mapping[str, object]) -> dict[str, object]:
    """The part of `values` whose keys stand in `keys`, too."""
    found: dict[str, object] = {}
    for key, value in values.items():
        other = keys.get(key)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            found[key] = _restricted(value, other)
        elif key in keys:
            found[key] = value
    return found


def _section(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    section = values.get(key)
    return section if isinstance(section, Mapping) else {}


def _app_values(values: Mapping[str, object], app: str) -> object:
    return _section(values, "apps").get(app)


def _filled(ours: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Ours, and the defaults of what it has not: a field in a conflict with ours must still render."""
    filled = {**defaults, **{key: value for key, value in ours.items() if value is not None}}
    for key, value in ours.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            filled[key] = _filled(value, default)
    return filled


def _lines(text: str) -> list[str]:
    # splitlines would cut a string at U+2028, and the indentation would end up inside of it.
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _values(text: bytes) -> dict[str, object]:
    value = load_yaml(text, CONFIG)
    return value if isinstance(value, dict) else {}
