"""Worker hosts, as people steer them."""

from __future__ import annotations

from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import NotFoundError


def drain_host(desk: Desk, host_id: str, *, is_draining: bool) -> None:
    """Have a worker host given nothing new, or let it work again; what runs there goes on.

    Raises:
        NotFoundError: when there is no such worker host.
    """
    before = next((host for host in desk.store.hosts.load_hosts() if host.host_id == host_id), None)
    if before is None or not desk.store.hosts.set_draining(host_id, is_draining=is_draining):
        raise NotFoundError(f"there is no worker host `{host_id}`")
    if before.is_draining != is_draining:
        after = {"is_draining": is_draining}
        note_change("worker host", host_id, before={"is_draining": before.is_draining}, after=after)
    desk.wakeup.wake()
