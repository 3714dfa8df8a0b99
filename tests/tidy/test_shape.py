"""Every module is small, has a name from the domain, and says what lives in it."""

import pytest

from tests.tidy import shape, tree

LONG_FUNCTION = '"""A module."""\n\n\ndef long():\n' + "    x = 1\n" * 60
LONG_DOCSTRING = '"""A module."""\n\n\ndef short():\n    """Say.\n' + "    more\n" * 80 + '    """\n'


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a/run.py", "x = 1\n", "no docstring"),
        ("a/run.py", '"""Runs."""\n' + "x = 1\n" * 400, "401 lines"),
        ("a/utils.py", '"""Runs."""\n', "`utils` is no noun"),
        ("a/common/run.py", '"""Runs."""\n', "no noun"),
        ("a/run.py", LONG_FUNCTION, "`long` has 61 lines"),
    ],
)
def test_a_planted_fault_of_shape_is_found(path: str, text: str, wanted: str) -> None:
    found = shape.problems(tree.parse(path, text))
    assert len(found) == 1
    assert wanted in found[0]


@pytest.mark.parametrize(
    "text",
    [
        '"""Runs.\n\nLonger than 400 lines because it is one table."""\n' + "x = 1\n" * 400,
        '"""Runs."""\n' + "x = 1\n" * 399,
        LONG_DOCSTRING,
        "",
    ],
)
def test_what_is_short_or_has_a_reason_passes(text: str) -> None:
    assert shape.problems(tree.parse("a/run.py", text)) == []


def test_every_module_is_in_shape() -> None:
    problems = [problem for module in tree.modules() for problem in shape.problems(module)]
    assert not problems, tree.report(problems)
