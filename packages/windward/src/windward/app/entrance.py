"""Accounts and the entrance of the API server, made of settings and a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windward.app.credentials import ArgonPasswords, new_id, new_secret
from windward.engine.people.accounts import AccountDesk

if TYPE_CHECKING:
    from windward.api.access.entrance import Entrance
    from windward.ports.accounts import AccountStore
    from windward.ports.clock import Clock
    from windward.settings import Settings


def account_desk(accounts: AccountStore, clock: Clock) -> AccountDesk:
    """Return the desk that takes wishes about accounts."""
    return AccountDesk(
        accounts=accounts,
        passwords=ArgonPasswords(),
        now=clock.now,
        new_id=new_id,
        new_secret=new_secret,
    )


def open_entrance(settings: Settings, desk: AccountDesk) -> Entrance:
    """Return the entrance, with the auth manager that the settings name.

    Raises:
        SettingsError: when it cannot be made.
    """
    from windward.api.access.entrance import Entrance
    from windward.api.access.manager import found_manager

    manager = found_manager(desk, settings)
    return Entrance(settings, desk, manager)
