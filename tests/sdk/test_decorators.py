"""`@task` and its kinds: calls, names, signatures, expansion, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest

from tests.sdk.declared import Work, context_of, document, edges
from windward import DAG, XComArg, task
from windward.sdk import context_keys
from windward.sdk.context_values import CONTEXT_KEYS
from windward.sdk.decorators import DecoratedOperator, register_task_decorator, result, task_decorator_factory
from windward.sdk.exceptions import AirflowSkipException
from windward.sdk.mapping import instance_of


class Answer(TypedDict):
    x: int


def test_a_call_declares_a_task_and_returns_a_reference() -> None:
    @task
    def extract(n: int) -> int:
        """Get the rows."""
        return n

    @task(retries=1, task_id="store")
    def load(rows: int, *, ds: Any = None) -> None: ...

    with DAG("d", default_args={"owner": "me"}) as dag:
        rows = extract(3)
        load(rows)
    assert isinstance(rows, XComArg)
    assert edges(dag) == {("extract", "store")}
    assert (dag.get_task("store").retries, dag.get_task("store").owner) == (1, "me")
    assert dag.get_task("extract").doc_md == "Get the rows."
    assert document(dag).tasks[0].operator == "@task"


def test_the_name_of_a_task_used_again_gets_a_number() -> None:
    @task
    def f() -> None: ...

    with DAG("d") as dag:
        for _ in range(12):
            f()
        f.override(task_id="g")()
        f.override(task_id="f__3")()
    assert dag.task_ids == ["f", *(f"f__{number}" for number in range(1, 12)), "g", "f__12"]


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [(dict, True), (dict[str, int], True), (Mapping[str, int], True), (Answer, True), ("dict[str, int]", True),
     (int, False), (list, False), ("Nowhere", False), (None, False)],
)  # fmt: skip
def test_a_function_that_says_it_returns_a_mapping_pushes_its_keys(annotation: Any, wanted: bool) -> None:
    def f() -> Any: ...

    f.__annotations__["return"] = annotation
    with DAG("d") as dag:
        task(f)()
        task(f, multiple_outputs=not wanted)()
    assert [one.multiple_outputs for one in dag.tasks] == [wanted, not wanted]


@pytest.mark.parametrize(
    ("args", "kwargs", "wanted"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2, 3, 4), {}, "too many positional arguments"),
        ((), {"a": 1, "c": 2}, "unexpected keyword argument 'c'"),
    ],
)
def test_a_call_that_python_would_refuse_is_refused_when_declared(
    args: tuple[Any, ...], kwargs: dict[str, Any], wanted: str
) -> None:
    @task
    def f(a: int, b: int = 2, *, ti: Any) -> None: ...

    with DAG("d"), pytest.raises(TypeError, match=wanted):
        f(*args, **kwargs)


def test_arguments_that_the_context_gives_need_no_value_and_no_default() -> None:
    @task
    def f(ti: Any, ds: str, x: int) -> None: ...

    @task
    def g(ti: Any = 3) -> None: ...

    @task
    def h(conf: int = 3) -> None: ...

    with DAG("d"):
        f(x=1)
        h()
        with pytest.raises(ValueError, match="Context key parameter ti of `g` can't have a default"):
            g()


def test_authoring_and_running_know_the_same_names_of_the_context() -> None:
    assert context_keys.CONTEXT_KEYS == CONTEXT_KEYS


def test_a_function_is_expanded_over_lists_and_outputs() -> None:
    @task
    def source() -> list[int]:
        return [1]

    @task
    def add(x: int, y: int) -> int:
        return x + y

    with DAG("d") as dag:
        reference = add.partial(y=10).expand(x=source())
        add.expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    context = context_of({("source", "return_value"): [5, 6]})
    made: Any = instance_of(dag.get_task("add"), context, 1)
    assert made.op_kwargs == {"y": 10, "x": 6}
    assert made.execute({**context}) == 16
    other: Any = instance_of(dag.get_task("add__1"), context, 1)
    assert other.op_kwargs == {"x": 3, "y": 4}
    assert reference.operator.is_mapped  # type: ignore[attr-defined]
    assert edges(dag) == {("source", "add")}


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        (lambda f: f.expand(z=[1]), "unexpected keyword argument 'z'"),
        (lambda f: f.partial(z=1), "unexpected keyword argument 'z'"),
        (lambda f: f.partial(x=1).partial(x=2), "duplicate arguments: x"),
        (lambda f: f.partial(x=1).expand_kwargs([{"x": 2}]), "already specified argument: x"),
        (lambda f: f.expand(), "no arguments to expand against"),
    ],
)
def test_an_expansion_of_a_function_is_checked_against_its_signature(how: Any, wanted: str) -> None:
    @task
    def f(x: int, y: int = 0) -> None: ...

    with DAG("d"), pytest.raises(TypeError, match=wanted):
        how(f)


def test_always_does_not_wait_for_what_it_would_expand_over() -> None:
    @task(trigger_rule="always")
    def f(x: int) -> None: ...

    with DAG("d"), pytest.raises(ValueError, match="`always` does not wait"):
        f.expand(x=Work(task_id="s").output)


def test_methods_and_tasks_are_not_decorated() -> None:
    with pytest.raises(TypeError, match="does not support methods"):

        class Holder:
            @task
            def f(self) -> None: ...

    @task
    def g() -> None: ...

    with pytest.raises(TypeError, match="already a task"):
        task(g)


def test_kinds_of_tasks_are_attributes_and_a_misspelt_one_is_suggested() -> None:
    with pytest.raises(AttributeError, match=r"`@task\.brunch`.*Did you mean `branch`"):
        task.brunch
    assert {"bash", "branch", "python", "run_if", "sensor", "short_circuit", "skip_if"} <= set(dir(task))


@pytest.mark.parametrize("kind", ["python", "branch", "short_circuit", "bash", "sensor"])
def test_every_kind_declares_a_task(kind: str) -> None:
    with DAG("d") as dag:
        getattr(task, kind)(lambda: "x", task_id="t")()
    assert dag.get_task("t").operator_name == ("@task" if kind == "python" else f"@task.{kind}")


def test_a_bash_function_returns_the_command_that_is_rendered_and_run() -> None:
    @task.bash
    def say(word: str, ds: str) -> str:
        return f"echo {word} {ds} {{{{ 1 + 1 }}}}"

    with DAG("d") as dag:
        say("hi")
    made: Any = dag.get_task("say").prepare_for_execution()
    run = SimpleNamespace(logical_date=None, dag_id="d", run_id="r")
    context = {"ds": "2026-01-01", "ti": None, "dag_run": run}
    made.render_template_fields(context)
    assert made.execute(context) == "hi 2026-01-01 2"


def test_a_sensor_function_says_whether_to_go_on() -> None:
    @task.sensor(poke_interval=1, timeout=5)
    def there(x: int) -> bool:
        return x > 1

    with DAG("d") as dag:
        there(1)
        there(2)
    assert [dag.get_task(name).poke({}) for name in ("there", "there__1")] == [False, True]


def test_conditions_skip_a_task_and_keep_earlier_hooks() -> None:
    calls: list[Any] = []

    @task.run_if(lambda context: context["x"] > 1)
    @task.skip_if(lambda context: (context["x"] > 5, "too large"))
    @task(pre_execute=calls.append)
    def f() -> None: ...

    with DAG("d") as dag:
        f()
    made = dag.get_task("f")
    made.pre_execute({"x": 3})
    assert calls == [{"x": 3}]
    with pytest.raises(AirflowSkipException, match="run_if"):
        made.pre_execute({"x": 0})
    with pytest.raises(AirflowSkipException, match="too large"):
        made.pre_execute({"x": 9})
    with pytest.raises(TypeError, match="stands above @task"):
        task.run_if(lambda _: True)(lambda: None)  # type: ignore[arg-type]


def test_a_provider_adds_a_kind_of_its_own() -> None:
    register_task_decorator("shout", f"{__name__}:shout")

    @task.shout(volume=3)
    def f(x: int) -> str:
        return f"value {x}"

    with DAG("d") as dag:
        f(2)
    made = dag.get_task("f")
    assert (made.operator_name, made.volume) == ("@task.shout", 3)
    assert made.execute({}) == "VALUE 2"
    assert made.get_python_source() == 'def f(x: int) -> str:\n    return f"value {x}"\n'


class ShoutOperator(Work):
    def __init__(self, *, volume: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.volume = volume

    def execute(self, context: Any) -> Any:
        return str(self.value).upper()


class ShoutDecorated(DecoratedOperator, ShoutOperator):
    custom_operator_name = "@task.shout"

    def execute(self, context: Any) -> Any:
        self.value = self.python_callable(*self.op_args, **self.op_kwargs)
        return super().execute(context)


def shout(python_callable: Any = None, **kwargs: Any) -> Any:
    return task_decorator_factory(python_callable, decorated_operator_class=ShoutDecorated, **kwargs)


def test_the_value_of_a_task_may_be_the_result_of_the_run() -> None:
    @result
    @task
    def f() -> int:
        return 1

    with DAG("d") as dag:
        reference = f()
    assert dag.result is reference
