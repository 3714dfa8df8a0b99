"""JWTs of `/auth/token`: signed by this installation, for this installation, with one algorithm and an end."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from windward.model.access import Principal
from windward.settings import AuthSettings

ALGORITHMS = ["HS256"]
"""What is accepted, whatever a token says of itself."""
LEEWAY_S = 10
JWT_MAX = 4096
REMEMBERED_MAX = 256
"""Signatures that were found right and are not looked at again."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a JWT says that was found to be ours."""

    sub: str
    jti: str
    exp: int
    ver: int

    @property
    def expires_at(self) -> datetime:
        """When it ends to count."""
        return datetime.fromtimestamp(self.exp, tz=UTC)


class Jwts:
    """Gives JWTs out and reads them. `secret_key` is that of the installation; the key in use is made from it."""

    def __init__(self, secret_key: str, settings: AuthSettings, *, new_id: Callable[[], str]) -> None:
        self._key = hmac.digest(secret_key.encode(), b"windward jwt", hashlib.sha256)
        self._settings = settings
        self._new_id = new_id
        self._read: dict[str, Claims] = {}

    def issue(self, principal: Principal, *, lifetime_s: float, now: datetime) -> str:
        """Return a JWT that stands for a person."""
        from joserfc import jwt
        from joserfc.jwk import OctKey

        claims = {
            "sub": principal.user_id,
            "iss": self._settings.jwt_issuer,
            "aud": self._settings.jwt_audience,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=lifetime_s)).timestamp()),
            "jti": self._new_id(),
            "ver": principal.version,
        }
        key = OctKey.import_key(self._key)
        return jwt.encode({"alg": ALGORITHMS[0], "typ": "JWT"}, claims, key, algorithms=ALGORITHMS)

    def read(self, text: str, *, now: datetime) -> Claims | None:
        """Return what a JWT says; None when it is not ours, was changed, or is over."""
        known = self._read.get(text)
        if known is None:
            known = self._checked(text, now=now)
            if known is not None:
                if len(self._read) >= REMEMBERED_MAX:
                    self._read.clear()
                self._read[text] = known
        # The signature holds for ever; its end does not.
        return known if known is not None and known.exp > int(now.timestamp()) - LEEWAY_S else None

    def _checked(self, text: str, *, now: datetime) -> Claims | None:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import OctKey

        if len(text) > JWT_MAX:
            return None
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._settings.jwt_issuer},
            aud={"essential": True, "value": self._settings.jwt_audience},
            exp={"essential": True},
            nbf={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
        )
        try:
            token = jwt.decode(text, OctKey.import_key(self._key), algorithms=ALGORITHMS)
            registry.validate(token.claims)
            return msgspec.convert(token.claims, Claims)
        except (JoseError, ValueError, TypeError, msgspec.ValidationError):
            return None
