"""What was exploited in workflow orchestrators, by its class, and the tests that stand against each.

The table names tests by file; one says that each of them is there. What had no test of its own has it here.
"""

import ast
import os
import re
import subprocess
import sys
from datetime import timedelta
from functools import cache

import pytest

from tests.api.conftest import NOW, Client, FakeTester
from tests.store.building import create, document_of, put_dags, run_of
from tests.tidy import tree
from windward.document import TaskDocument
from windward.store.sql.open import SqlStore

SCARS = {
    "an API that is open by default, or opens to a key that everybody knows": (
        "tests/api/test_walk.py::test_nobody_gets_in_without_a_name",
        "tests/api/test_walk.py::test_what_is_open_is_listed_here",
        "tests/settings/test_loader.py::test_a_published_key_is_refused",
        "tests/settings/test_first_start.py::test_two_homes_have_different_keys",
        "tests/settings/test_first_start.py::test_only_the_owner_may_read_the_keys",
    ),
    "messages between components that anybody may forge": (
        "tests/api/test_execution.py::test_only_the_token_of_an_attempt_opens_an_attempt",
        "tests/api/test_execution.py::test_the_token_of_an_attempt_opens_nothing_else",
        "tests/api/test_tokens.py::test_a_jwt_that_was_not_given_out_here_is_refused",
    ),
    "commands made of what a request says, in DAGs that come with the product": (
        "tests/api/test_scars.py::test_no_example_puts_what_a_request_says_into_a_shell",
        "tests/api/test_scars.py::test_the_check_for_shells_finds_one",
    ),
    "code that the fields of a connection bring along": (
        "tests/api/test_scars.py::test_nobody_tests_a_connection_unless_it_is_switched_on",
        "tests/api/test_connections.py::test_a_test_has_the_stored_secrets_at_their_own_place_only",
    ),
    "templates and author's code evaluated where decisions are made": (
        "tests/api/test_scars.py::test_what_decides_and_what_answers_can_evaluate_no_template",
        "tests/api/test_scars.py::test_texts_of_authors_are_shown_as_they_are",
        "tests/processor/test_bad_files.py::test_a_file_cannot_reach_the_descriptors_of_the_processor",
    ),
    "values that become objects where they are shown": (
        "tests/api/test_xcoms.py::test_a_pickle_is_shown_by_its_text_and_never_opened",
        "tests/api/test_extra_links.py::test_what_no_browser_should_follow_is_not_shown",
    ),
    "a check that a route forgot, a list that is not filtered, a side door": (
        "tests/api/test_walk.py::test_a_role_gets_in_where_it_may_and_nowhere_else",
        "tests/api/test_walk.py::test_leave_for_another_dag_is_no_leave",
        "tests/api/test_leaks.py::test_nothing_of_a_dag_is_shown_to_who_may_see_another",
        "tests/api/test_leaks.py::test_there_was_something_to_be_shown",
        "tests/api/test_assets.py::test_materialising_needs_leave_to_make_a_run_of_that_dag",
        "tests/api/test_dags.py::test_the_source_is_not_shown_to_whom_a_dag_of_the_file_is_closed",
        "tests/api/test_dags.py::test_import_errors_are_shown_to_whom_the_files_dags_are_open",
    ),
    "secrets in answers, in logs, and in what is kept": (
        "tests/api/test_secrets.py::test_no_answer_has_a_field_for_a_secret",
        "tests/api/test_connections.py::test_a_connection_is_shown_without_its_secrets",
        "tests/api/test_installation.py::test_the_settings_are_shown_without_secrets",
        "tests/api/test_event_logs.py::test_secrets_of_accounts_are_masked",
        "tests/logs/test_logs.py::test_secrets_are_masked_in_events_fields_and_tracebacks",
        "tests/store/test_deferrals.py::test_what_user_code_gave_cannot_be_read_from_the_database",
    ),
    "text of users that becomes markup, an address, or a line of a log": (
        "tests/api/test_page.py::test_no_text_becomes_markup",
        "tests/api/test_security.py::test_every_answer_may_run_nothing_and_stand_in_no_frame",
        "tests/core/test_links.py::test_addresses_of_the_web_and_paths_of_this_server_are_safe",
        "tests/api/test_access.py::test_nobody_is_sent_elsewhere_after_signing_in",
        "tests/logs/test_logs.py::test_a_line_is_read_back_as_it_was_written",
    ),
    "sessions that are planted, or outlive what they were given for": (
        "tests/api/test_security.py::test_a_cookie_of_before_the_sign_in_is_no_session_afterwards",
        "tests/api/test_access.py::test_a_new_password_ends_every_session_and_jwt_and_goes_on_in_a_new_session",
        "tests/api/test_access.py::test_a_session_begins_with_a_new_id_and_ends_the_one_before",
        "tests/api/test_users.py::test_who_is_deleted_comes_in_no_more",
    ),
    "ids that are paths, and patterns that never end": (
        "tests/core/test_runs.py::test_a_run_id_that_could_leave_its_folder_is_refused",
        "tests/sdk/test_operator.py::test_a_task_id_outside_the_grammar_is_refused",
        "tests/logs/test_logs.py::test_a_path_that_leads_out_of_the_folder_is_refused",
        "tests/api/test_code.py::test_nothing_beside_a_version_is_shown",
        "tests/api/test_scars.py::test_a_run_gets_no_name_that_is_a_path",
        "tests/api/test_scars.py::test_a_pattern_is_no_regular_expression",
    ),
}
NAMED = sorted({name for names in SCARS.values() for name in names})
TEMPLATE = re.compile(r"\{\{[^}]*\b(dag_run\.conf|conf|params|var|conn)\b")
SHELLS = re.compile(r"BashOperator|SSHOperator|bash_command|\.bash\b")
PROBE = """
import sys
import windward.api.app, windward.api.server, windward.app.scheduler, windward.engine.scheduler, windward.store.sql.open
print(*[name for name in ("jinja2", "windward.sdk", "airflow", "cloudpickle", "dill") if name in sys.modules])
"""


@cache
def names_in(path: str) -> frozenset[str]:
    module = ast.parse((tree.ROOT / path).read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(module) if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("name", NAMED)
def test_what_stands_against_it_is_there(name: str) -> None:
    path, _, test = name.partition("::")
    assert test in names_in(path)


def shell_templates(text: str) -> list[str]:
    """Return the strings of a DAG file that put what a request says into a shell."""
    if not SHELLS.search(text):
        return []
    texts = [
        one.value
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return [one for one in texts if TEMPLATE.search(one)]


@pytest.mark.parametrize(
    "path", [one for one in tree.paths() if one.startswith("examples/") and one.endswith(".py")]
)
def test_no_example_puts_what_a_request_says_into_a_shell(path: str) -> None:
    assert shell_templates((tree.ROOT / path).read_text(encoding="utf-8")) == []


def test_the_check_for_shells_finds_one() -> None:
    command = "echo {{ dag_run.conf['name'] }}"
    assert shell_templates(f"BashOperator(bash_command={command!r})") == [command]


def test_nobody_tests_a_connection_unless_it_is_switched_on(client: Client, tester: FakeTester) -> None:
    body = {"connection_id": "x", "conn_type": "mysql", "extra": '{"local_infile": true}'}
    for path in ("test", "enqueue-test"):
        assert client.ask("POST", f"/api/v2/connections/{path}", body, role="admin").status == 403
    assert tester.asked == []


def test_what_decides_and_what_answers_can_evaluate_no_template() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_texts_of_authors_are_shown_as_they_are(client: Client, store: SqlStore) -> None:
    text = "{{ 7 * 7 }} {% raw %}<script>alert(1)</script> ${7*7}"
    tasks = (TaskDocument(task_id="load", operator="X", doc_md=text),)
    put_dags(store, "sales", tasks=tasks, doc_md=text, description=text)
    details = client.ask("GET", "/api/v2/dags/sales/details", role="viewer").json
    assert (details["doc_md"], details["description"]) == (text, text)
    assert client.ask("GET", "/api/v2/dags/sales/tasks/load", role="viewer").json["doc_md"] == text
    run = run_of(1, run_id="r", document_hash=document_of("sales")[0], note=None, conf={"x": text})
    assert store.runs.apply([[create(run, "load")]]).all
    assert client.ask("GET", "/api/v2/dags/sales/dagRuns/r", role="viewer").json["conf"] == {"x": text}


@pytest.mark.parametrize(
    "run_id", ["../../etc/passwd", "a/../b", "/abs", "a\x00b", "..", "a\nb", "%2e%2e", "x" * 300]
)
def test_a_run_gets_no_name_that_is_a_path(client: Client, store: SqlStore, run_id: str) -> None:
    put_dags(store, "sales", start_date=NOW - timedelta(days=9))
    body = {"dag_run_id": run_id, "logical_date": None}
    answer = client.ask("POST", "/api/v2/dags/sales/dagRuns", body, role="admin")
    assert answer.status in {400, 422}, answer.body
    assert client.ask("GET", "/api/v2/dags/sales/dagRuns", role="viewer").json["total_entries"] == 0


@pytest.mark.parametrize("pattern", ["(a%2B)%2B%24", ".*", "sal[a-z]s", "^sales$", "(?=s)"])
def test_a_pattern_is_no_regular_expression(client: Client, store: SqlStore, pattern: str) -> None:
    put_dags(store, "sales")
    answer = client.ask("GET", f"/api/v2/dags?dag_id_pattern={pattern}", role="viewer")
    assert (answer.status, answer.json["total_entries"]) == (200, 0)
