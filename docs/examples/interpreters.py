"""Functions in interpreters of their own: an environment made for a task, and one that exists."""

import sys
import tempfile
from pathlib import Path

from windward import dag, task

ENVIRONMENTS = str(Path(tempfile.gettempdir(), "windward-environments"))


@dag(schedule=None)
def interpreters():
    # Made at the first run, kept by its content, used again by every task that asks for the same.
    @task.virtualenv(requirements=[], venv_cache_path=ENVIRONMENTS)
    def measure(ds):
        import sys

        print(f"in {sys.prefix} for {ds}")
        return {"rows": 3, "day": ds}

    # In real life the path of an environment that was prepared for it, such as /opt/venvs/reports/bin/python.
    @task.external_python(python=sys.executable, skip_on_exit_code=99)
    def report(measured):
        import sys

        if not measured["rows"]:
            sys.exit(99)
        return f"{measured['rows']} rows on {measured['day']}"

    report(measure())


interpreters()
