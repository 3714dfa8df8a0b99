"""An application whose caller says which role they have."""

from typing import Any

from tests.api.conftest import FakeGate, FakeLedger
from windward.api.access.pages import LoginPages
from windward.api.app import make_app
from windward.api.contract.serving import BODY_S_MAX
from windward.api.page import Page
from windward.api.services import Services
from windward.store.sql.open import SqlStore


def told(services: Services, store: SqlStore, gate: FakeGate | None = None, **bounds: float) -> Any:
    gate = gate or FakeGate()
    return make_app(
        services,
        gate=gate,
        ledger=FakeLedger(),
        page=Page(services, gate=gate, title="t"),
        login=LoginPages(
            services.entrance, store.audit, title="t", body_s_max=bounds.get("body_s_max", BODY_S_MAX)
        ),
        **bounds,  # type: ignore[arg-type]  # there is one, a number
    )
