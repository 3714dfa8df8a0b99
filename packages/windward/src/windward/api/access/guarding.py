"""An auth manager of somebody else, held so that its errors are answers of 503, and few lines of the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from windward.errors import UnavailableError, WindwardError
from windward.model.access import Principal
from windward.ports.auth import AuthManager, Presented

log = logging.getLogger("windward.api.access")
TOLD_EVERY_S = 10.0
"""How often an error of it is written to the log: whoever sends its header may cause one with each request."""
Answer = TypeVar("Answer")


class ManagerFailed(UnavailableError):
    """The auth manager raised what it should not, or said what nobody can be."""


class GuardedManager:
    """Implements `AuthManager` by asking another; what that raises unexpectedly is told as `ManagerFailed`."""

    def __init__(
        self, name: str, manager: AuthManager, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.guarded = manager
        self._name = name
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._told_at: float | None = None

    def identify(self, presented: Presented) -> Principal | None:
        """Return who sends a request."""
        return self._asked("identify", Principal, lambda: self.guarded.identify(presented))

    def check_password(self, username: str, password: str) -> Principal | None:
        """Return whose name and password these are."""
        return self._asked(
            "check_password", Principal, lambda: self.guarded.check_password(username, password)
        )

    def principal(self, user_id: str) -> Principal | None:
        """Return a person as of now."""
        return self._asked("principal", Principal, lambda: self.guarded.principal(user_id))

    def login_url(self, next_path: str) -> str | None:
        """Return where a browser signs in."""
        return self._asked("login_url", str, lambda: self.guarded.login_url(next_path))

    def logout_url(self) -> str | None:
        """Return where a browser goes after it signed out."""
        return self._asked("logout_url", str, self.guarded.logout_url)

    def _asked(self, what: str, kind: type[Answer], ask: Callable[[], Answer | None]) -> Answer | None:
        try:
            found = ask()
        except WindwardError:
            raise
        except Exception as error:
            self._tell(what, error)
            raise self._failure() from error
        if found is not None and not isinstance(found, kind):
            self._tell(what, TypeError(f"`{type(found).__name__}` is no `{kind.__name__}`"))
            raise self._failure()
        return found

    def _failure(self) -> ManagerFailed:
        return ManagerFailed(f"the auth manager `{self._name}` failed; the server's log says why")

    def _tell(self, what: str, error: Exception) -> None:
        now = self._monotonic()
        with self._lock:
            if self._told_at is not None and now - self._told_at < TOLD_EVERY_S:
                return
            self._told_at = now
        log.error("auth manager failed", exc_info=error, extra={"manager": self._name, "asked": what})
