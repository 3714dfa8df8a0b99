"""The DAG folder that tests of the processor write into."""

from pathlib import Path

import pytest

from tests.processor.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
