"""Frames: four bytes of length, big-endian, then one MessagePack message. Pure: bytes in, bytes out."""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from windward.errors import WindwardError
from windward.protocol.messages import FRAME_BYTES_MAX

Message = TypeVar("Message")

_ENCODER = msgspec.msgpack.Encoder()
_HEADER_BYTES = 4


class FrameError(WindwardError):
    """The other side sent something that is not a frame of ours."""


def frame(message: object) -> bytes:
    """Return the message as one frame; raise `FrameError` when it is too large."""
    buffer = bytearray(_HEADER_BYTES)
    _ENCODER.encode_into(message, buffer, _HEADER_BYTES)
    size = len(buffer) - _HEADER_BYTES
    if size > FRAME_BYTES_MAX:
        raise FrameError(f"a message of {size} bytes is larger than {FRAME_BYTES_MAX}")
    buffer[:_HEADER_BYTES] = size.to_bytes(_HEADER_BYTES, "big")
    return bytes(buffer)


@cache
def _decoder(message_type: object) -> msgspec.msgpack.Decoder[Any]:
    """Return the decoder of a closed set of messages: making one costs milliseconds, a connection is cheap."""
    return msgspec.msgpack.Decoder(message_type)


class FrameReader(Generic[Message]):
    """Collects bytes of one connection and gives whole messages of one type."""

    def __init__(self, message_type: object) -> None:
        self._decoder: msgspec.msgpack.Decoder[Message] = _decoder(message_type)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take received bytes; return the messages that are complete now."""
        buffer = self._buffer
        buffer += data
        messages: list[Message] = []
        start = 0
        while len(buffer) - start >= _HEADER_BYTES:
            size = int.from_bytes(buffer[start : start + _HEADER_BYTES], "big")
            if size > FRAME_BYTES_MAX:
                raise FrameError(
                    f"a frame of {size} bytes is announced, at most {FRAME_BYTES_MAX} are allowed"
                )
            end = start + _HEADER_BYTES + size
            if len(buffer) < end:
                break
            try:
                messages.append(self._decoder.decode(buffer[start + _HEADER_BYTES : end]))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise FrameError(f"a frame cannot be read: {error}") from error
            start = end
        if start:
            del buffer[:start]
        return messages
