"""The built-in auth manager: the users of the database, and a proxy that is trusted; and how others are found."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import entry_points

from windward.api.access.guarding import GuardedManager
from windward.api.access.presented import Proxies
from windward.core.accounts import principal_of
from windward.engine.people.accounts import AccountDesk
from windward.engine.people.vouching import Vouched, vouched_user
from windward.errors import SettingsError, UserError
from windward.model.access import Credential, Principal
from windward.model.accounts import Source
from windward.ports.accounts import Known
from windward.ports.auth import BUILT_IN, ENTRY_POINTS, AuthManager, Presented
from windward.settings import Settings

REMEMBERED_MAX = 256


class AccountManager:
    """Implements `AuthManager`."""

    def __init__(self, desk: AccountDesk, settings: Settings) -> None:
        self._desk = desk
        self._header = settings.api_auth.proxy_user_header.lower()
        self._new_user_role = settings.api_auth.new_user_role
        self._proxies = Proxies(settings.api.trusted_proxies)
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()
        if self._header and not settings.api.trusted_proxies:
            raise SettingsError(
                "`[api_auth] proxy_user_header` is set, and no proxy is trusted",
                hint="Set `[api] trusted_proxies` to the proxy's address: from others, the header is a lie.",
            )

    def identify(self, presented: Presented) -> Principal | None:
        """Return whom a trusted proxy names."""
        name = presented.headers.get(self._header, "") if self._header else ""
        if not name or not self._proxies.trusts(presented.peer):
            return None
        said = Vouched(username=name, source=Source.PROXY)
        try:
            known = vouched_user(self._desk, said, new_user_role=self._new_user_role)
        except UserError:
            return None
        return _principal(known, Credential.PROXY)

    def check_password(self, username: str, password: str) -> Principal | None:
        """Return whose name and password these are."""
        found = self._desk.accounts.known_by_name(username)
        known, stored = found or (None, None)
        if not self._is_right(stored, password):
            return None
        return _principal(known, Credential.PASSWORD) if known is not None and known.user.is_active else None

    def is_remembered(self, username: str, password: str) -> Principal | None:
        """Return whose these are, if they were right a while ago and still are: that costs no Argon2."""
        found = self._desk.accounts.known_by_name(username)
        if found is None or found[1] is None or not found[0].user.is_active:
            return None
        with self._lock:
            is_known = self._digest(found[1], password) in self._remembered
        return _principal(found[0], Credential.PASSWORD) if is_known else None

    def principal(self, user_id: str) -> Principal | None:
        """Return a person as of now."""
        known = self._desk.accounts.known(user_id)
        return _principal(known, Credential.OTHER) if known is not None and known.user.is_active else None

    def login_url(self, next_path: str) -> str | None:
        """Return None: the server has a page."""
        del next_path
        return None

    def logout_url(self) -> str | None:
        """Return None: the server has a page."""
        return None

    def _is_right(self, stored: str | None, password: str) -> bool:
        if not self._desk.passwords.is_right(stored, password):
            return False
        assert stored is not None
        with self._lock:
            self._remembered[self._digest(stored, password)] = None
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return True

    def _digest(self, stored: str, password: str) -> bytes:
        # With the stored hash in it, so that a new password ends what was remembered of the old one.
        return hmac.digest(self._key, f"{stored}\0{password}".encode(), hashlib.sha256)


def _principal(known: Known, credential: Credential) -> Principal:
    return principal_of(known.user, known.custom_roles, credential=credential)


MakeManager = Callable[[Settings], AuthManager]


def found_manager(desk: AccountDesk, settings: Settings) -> AuthManager:
    """Return the auth manager that the settings name.

    Raises:
        SettingsError: when no package has it.
    """
    name = settings.api_auth.manager
    if name == BUILT_IN:
        return AccountManager(desk, settings)
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            make: MakeManager = point.load()
            return GuardedManager(name, make(settings))
    known = ", ".join(sorted({BUILT_IN, *(point.name for point in entry_points(group=ENTRY_POINTS))}))
    raise SettingsError(
        f"`[api_auth] manager` is `{name}`, which no installed package has",
        hint=f"Install the package that has it, or use one of: {known}.",
    )
