"""Opening the listening socket, and what is said when it cannot be."""

import re
import socket

import pytest

from windward.api.listen import address_of, listen
from windward.errors import SettingsError
from windward.settings import ApiSettings


def test_port_0_takes_one_that_is_free() -> None:
    with listen(ApiSettings(port=0)) as listener:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address_of(listener))


def test_a_taken_port_is_named_with_what_to_set() -> None:
    with listen(ApiSettings(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} on `127.0.0.1` is taken") as refused:
            listen(ApiSettings(port=port))
    assert "WINDWARD__API__PORT" in refused.value.hint


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(host)) as refused:
        listen(ApiSettings(host=host, port=0))
    assert "WINDWARD__API__HOST" in refused.value.hint


def test_an_address_for_all_is_shown_as_one_that_can_be_opened() -> None:
    with listen(ApiSettings(host="0.0.0.0", port=0)) as listener:
        assert address_of(listener).startswith("http://localhost:")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_is_shown_in_brackets() -> None:
    try:
        listener = listen(ApiSettings(host="::1", port=0))
    except SettingsError:
        pytest.skip("no IPv6 address here")
    with listener:
        assert address_of(listener).startswith("http://[::1]:")
