"""Fixtures that ask a command of the database and of a server over it."""

from collections.abc import Callable, Mapping

import pytest

from tests.api.conftest import SECRET_KEY, FakeWakeup, FixedClock
from tests.api.test_command_line import Run, Said, address, run, variables  # fixtures
from windward.api.services import Services
from windward.app.session import Session
from windward.cli.main import main
from windward.settings import Settings
from windward.store.sql.open import SqlStore

__all__ = ["FAR", "NEAR", "Both", "Run", "Said", "address", "both", "local", "run", "variables"]

NEAR, FAR = "nearby", "faaway"
"""Names of the same length: tables of both are equally wide."""

Both = Callable[..., Said]


@pytest.fixture
def local(
    store: SqlStore,
    clock: FixedClock,
    services: Services,
    variables: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Return a way to run a command where the database is."""

    def session(environ: Mapping[str, str]) -> Session:
        def opened(_settings: Settings) -> SqlStore:
            return store

        return Session(
            environ,
            clock=clock,
            open_store=opened,
            open_wakeup=lambda _settings, _store: FakeWakeup(),
            home=services.settings.home,
        )

    def carry_out(*words: str) -> Said:
        environ = {"WINDWARD__API__SECRET_KEY": SECRET_KEY, **variables}
        code = main(words, environ=environ, make_session=session)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return carry_out


@pytest.fixture
def both(local: Run, run: Run) -> Both:
    """Ask a command of the database and of the server, with `{n}` as a name of either; they must say the same."""

    def carry_out(*words: str) -> Said:
        is_of_one = any("{n}" in word for word in words)
        here = local(*(word.replace("{n}", NEAR) for word in words))
        there = run(*(word.replace("{n}", FAR) for word in words))
        said = [text.replace(FAR, NEAR) if is_of_one else text for text in (there.out, there.err)]
        assert [there.code, *said] == [here.code, here.out, here.err], words
        return here

    return carry_out
