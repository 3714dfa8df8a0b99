"""Where the API server of this machine is reached: a flag of its start may have given it another port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windward.app.session import Session


def server_address(session: Session) -> str:
    """Return what `[api] base_url` says, or the host of the settings with the port of a server that runs here.

    That is the port of the settings, unless servers give signs of life from this machine, and none of them at that one.
    """
    from datetime import timedelta

    from windward.app.process import component_name

    api = session.settings.api
    if api.base_url:
        return api.base_url.rstrip("/")
    silence, now = timedelta(seconds=session.settings.scheduler.host_lease_s), session.clock.now()
    ports = [
        component["name"].rpartition(":")[2]
        for component in sorted(session.store.hosts.load_components(), key=lambda one: one["started_at"])
        if component["kind"] == "api-server"
        and component["hostname"] == component_name()
        and now - component["last_beat_at"] <= silence
    ]
    port = str(api.port) if str(api.port) in ports or not ports else ports[-1]
    return f"http://{api.host}:{port}"
