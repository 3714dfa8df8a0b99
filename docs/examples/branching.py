"""Which way to go: a branch, a short circuit, and rules for what comes after."""

from windward import EmptyOperator, TriggerRule, dag, task


@dag(schedule=None, params={"rows": 3})
def branching():
    @task.branch
    def choose(params=None):
        return "load" if params["rows"] else "nothing_to_do"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def is_worth_a_mail(params=None):
        return params["rows"] > 100

    load, nothing_to_do = EmptyOperator(task_id="load"), EmptyOperator(task_id="nothing_to_do")
    mail = EmptyOperator(task_id="mail")
    done = EmptyOperator(task_id="done", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)

    choose() >> [load, nothing_to_do] >> done
    load >> is_worth_a_mail() >> mail >> done


branching()
