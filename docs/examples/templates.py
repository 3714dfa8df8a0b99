"""Templates: Jinja in the fields that an operator names, with macros and filters of the DAG's own."""

from datetime import datetime

from windward import DAG, BashOperator, PythonOperator


def check(path, days):
    assert path.startswith("/data/"), path
    assert isinstance(days, list), days


with DAG(
    dag_id="templates",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),
    params={"days": [1, 7]},
    user_defined_macros={"bucket": "/data"},
    user_defined_filters={"slashes": lambda text: text.replace("-", "/")},
) as dag:
    BashOperator(
        task_id="say",
        bash_command="echo {{ bucket }}/{{ ds | slashes }}, a week ago {{ macros.ds_add(ds, -7) }}",
    )
    PythonOperator(
        task_id="check",
        python_callable=check,
        op_kwargs={"path": "{{ bucket }}/{{ ds_nodash }}", "days": "{{ params.days }}"},
        render_template_as_native_obj=True,
    )
