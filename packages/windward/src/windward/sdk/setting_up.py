"""What a process that runs user code is told of the settings, once, before it forks: one call for all such processes.

What may not live here: what each part does with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windward.sdk import defaults, extensions, secrets, state_backend, xcom_backend
from windward.sdk.masking import MASKER

if TYPE_CHECKING:
    from windward.settings import Settings


def set_up(settings: Settings, *, is_worker: bool) -> None:
    """Make the settings those of this process. A worker asks `[workers] secrets_backend`, else `[secrets] backend`."""
    defaults.configure(defaults.from_settings(settings.core, settings.scheduler))
    MASKER.configure(
        is_enabled=settings.core.hide_sensitive_var_conn_fields,
        names=settings.core.sensitive_var_conn_names,
        length_min=settings.logging.min_length_masked_secret,
    )
    secrets.configure(_backend(settings, is_worker=is_worker))
    xcom_backend.configure(settings.core.xcom_backend)
    state_backend.configure(
        settings.workers.state_store_backend, clears_on_success=settings.state_store.clear_on_success
    )
    extensions.configure(extension_places(settings))


def extension_places(settings: Settings) -> extensions.Places:
    """Return where a deployment's plugins and local settings are."""
    home = settings.home
    folders = (home / "config", home / "plugins", settings.core.dags_folder)
    return extensions.Places(tuple(map(str, folders)), str(home / "plugins"))


def _backend(settings: Settings, *, is_worker: bool) -> secrets.BackendOptions | None:
    workers, common = settings.workers, settings.secrets
    if is_worker and workers.secrets_backend:
        return secrets.BackendOptions(path=workers.secrets_backend, kwargs=workers.secrets_backend_kwargs)
    return (
        secrets.BackendOptions(path=common.backend, kwargs=common.backend_kwargs) if common.backend else None
    )
