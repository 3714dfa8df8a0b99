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
    if not desk.store.hosts.set_draining(host_id, is_draining=is_draining):
        raise NotFoundError(f"there is no worker host `{host_id}`")
    before, after = {"is_draining": not is_draining}, {"is_draining": is_draining}
    note_change("worker host", host_id, before=before, after=after)
    desk.wakeup.wake()
