"""Auth managers: the built-in one keeps the contract, and one of somebody else comes in by its entry point."""

import textwrap
from pathlib import Path

import pytest

from tests.api.conftest import Client
from tests.api.signing_in import ME, POOL, basic, bearer, headers_of, jwt_of, sign_in
from windward.api.access.guarding import TOLD_EVERY_S, GuardedManager, ManagerFailed
from windward.api.access.manager import found_manager
from windward.api.services import Services
from windward.engine.people.accounts import OPERATOR, create_user, edit_user
from windward.errors import SettingsError
from windward.model.accounts import User
from windward.ports.auth import AuthManager
from windward.settings import load
from windward.testing.auth_managers import AuthManagerContract, Someone


class TestTheBuiltInOne(AuthManagerContract):
    @pytest.fixture
    def manager(self, services: Services) -> AuthManager:
        return services.entrance.manager

    @pytest.fixture
    def someone(self, services: Services) -> Someone:
        user = User(user_id="", username="ada", roles=("op",), created_at=services.now())
        made = create_user(services.account_desk, user, "a long password", by=OPERATOR)
        return Someone(user_id=made.user_id, username="ada", password="a long password")

    def test_who_is_disabled_is_nobody(
        self, services: Services, manager: AuthManager, someone: Someone
    ) -> None:
        edit_user(services.account_desk, "ada", {"is_active": False}, by=OPERATOR)
        assert manager.principal(someone.user_id) is None
        assert manager.check_password("ada", "a long password") is None


PACKAGE = """
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Principal


class Badges:
    def __init__(self, settings):
        self.gone = set()

    def identify(self, presented):
        badge = presented.headers.get("x-badge")
        return self.principal(badge) if badge else None

    def check_password(self, username, password):
        return self.principal(username) if password == "badge of " + username else None

    def principal(self, user_id):
        if user_id == "broken":
            raise RuntimeError("the directory is away")
        if user_id == "odd":
            return {"name": "odd"}
        if user_id not in {"7", "admin"} or user_id in self.gone:
            return None
        return Principal(user_id=user_id, name="badge " + user_id, permissions=BUILT_IN_ROLES["op"])

    def login_url(self, next_path):
        return "https://badges.test/login"

    def logout_url(self):
        return "https://badges.test/logout"
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    (folder / "badges-1.dist-info").mkdir(parents=True)
    (folder / "badges_of_tests.py").write_text(textwrap.dedent(PACKAGE))
    (folder / "badges-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: badges\nVersion: 1\n"
    )
    points = "[windward.auth_managers]\nbadges = badges_of_tests:Badges\n"
    (folder / "badges-1.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(folder))


BADGES = {"WINDWARD__API_AUTH__MANAGER": "badges"}


class TestOneOfSomebodyElse(AuthManagerContract):
    @pytest.fixture
    def variables(self) -> dict[str, str]:
        return BADGES

    @pytest.fixture
    def manager(self, services: Services) -> AuthManager:
        return services.entrance.manager

    @pytest.fixture
    def someone(self) -> Someone:
        return Someone(user_id="7", username="7", password="badge of 7")

    def test_it_lets_people_in_by_its_own_way_and_the_servers(
        self, client: Client, manager: AuthManager
    ) -> None:
        assert client.ask("GET", ME, headers={"x-badge": "7"}).json["username"] == "badge 7"
        assert client.ask("GET", ME, headers={"x-badge": "8"}).status == 401
        assert client.ask("GET", ME, headers={"x-badge": "7", "authorization": "Badge x"}).status == 200
        ways = (
            basic("7", "badge of 7"),
            headers_of(sign_in(client, "7", "badge of 7")),
            bearer(jwt_of(client, "7", "badge of 7")),
        )
        assert {client.ask("GET", ME, headers=way).status for way in ways} == {200}
        assert isinstance(manager, GuardedManager)
        manager.guarded.gone.add("7")  # type: ignore[attr-defined]  # the fake's own
        assert {client.ask("GET", ME, headers=way).status for way in ways} == {401}

    def test_what_a_browser_was_made_to_send_is_refused(self, client: Client) -> None:
        elsewhere = {"x-badge": "7", "sec-fetch-site": "cross-site"}
        assert client.ask("POST", "/api/v2/pools", POOL, headers=elsewhere).status == 403
        assert client.ask("POST", "/api/v2/pools", POOL, headers={"x-badge": "7"}).status == 201

    @pytest.mark.parametrize("badge", ["broken", "odd"])
    def test_its_errors_are_told_and_not_with_each_request(
        self, client: Client, badge: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        answers = [client.ask("GET", path, headers={"x-badge": badge}) for path in (ME, "/api/v2/pools", ME)]
        answers.append(client.ask("GET", ME, headers=basic(badge, f"badge of {badge}")))
        assert {answer.status for answer in answers} == {503}
        assert "`badges` failed" in answers[0].json["detail"]
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
            "auth manager failed"
        ]
        form = f"username={badge}&password=badge+of+{badge}"
        assert client.ask("POST", "/login", form.encode()).status == 503

    def test_browsers_go_where_it_says(self, client: Client) -> None:
        assert client.ask("GET", "/api/v2/auth/login").headers["location"] == "https://badges.test/login"
        assert client.ask("GET", "/login").headers["location"] == "https://badges.test/login"
        assert client.ask("GET", "/api/v2/auth/logout").headers["location"] == "https://badges.test/logout"


def test_an_error_that_goes_on_is_told_again_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    manager = GuardedManager("broken", Broken(), monotonic=lambda: now[0])  # type: ignore[arg-type]  # on purpose
    for now[0], told in ((0.0, 1), (TOLD_EVERY_S - 1, 1), (TOLD_EVERY_S, 2)):
        with pytest.raises(ManagerFailed):
            manager.principal("7")
        assert len(caplog.records) == told


def test_a_manager_that_nobody_has_installed_is_a_mistake_of_settings(
    services: Services, tmp_path: Path
) -> None:
    settings = load({"WINDWARD__API_AUTH__MANAGER": "badge"}, home=tmp_path)
    with pytest.raises(SettingsError) as caught:
        found_manager(services.account_desk, settings)
    assert "accounts, badges" in caught.value.hint
