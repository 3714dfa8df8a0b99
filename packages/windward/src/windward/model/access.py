"""What may be allowed: resources, verbs, permissions, and who acts. Names and frozen records only."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verb(StrEnum):
    """What somebody does to a resource."""

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


class Resource(StrEnum):
    """What it is done to."""

    ASSET = "asset"
    ASSET_STATE = "asset_state"
    AUDIT_LOG = "audit_log"
    BACKFILL = "backfill"
    CODE = "code"
    CONFIG = "config"
    CONNECTION = "connection"
    DAG = "dag"
    DAG_VERSION = "dag_version"
    HUMAN_INPUT = "human_input"
    IMPORT_ERROR = "import_error"
    JOB = "job"
    LOG = "log"
    PLUGIN = "plugin"
    POOL = "pool"
    PROVIDER = "provider"
    ROLE = "role"
    RUN = "run"
    TASK_INSTANCE = "task_instance"
    TASK_STATE = "task_state"
    USER = "user"
    VARIABLE = "variable"
    WARNING = "warning"
    WORKER = "worker"
    XCOM = "xcom"


OF_A_DAG = frozenset(
    {
        Resource.AUDIT_LOG,
        Resource.BACKFILL,
        Resource.CODE,
        Resource.DAG,
        Resource.DAG_VERSION,
        Resource.HUMAN_INPUT,
        Resource.IMPORT_ERROR,
        Resource.LOG,
        Resource.RUN,
        Resource.TASK_INSTANCE,
        Resource.TASK_STATE,
        Resource.WARNING,
        Resource.XCOM,
    }
)
"""Resources that belong to one DAG: a permission may be for some DAGs only."""


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to do one thing: everywhere, to one DAG, or to the DAGs with a tag."""

    resource: Resource
    verb: Verb
    dag_id: str | None = None
    tag: str | None = None


class Credential(StrEnum):
    """By what somebody was recognised."""

    PASSWORD = "password"
    """A name and a password, sent with this request."""
    SESSION = "session"
    """A browser's cookie."""
    JWT = "jwt"
    """What `/auth/token` gave out."""
    API_TOKEN = "api_token"
    """A token that its owner made for a program."""
    PROXY = "proxy"
    """A proxy that is trusted says who it is."""
    OTHER = "other"
    """The auth manager knows."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts. `scopes` are what a token is limited to, however much its owner may do; None is no limit."""

    user_id: str
    name: str
    roles: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    scopes: frozenset[Permission] | None = None
    has_session: bool = False
    """Whether a browser's cookie says who it is: such a request must also carry the session's own token to change anything."""
    credential: Credential = Credential.OTHER
    credential_id: str = ""
    """Which session, JWT or API token it is."""
    version: int = 0
    """Raised when whatever was given out before must not count any more, as after a change of the password."""


class DagReach(msgspec.Struct, frozen=True, kw_only=True):
    """The DAGs that somebody may do a thing to: all of them, or those that are named or have a tag."""

    is_all: bool = False
    dag_ids: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    within: DagReach | None = None
    """What a token is limited to: of all these, only what that reaches too."""

    @property
    def is_empty(self) -> bool:
        """Whether no DAG at all is reached."""
        return not (self.is_all or self.dag_ids or self.tags)

    @property
    def needs_tags(self) -> bool:
        """Whether the tags of a DAG say if it is reached."""
        return bool(self.tags) or (self.within is not None and self.within.needs_tags)
