"""The shape of a module: how long it is, what it is called, whether it says what lives in it."""

import ast

from tests.tidy.tree import Module

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = frozenset({"utils", "util", "common", "helpers", "helper", "misc"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def problems(module: Module) -> list[str]:
    """Return what is wrong with the shape of `module`, one sentence each."""
    return [*_of_the_module(module), *_of_its_functions(module)]


def _of_the_module(module: Module) -> list[str]:
    found = []
    docstring = ast.get_docstring(module.tree) or ""
    lines = module.text.count("\n")
    name = module.path.rsplit("/", 1)[-1].removesuffix(".py")
    if not docstring and module.text.strip():
        found.append(f"{module.path}: no docstring says what lives here")
    if lines > MODULE_LINES_MAX and f"Longer than {MODULE_LINES_MAX} lines because" not in docstring:
        found.append(f"{module.path}: {lines} lines, and the docstring gives no reason")
    if name in VAGUE_NAMES or VAGUE_NAMES.intersection(module.path.split("/")[:-1]):
        found.append(f"{module.path}: `{name}` is no noun of the domain")
    return found


def _of_its_functions(module: Module) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            lines = _lines_without_docstring(node)
            reason = f"Longer than {FUNCTION_LINES_MAX} lines because"
            if lines > FUNCTION_LINES_MAX and reason not in (ast.get_docstring(node) or ""):
                found.append(
                    f"{module.path}:{node.lineno}: `{node.name}` has {lines} lines and gives no reason"
                )
    return found


def _lines_without_docstring(node: Function) -> int:
    assert node.end_lineno is not None
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node) is None:
        return lines
    docstring = node.body[0]
    assert docstring.end_lineno is not None
    return lines - (docstring.end_lineno - docstring.lineno + 1)
