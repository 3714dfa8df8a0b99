"""File systems by scheme and connection, and names that authors give them (`attach`).

S3, Google Cloud Storage and Azure are reached by obstore, which Windward has anyway; a provider package that brings a
file system for a scheme comes first, any other scheme is fsspec's. What may not live here: paths.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from windward.sdk.connection import Connection, read
from windward.sdk.exceptions import AirflowOptionalProviderFeatureException

LOCAL_SCHEMES = frozenset({"file", "local", ""})
S3_SCHEMES = frozenset({"s3", "s3a", "s3n"})
GCS_SCHEMES = frozenset({"gs", "gcs"})
AZURE_SCHEMES = frozenset({"abfs", "abfss", "adl", "az", "wasb", "wasbs"})
CLOUD_SCHEMES = S3_SCHEMES | GCS_SCHEMES | AZURE_SCHEMES
_HINT = "`ObjectStoragePath` needs the extra `storage`: `pip install 'windward[storage]'`"

Properties = dict[str, str]


def require_libraries() -> None:
    """Raise `AirflowOptionalProviderFeatureException` when the extra is not installed."""
    try:
        import fsspec  # noqa: F401 - whether it is there is the question
        import upath  # noqa: F401 - as above
    except ImportError as error:
        raise AirflowOptionalProviderFeatureException(_HINT) from error


class ObjectStore:
    """A file system that is made when it is first used: its connection is read in the process that uses it."""

    def __init__(
        self, protocol: str, conn_id: str | None, fs: Any = None, storage_options: Properties | None = None
    ) -> None:
        self.protocol = protocol
        self.conn_id = conn_id
        self.storage_options = storage_options or {}
        if fs is not None:
            self.__dict__["fs"] = fs

    @cached_property
    def fs(self) -> Any:
        """The file system, one of fsspec's."""
        return get_fs(self.protocol, self.conn_id, self.storage_options)

    @property
    def fsid(self) -> str:
        """A name for the file system: equal ones are the same."""
        return f"{self.protocol}-{self.conn_id or 'env'}"

    def __str__(self) -> str:
        return self.fsid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectStore) and self.fsid == other.fsid

    def __hash__(self) -> int:
        return hash(self.fsid)

    def __reduce__(self) -> Any:
        return type(self), (self.protocol, self.conn_id, None, self.storage_options)


_attached: dict[str, ObjectStore] = {}


def attach(
    protocol: str | None = None,
    conn_id: str | None = None,
    alias: str | None = None,
    encryption_type: str | None = "",
    fs: Any = None,
) -> ObjectStore:
    """Return the store of a scheme and connection, and give it a name if `alias` is set; the same one each time.

    Raises ValueError when only an alias is given that nobody attached.
    """
    del encryption_type  # Airflow has it and uses it for nothing
    if alias is not None and alias in _attached and protocol is None:
        return _attached[alias]
    if protocol is None:
        raise ValueError(f"No registered store with alias: {alias}" if alias else "attach() needs a protocol")
    store = ObjectStore(_plain(protocol), conn_id, fs)
    name = alias or store.fsid
    if fs is not None or name not in _attached:
        _attached[name] = store
    return _attached[name]


def has_fs(scheme: str) -> bool:
    """Whether there is a file system for a scheme."""
    scheme = _plain(scheme)
    if scheme in LOCAL_SCHEMES | CLOUD_SCHEMES or scheme in _from_packages():
        return True
    require_libraries()
    from fsspec.registry import known_implementations, registry

    return scheme in known_implementations or scheme in registry


def get_fs(scheme: str, conn_id: str | None = None, storage_options: Mapping[str, Any] | None = None) -> Any:
    """Return a file system. Raises ValueError for a scheme that nobody knows."""
    require_libraries()
    import fsspec

    scheme, options = _plain(scheme), dict(storage_options or {})
    if scheme in LOCAL_SCHEMES:
        return fsspec.filesystem("file", auto_mkdir=True)
    brought = _brought(scheme, conn_id, options)
    if brought is not None:
        return brought
    if scheme in CLOUD_SCHEMES:
        return _cloud(scheme, None if conn_id is None else read(conn_id), options)
    if not has_fs(scheme):
        raise ValueError(f"No filesystem registered for scheme {scheme}")
    return fsspec.filesystem(scheme, **options)


def _plain(scheme: str) -> str:
    return scheme.partition("://")[0]


_packages: dict[str, str] | None = None


def _from_packages() -> dict[str, str]:
    """Return scheme to the module of a provider package that knows it."""
    global _packages  # noqa: PLW0603 - looked up once per process
    if _packages is None:
        from importlib import import_module

        from windward.sdk.compat.providers_manager import ProvidersManager

        _packages = {}
        for info in ProvidersManager().providers.values():
            for name in info.data.get("filesystems", ()):
                try:
                    schemes = import_module(name).schemes
                except ImportError:  # a library that the package needs for it is not installed
                    continue
                _packages.update(dict.fromkeys(schemes, name))
    return _packages


def _brought(scheme: str, conn_id: str | None, options: dict[str, Any]) -> Any:
    """Return the file system of a provider package; None when there is none, or it lacks a library."""
    name = _from_packages().get(scheme)
    if name is None:
        return None
    from importlib import import_module

    make = import_module(name).get_fs
    try:
        takes_options = len(inspect.signature(make).parameters) > 1
        return make(conn_id, options) if takes_options else make(conn_id)
    except ImportError:
        if scheme in CLOUD_SCHEMES:
            return None
        raise


def _cloud(scheme: str, connection: Connection | None, options: dict[str, Any]) -> Any:
    from obstore.fsspec import FsspecStore

    protocol = "s3" if scheme in S3_SCHEMES else "gs" if scheme in GCS_SCHEMES else "az"
    config = {} if connection is None else store_config(protocol, connection)
    config.update({key: value for key, value in options.items() if value is not None})
    client_options = {"allow_http": True} if _is_plain_http(config) else {}
    # `skip_instance_cache`: another connection is another store, whatever the arguments look like.
    kind: Any = FsspecStore
    return kind(
        protocol,
        config=config or None,
        client_options=client_options or None,
        asynchronous=False,
        skip_instance_cache=True,
    )


def _is_plain_http(config: Mapping[str, Any]) -> bool:
    return any(str(config.get(key, "")).startswith("http://") for key in ("endpoint", "base_url"))


def store_config(protocol: str, connection: Connection) -> dict[str, Any]:
    """Return obstore's settings from a connection of Airflow's types `aws`, `google_cloud_platform` or `wasb`."""
    extra = connection.extra_dejson
    match protocol:
        case "s3":
            service = extra.get("service_config", {}).get("s3", {})
            found = {
                "access_key_id": connection.login or extra.get("aws_access_key_id"),
                "secret_access_key": connection.password or extra.get("aws_secret_access_key"),
                "session_token": extra.get("aws_session_token"),
                "region": extra.get("region_name") or extra.get("region"),
                "endpoint": service.get("endpoint_url") or extra.get("endpoint_url") or extra.get("host"),
                "skip_signature": extra.get("anon"),
            }
        case "gs":
            keys = {
                name.removeprefix("extra__google_cloud_platform__"): value for name, value in extra.items()
            }
            document = keys.get("keyfile_dict")
            found = {
                "service_account_key": json.dumps(document) if isinstance(document, dict) else document,
                "service_account": keys.get("key_path"),
                "base_url": keys.get("endpoint"),
                "skip_signature": keys.get("anonymous") or keys.get("is_anonymous"),
            }
        case _:
            found = {
                "account_name": connection.login or extra.get("account_name"),
                "account_key": connection.password or extra.get("account_key"),
                "sas_key": extra.get("sas_token"),
                "client_id": extra.get("client_id"),
                "client_secret": extra.get("client_secret"),
                "tenant_id": extra.get("tenant_id"),
                "endpoint": extra.get("account_url") or extra.get("endpoint"),
            }
    return {key: value for key, value in found.items() if value not in (None, "", False)}
