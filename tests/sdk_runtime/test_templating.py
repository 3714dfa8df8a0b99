"""What templates may use, and what their errors say."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest

from tests.sdk_runtime.fakes import FakeBridge, run_context, running
from windward.errors import TemplateError
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.templating import literal, render_template_fields


class Query(BaseOperator):
    template_fields = ("sql", "params_", "nested")
    template_ext: Sequence[str] = (".sql",)

    def __init__(self, *, sql: Any = None, params_: Any = None, nested: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql, self.params_, self.nested = sql, params_, nested


class Inner:
    template_fields = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Pair(NamedTuple):
    a: str
    b: int


def rendered(dag: DAG, sql: Any, *, bridge: FakeBridge | None = None, **fields: Any) -> Any:
    task_id = "q" if not dag.has_task("q") else f"q{len(dag.tasks)}"
    task = Query(task_id=task_id, sql=sql, dag=dag)
    with running(task, bridge=bridge, **fields) as (context, _):
        render_template_fields(task, context)
    return task.sql


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ ds }} {{ ts_nodash }}", "2024-03-09 20240309T123000"),
        ("{{ macros.ds_add(ds, -9) }}", "2024-02-29"),
        ("{{ 0 <= macros.random() < 1 }}", "True"),
        ("{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }}", "09.03.24"),
        (
            "{{ data_interval_end | ds }} {{ logical_date | ts_nodash_with_tz }}",
            "2024-03-10 20240309T123000+0000",
        ),
        ("{{ (logical_date + macros.timedelta(days=1)).strftime('%d') }}", "10"),
        ("{{ macros.datetime(2024, 1, 1).year }} {{ macros.json.dumps([1]) }}", "2024 [1]"),
        ("{{ macros.dateutil.parser.parse('2024-05-01').month }}", "5"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}{# no #}", "012"),
        ("{{ dag.dag_id }}.{{ task.task_id }} {{ ti.try_number }} {{ run_id }}", "dag.q 1 run_1"),
        ("{{ dag_run.conf['k'] }} {{ params.k }}", "v v"),
        ("{{ var.value.v }} {{ var.json.j.x }} {{ conn.c.host }}", "1 2 h"),
        ("{{ var.value.get('none', 'd') }}", "d"),
        ("{{ task_instance.xcom_pull(task_ids='up')['n'] }}", "5"),
        ("{% do [] %}{{ none | default('x') }}", "None"),
        ("no marks { } %", "no marks { } %"),
        ("one newline goes\n", "one newline goes"),
        ("two keep one\n\n", "two keep one\n"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_a_template_renders(dag: DAG, template: str, text: str) -> None:
    bridge = FakeBridge()
    bridge.variables = {"v": "1", "j": '{"x": 2}'}
    bridge.connections = {"c": {"conn_type": "http", "host": "h"}}
    bridge.put("up", {"n": 5})
    assert rendered(dag, template, bridge=bridge, run=run_context(conf={"k": "v"})) == text


@pytest.mark.parametrize(
    "text",
    ["plain\n", "a\r\nb\rc\n\n", "\n", "{", "}} %}", "x {y} z", "'q'", "[1, 2]", "007", "{'a': 1}\n", "None"],
)
@pytest.mark.parametrize("native", [False, True])
def test_a_text_without_marks_is_what_jinja_would_make_of_it(dag: DAG, text: str, native: bool) -> None:
    dag.render_template_as_native_obj = native
    assert rendered(dag, text) == dag_env(dag).from_string(text).render()


def dag_env(dag: DAG) -> Any:
    from windward.sdk.templating import environment_for

    return environment_for(dag)


def test_containers_and_objects_are_rendered_inside(dag: DAG) -> None:
    inner = Inner("{{ ds }}")
    value = [
        "{{ ds }}",
        ("{{ 1 }}",),
        {"{{ k }}": "{{ 2 }}"},
        {"{{ 3 }}"},
        Pair("{{ 4 }}", 5),
        inner,
        6,
        None,
        b"{{ ds }}",
    ]
    got = rendered(dag, value)
    assert got == ["2024-03-09", ("1",), {"{{ k }}": "2"}, {"3"}, Pair("4", 5), inner, 6, None, b"{{ ds }}"]
    assert inner.text == "2024-03-09"


def test_native_objects_keep_their_types(dag: DAG) -> None:
    dag.render_template_as_native_obj = True
    bridge = FakeBridge()
    bridge.put("up", [1, {"a": 2}])
    assert rendered(dag, "{{ ti.xcom_pull('up') }}", bridge=bridge) == [1, {"a": 2}]
    assert rendered(dag, {"n": "{{ 1 + 1 }}"}) == {"n": 2}


def test_a_literal_is_not_rendered(dag: DAG) -> None:
    assert rendered(dag, literal("{{ ds }}")) == "{{ ds }}"
    assert rendered(dag, [literal("x.sql")]) == ["x.sql"]


def test_data_of_another_task_is_no_template(dag: DAG) -> None:
    from windward.sdk.operators.empty import EmptyOperator

    bridge = FakeBridge()
    bridge.put("up", "{{ ds }}")
    assert rendered(dag, EmptyOperator(task_id="up", dag=dag).output, bridge=bridge) == "{{ ds }}"


def test_macros_and_filters_of_the_dag_are_known(tmp_path: Path) -> None:
    dag = DAG(
        "dag",
        schedule=None,
        user_defined_macros={"shout": str.upper, "n": 3},
        user_defined_filters={"twice": lambda text: text * 2},
    )
    assert rendered(dag, "{{ shout('a') }}{{ n }}{{ 'b' | twice }}") == "A3bb"


def test_a_template_file_is_found_beside_the_dag_and_on_the_search_path(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "path").mkdir()
    (tmp_path / "beside" / "a.sql").write_text("beside {{ ds }}\n")
    (tmp_path / "path" / "a.sql").write_text("hidden")
    (tmp_path / "path" / "b.sql").write_text(
        "{% include 'c.txt' %} {% for i in [1] %}{% include 'c.txt' %}{% endfor %}"
    )
    (tmp_path / "path" / "c.txt").write_text("included {{ ds_nodash }}{{ i | default('') }}")
    dag = DAG("dag", schedule=None, template_searchpath=[str(tmp_path / "path")])
    dag.fileloc = str(tmp_path / "beside" / "dag.py")
    assert rendered(dag, ["a.sql", "b.sql"]) == ["beside 2024-03-09", "included 20240309 included 202403091"]


def test_a_missing_template_file_names_the_folders_and_the_way_out(dag: DAG) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(dag, "none.sql")
    assert jinja2.TemplateNotFound in type(caught.value).__mro__
    assert "field `sql` of task `q` names the template file `none.sql`" in caught.value.message
    assert str(Path(dag.fileloc).parent) in caught.value.message
    assert "literal()" in caught.value.hint


def test_an_undefined_name_names_field_and_variable_and_suggests(dag: DAG) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(dag, ["fine", "{{ data_interval_strat }}"])
    assert isinstance(caught.value, jinja2.UndefinedError)
    assert caught.value.message == "field `sql` of task `q` uses `data_interval_strat`, which is undefined"
    assert "`data_interval_start`" in caught.value.hint


def test_an_undefined_name_in_an_object_inside_tells_the_way_to_it(dag: DAG) -> None:
    with pytest.raises(TemplateError, match=r"field `sql.text` of task `q` uses `nope`"):
        rendered(dag, [Inner("{{ nope }}")])


def test_a_date_in_a_run_without_logical_date_is_explained(dag: DAG) -> None:
    with pytest.raises(TemplateError, match="uses `ds`, which is undefined: run `run_1` has no logical date"):
        rendered(dag, "{{ ds }}", run=run_context(logical_date=None))


def test_a_missing_attribute_is_named(dag: DAG) -> None:
    with pytest.raises(TemplateError, match="has no attribute 'nope'"):
        rendered(dag, "{{ params.nope }}")


def test_a_broken_template_tells_the_line(dag: DAG) -> None:
    with pytest.raises(
        TemplateError, match=r"field `sql` of task `q` has a template that cannot be read: .*\(line 2\)"
    ):
        rendered(dag, "ok\n{{ x")


def test_another_undefined_class_is_the_authors_choice() -> None:
    dag = DAG("dag", schedule=None, template_undefined=jinja2.Undefined)
    assert rendered(dag, "[{{ nope }}]") == "[]"


def test_options_of_the_environment_are_the_authors_choice() -> None:
    dag = DAG(
        "dag",
        schedule=None,
        jinja_environment_kwargs={
            "keep_trailing_newline": True,
            "variable_start_string": "<<",
            "variable_end_string": ">>",
        },
    )
    assert rendered(dag, "<< ds >> {{ ds }}\n") == "2024-03-09 {{ ds }}\n"
    assert rendered(dag, "x\n") == "x\n"


@pytest.mark.parametrize("native", [False, True])
def test_templates_cannot_reach_pythons_internals_but_private_names(dag: DAG, native: bool) -> None:
    dag.render_template_as_native_obj = native
    assert rendered(dag, "{{ ti._work.try_number }}") in {"1", 1}
    with pytest.raises(Exception, match=r"unsafe|undefined|__"):
        rendered(dag, "{{ ''.__class__.__mro__[1].__subclasses__() }}")


def test_an_error_of_the_authors_own_code_keeps_its_class(dag: DAG) -> None:
    dag.user_defined_macros = {"fails": lambda: 1 / 0}
    with pytest.raises(ZeroDivisionError):
        rendered(dag, "{{ fails() }}")


def test_a_field_that_is_no_attribute_is_named(dag: DAG) -> None:
    task = Query(task_id="q", dag=dag)
    del task.sql
    with (
        running(task) as (context, _),
        pytest.raises(AttributeError, match="'sql' is configured as a template field"),
    ):
        render_template_fields(task, context)


def test_a_task_without_templates_does_not_import_jinja() -> None:
    import subprocess

    script = (
        "import sys\n"
        "from windward.sdk.operators.bash import BashOperator\n"
        "from windward.sdk.templating import render_template_fields\n"
        "render_template_fields(BashOperator(task_id='t', bash_command='echo {1,2}'), {})\n"
        "print('jinja2' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
