"""The contract of auth managers, for whoever writes one.

Inherit from `AuthManagerContract` in a class whose name begins with `Test`, and give two fixtures: `manager`, the auth
manager, and `someone`, a person that it knows::

    class TestDirectory(AuthManagerContract):
        @pytest.fixture
        def manager(self): return Directory(...)

        @pytest.fixture
        def someone(self): return Someone(user_id="7", username="ada", password="…")
"""

from __future__ import annotations

import msgspec

from windward.model.access import Principal
from windward.ports.auth import AuthManager, Presented

ID_MAX = 250


class Someone(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom the auth manager knows. A manager that checks no passwords gives none."""

    user_id: str
    username: str
    password: str | None = None


NOBODY = Presented(method="GET", path="/", headers={}, address="192.0.2.1", peer="192.0.2.1")


class AuthManagerContract:
    """What the server counts on. Each test says it in its name."""

    def test_a_person_is_found_by_the_id_that_names_them(
        self, manager: AuthManager, someone: Someone
    ) -> None:
        """The id of a session or token leads to its person, with a name and an id that can be stored."""
        found = _known(manager, someone)
        assert found.user_id == someone.user_id
        assert 0 < len(found.user_id) <= ID_MAX
        assert found.name

    def test_an_id_that_names_nobody_finds_nobody(self, manager: AuthManager, someone: Someone) -> None:
        """A person who is gone comes in no more."""
        for user_id in ("", someone.user_id + "x", "\0", "x" * ID_MAX):
            assert manager.principal(user_id) is None, user_id

    def test_a_person_is_the_same_each_time(self, manager: AuthManager, someone: Someone) -> None:
        """What is asked twice is answered alike, or sessions would end at random."""
        assert manager.principal(someone.user_id) == manager.principal(someone.user_id)

    def test_a_request_that_says_nothing_is_nobodys(self, manager: AuthManager) -> None:
        """No header, no person."""
        assert manager.identify(NOBODY) is None

    def test_what_the_server_reads_itself_is_no_word_of_the_managers(self, manager: AuthManager) -> None:
        """Cookies and tokens of the server are left to it."""
        for name, value in (("cookie", "windward_session=x"), ("authorization", "Bearer wnd_x")):
            presented = msgspec.structs.replace(NOBODY, headers={name: value})
            assert manager.identify(presented) is None, name

    def test_a_password_leads_to_its_person_and_no_other_does(
        self, manager: AuthManager, someone: Someone
    ) -> None:
        """Only the right password of the right name."""
        if someone.password is not None:
            found = manager.check_password(someone.username, someone.password)
            assert found is not None
            assert found.user_id == someone.user_id
            assert found.permissions == _known(manager, someone).permissions
        for name, password in (
            (someone.username, ""),
            (someone.username, "\0"),
            (someone.username, (someone.password or "") + "x"),
            ("", someone.password or "x"),
            (someone.username + "x", someone.password or "x"),
        ):
            assert manager.check_password(name, password) is None, name

    def test_urls_lead_somewhere_a_browser_can_go(self, manager: AuthManager) -> None:
        """A path of this server or an address with TLS; None for the server's own pages."""
        for url in (manager.login_url("/dags?x=1"), manager.logout_url()):
            assert url is None or url.startswith(("/", "https://", "http://127.0.0.1", "http://localhost"))
            assert url is None or url.isprintable()


def _known(manager: AuthManager, someone: Someone) -> Principal:
    found = manager.principal(someone.user_id)
    assert found is not None, "the person that the suite was given is not known"
    return found
