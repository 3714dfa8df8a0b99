"""What tests of this folder claim stands in tables of functions, too."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.api_client.{name}_exercises" for name in ("dag", "instance", "run", "settings"))
)
