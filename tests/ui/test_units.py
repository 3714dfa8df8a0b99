"""What the web interface says of itself: its unit tests, its types, its lint."""

import pytest

from tests.ui import tools

pytestmark = pytest.mark.slow


def test_the_unit_tests_of_the_interface_pass() -> None:
    tools.run("npm", "test")


def test_the_types_of_the_interface_fit() -> None:
    tools.run("npm", "run", "types")


def test_the_interface_is_formatted_and_free_of_lint() -> None:
    tools.run("npm", "run", "lint")
