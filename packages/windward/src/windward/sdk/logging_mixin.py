"""The `log` attribute of operators, hooks and notifiers. Where the records go is the process's affair."""

from __future__ import annotations

import logging


class LoggingMixin:
    """Gives an instance `self.log`, a logger named after its class."""

    _log_config_logger_name: str | None = None
    """Start of the logger's name for a family of classes, such as `airflow.task.hooks`."""

    def __init__(self, _context: object = None) -> None:
        """Accept and ignore a context, as 2.x passes one."""

    @property
    def log(self) -> logging.Logger:
        """The logger of this class."""
        cached = self.__dict__.get("_logger")
        if isinstance(cached, logging.Logger):
            return cached
        cls = type(self)
        family = self._log_config_logger_name
        own_name = self.__dict__.get("_logger_name") or f"{cls.__module__}.{cls.__name__}"
        return logging.getLogger(f"{family}.{own_name}" if family else own_name)

    @classmethod
    def logger(cls) -> logging.Logger:
        """Return the logger of the class."""
        return logging.getLogger(f"{cls.__module__}.{cls.__name__}")
