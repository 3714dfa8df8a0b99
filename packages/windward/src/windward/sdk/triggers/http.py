"""The trigger that waits for a server's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from windward.sdk.http_request import NOT_YET, HttpQuestion, answers
from windward.sdk.triggers.base import BaseTrigger, TriggerEvent


class HttpTrigger(BaseTrigger):
    """Waits until an endpoint answers by a status below 400; its event's payload is the status."""

    def __init__(
        self,
        *,
        endpoint: str,
        http_conn_id: str,
        method: str = "GET",
        data: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        extra_options: Mapping[str, Any] | None = None,
        not_yet: Sequence[str] = NOT_YET,
        poke_interval: float = 5.0,
    ) -> None:
        super().__init__()
        self.question = HttpQuestion(
            endpoint=endpoint,
            conn_id=http_conn_id,
            method=method,
            data=data,
            headers=headers,
            options=extra_options,
        )
        self.not_yet = tuple(not_yet)
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{HttpTrigger.__module__}.{HttpTrigger.__name__}",
            {
                "endpoint": self.question.endpoint,
                "http_conn_id": self.question.conn_id,
                "method": self.question.method,
                "data": self.question.data,
                "headers": self.question.headers,
                "extra_options": self.question.options,
                "not_yet": list(self.not_yet),
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask now and then, in a thread: the event loop belongs to others, too."""
        while True:
            response = await asyncio.to_thread(self.question.ask)
            if answers(response, not_yet=self.not_yet):
                yield TriggerEvent(response.status_code)
                return
            await asyncio.sleep(self.poke_interval)
