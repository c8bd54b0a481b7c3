"""The functions that templates can call, by name. What is not here is refused when a template is parsed."""

from __future__ import annotations

from wildgit.core.template.functions import builtin, coll, conv, data, math, strings, test
from wildgit.core.template.functions.table import Function

_MODULES = (coll, conv, data, math, strings, test)

FUNCTIONS: dict[str, Function] = dict(builtin.FUNCTIONS)
for _module in _MODULES:
    FUNCTIONS.update(_module.FUNCTIONS)
    FUNCTIONS.update({name: _module.FUNCTIONS[target] for name, target in _module.GLOBAL.items()})

NAMESPACES = frozenset(name.split(".")[0] for name in FUNCTIONS if "." in name)
