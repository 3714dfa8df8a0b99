"""Links that an operator shows beside its task instances (`airflow.models.baseoperatorlink`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class BaseOperatorLink(ABC):
    """A link, named `name`, that `get_link` makes for a task instance."""

    operators: ClassVar[list[type]] = []

    @property
    @abstractmethod
    def name(self) -> str:
        """What people read and click."""

    @property
    def xcom_key(self) -> str:
        """The XCom key under which the link may be kept."""
        return f"_link_{type(self).__name__}"

    @abstractmethod
    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, empty when there is none."""
