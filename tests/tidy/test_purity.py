"""Decisions read no clock, throw no dice and write no log; a log event is a constant name with fields."""

import pytest

from tests.tidy import purity, tree

CORE = f"{tree.PRODUCT}core/advance.py"
ENGINE = f"{tree.PRODUCT}engine/scheduler.py"
STORE = f"{tree.PRODUCT}store/memory.py"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (CORE, "import time"),
        (CORE, "from random import choice"),
        (CORE, "def f():\n    import logging"),
        (CORE, "import os.path"),
        (CORE, "datetime.now(UTC)"),
        (CORE, "datetime.datetime.utcnow()"),
        (CORE, "f(default_factory=uuid.uuid4)"),
        (ENGINE, "import time"),
        (ENGINE, "date.today()"),
        (STORE, "log.info(f'task {task} queued')"),
        (STORE, "self._log.error('task %s' % task)"),
        (STORE, "logging.getLogger(__name__).info('{}'.format(1))"),
        (STORE, "LOG.warning('a' + b)"),
    ],
)
def test_a_planted_impurity_is_found(path: str, text: str) -> None:
    assert len(purity.problems(tree.parse(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (CORE, "from datetime import datetime, time\nnow = view.now"),
        (ENGINE, "import threading\nimport logging\nnow = clock.now()"),
        (STORE, "import time\ndatetime.now(UTC)\nlog.info('task queued', task_id=f'{dag}.{task}')"),
        (STORE, "errors.error(f'not a log')"),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    assert purity.problems(tree.parse(path, text)) == []


def test_every_module_keeps_to_its_place() -> None:
    problems = [problem for module in tree.modules() for problem in purity.problems(module)]
    assert not problems, tree.report(problems)
