"""What callbacks of an attempt's end ask for: the attempt is over by then, and they are answered all the same."""

import pytest

from tests.runner.conftest import StartHost
from tests.runner.fake_scheduler import HostUnderTest, submission
from windward.model.states import Isolation
from windward.protocol.calls import Answer, Call, Done, GetVariable, SetXCom, VariableAnswer
from windward.protocol.work import AttemptRef

FILE = """
from datetime import datetime
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.variable import Variable

def asks(context):
    context["ti"].xcom_push(key="told", value=1)
    print("the variable is", Variable.get("v"))

class Ends(BaseOperator):
    def __init__(self, *, fails, **kwargs):
        super().__init__(**kwargs)
        self.fails = fails
    def execute(self, context):
        if self.fails:
            raise ValueError("as it should")

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Ends(task_id="ends", fails=False, on_success_callback=asks)
    Ends(task_id="fails", fails=True, on_failure_callback=asks)
"""


def said(host: HostUnderTest, ref: AttemptRef, text: str) -> None:
    host.scheduler.until(lambda: text in host.log(ref))


@pytest.mark.parametrize("isolation", [Isolation.ISOLATED, Isolation.WARM])
def test_callbacks_of_the_end_are_answered(start_host: StartHost, isolation: Isolation) -> None:
    host = start_host()
    asked = list[tuple[AttemptRef, Call]]()

    def answer(ref: AttemptRef, call: Call) -> Answer:
        asked.append((ref, call))
        return VariableAnswer(value=f"v{ref.fence}") if isinstance(call, GetVariable) else Done()

    host.scheduler.answer = answer
    file = host.write("f.py", FILE)
    works = [
        submission(file, task, fence=fence, isolation=isolation)
        for fence, task in enumerate(("ends", "fails", "ends"), start=1)
    ]
    for work, kind in zip(works, ("Succeeded", "Failed", "Succeeded"), strict=True):
        [ending] = host.run(work)
        assert type(ending.outcome).__name__ == kind
        said(host, work.ref, f"the variable is v{work.ref.fence}")
    assert [ref for ref, call in asked if isinstance(call, GetVariable)] == [work.ref for work in works]
    assert [ref for ref, call in asked if isinstance(call, SetXCom)] == [work.ref for work in works]
