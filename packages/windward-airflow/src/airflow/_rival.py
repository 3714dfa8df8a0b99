"""Refuse to share the `airflow` package with the real Apache Airflow, file by file and unnoticed."""

from __future__ import annotations

import os
from collections.abc import Iterable

_ITS_FILES = ("models", "configuration.py", "sdk", "settings.py")
"""What Apache Airflow or its Task SDK puts into `airflow/`, and neither we nor any provider do."""


def refuse(folders: Iterable[str]) -> None:
    """Raise `ImportError` when one of the `folders` of the package holds Apache Airflow."""
    for folder in folders:
        for name in _ITS_FILES:
            found = os.path.join(folder, name)  # noqa: PTH118 - pathlib would be the dearest import of this package
            if os.path.exists(found):  # noqa: PTH110 - as above
                raise ImportError(
                    f"Apache Airflow and windward-airflow are both installed here: `{found}` is not ours\n\n"
                    "hint: An environment has room for one package named `airflow`. Make a new one, or run "
                    "`pip uninstall apache-airflow apache-airflow-core apache-airflow-task-sdk`, then "
                    "`pip install --force-reinstall windward-airflow`. Provider packages may stay.",
                    name="airflow",
                    path=found,
                )
