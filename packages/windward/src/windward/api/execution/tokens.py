"""Tokens of attempts: each names one attempt and one host, lives for minutes, and opens nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.problem import Unauthenticated
from windward.protocol.work import AttemptRef

ALGORITHM = "HS256"
AUDIENCE = "windward-execution"
LIFE_S = 600
"""How long a token lives. A host renews those of what it has with each heartbeat."""


class AttemptClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    ref: AttemptRef
    host_id: str
    dag_id: str


class AttemptTokens:
    """Makes and reads tokens, under the key that signs all of this installation's."""

    def __init__(self, secret_key: str) -> None:
        assert secret_key, "tokens need a key"
        self._secret_key = secret_key
        self._loaded: Any = None

    def make(self, claims: AttemptClaims, *, now: datetime) -> str:
        """Return a token."""
        from joserfc import jwt

        body = {
            "aud": AUDIENCE,
            "exp": int(now.timestamp()) + LIFE_S,
            "iat": int(now.timestamp()),
            "attempt": msgspec.to_builtins(claims),
        }
        return jwt.encode({"alg": ALGORITHM}, body, self._key, algorithms=[ALGORITHM])

    def read(self, text: str, *, now: datetime) -> AttemptClaims:
        """Return what a token says.

        Raises:
            Unauthenticated: when it is none of ours, is for something else, or has expired.
        """
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            claims = jwt.decode(text, self._key, algorithms=[ALGORITHM]).claims
            if claims.get("aud") != AUDIENCE:
                raise Unauthenticated("the token is not one of an attempt")
            if claims.get("exp", 0) < now.timestamp():
                raise Unauthenticated("the token of the attempt has expired")
            return msgspec.convert(claims.get("attempt"), AttemptClaims)
        except (JoseError, msgspec.ValidationError, ValueError) as error:
            raise Unauthenticated("the token cannot be read") from error

    @property
    def _key(self) -> Any:
        if self._loaded is None:
            from joserfc.jwk import OctKey

            # A key of its own, so that no other token of this installation is one of these.
            self._loaded = OctKey.import_key(f"{AUDIENCE}:{self._secret_key}")
        return self._loaded
