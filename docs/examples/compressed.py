"""An XCom backend and a DAG whose values pass through it."""

import gzip
import json

from airflow.sdk.bases.xcom import BaseXCom
from windward import dag, task


class CompressedXCom(BaseXCom):
    """Stores every value as compressed JSON."""

    @staticmethod
    def serialize_value(value, **whose):
        """Return what is stored; `whose` has `key`, `task_id`, `dag_id`, `run_id` and `map_index`."""
        print("compressing", whose["key"], "of", whose["task_id"])
        return gzip.compress(json.dumps(value).encode(), mtime=0)

    @staticmethod
    def deserialize_value(result):
        """Return the value again; `result.value` is what was stored."""
        return json.loads(gzip.decompress(result.value))


@dag(schedule=None)
def compressed():
    @task
    def make():
        return [{"row": number, "text": "tea" * 100} for number in range(3)]

    @task
    def use(row):
        return len(row["text"])

    use.expand(row=make())


compressed()
