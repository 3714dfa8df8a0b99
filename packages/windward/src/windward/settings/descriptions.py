"""What each setting means: the sentence below its field in `sections`, read from the source when somebody asks."""

from __future__ import annotations

import ast
import inspect
from functools import cache

from windward.settings import sections
from windward.settings.keys import ATTRIBUTES, all_keys
from windward.settings.sections import Settings


@cache
def descriptions() -> dict[str, str]:
    """Return the description of every setting by `section.key`; empty where there is none."""
    found: dict[str, str] = {}
    declared = {name: getattr(sections, str(kind)) for name, kind in _section_types().items()}
    for section, attribute in ATTRIBUTES.items():
        by_field = _below_fields(declared[attribute])
        for key in all_keys().values():
            if key.section == section:
                found[key.path] = by_field.get(key.field, "")
    return found


def _section_types() -> dict[str, object]:
    return {name: kind for name, kind in Settings.__annotations__.items() if name in ATTRIBUTES.values()}


def _below_fields(section: type) -> dict[str, str]:
    (tree,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = " ".join(text.split())
    return found
