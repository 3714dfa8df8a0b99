"""Which addresses may be followed."""

import pytest

from windward.core.links import link_key, safe_link


@pytest.mark.parametrize(
    "address", ["http://a.test", "https://a.test:8/x?y=1#z", "HTTPS://a.test/", "/dags/a/runs/b"]
)
def test_addresses_of_the_web_and_paths_of_this_server_are_safe(address: str) -> None:
    assert safe_link(address) == address


@pytest.mark.parametrize("address", [
    "", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:x", "data:text/html,x",
    "file:///etc/passwd", "ftp://a.test", "//a.test", "/\\a.test", "https:a.test", "http://[x", "dags/a", None, 7,
    "https://a.test/\nx", "http:///x",
])  # fmt: skip
def test_everything_else_is_not(address: object) -> None:
    assert safe_link(address) is None


def test_a_link_is_kept_under_the_key_that_it_names_or_under_that_of_its_class() -> None:
    class Jobs:
        pass

    class Named:
        xcom_key = "mine"

    assert (link_key(Jobs()), link_key(Named())) == ("_link_Jobs", "mine")
