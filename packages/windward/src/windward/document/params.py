"""The conf of a run against the params of its DAG: values, and whether their schemas accept them.

What lives here: the check that the command line, the API and a trigger task share. What may not: params as authors
write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.document.dag import DagDocument
from windward.errors import InvalidParamError

DAG_SHOWN_BY, QUESTION_SHOWN_BY = "windward dags details", "windward hitl show"
"""Commands that show a schema: of the params of a DAG, of the fields of a question."""


def check_conf(document: DagDocument, conf: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each param of the DAG, the conf's over the default, when all of them fit.

    Keys of the conf that are no params are allowed, and not part of the answer.

    Raises:
        InvalidParamError: when a param has no value, or one that its JSON schema does not accept.
    """
    values: dict[str, Any] = {}
    for name, param in document.params.items():
        if name in conf:
            values[name] = conf[name]
        elif param.has_default:
            values[name] = param.default
        else:
            raise InvalidParamError(
                f"param `{name}` of DAG `{document.dag_id}` has no value",
                hint=f'Give one in the conf, as in `{{"{name}": …}}`.',
            )
        check_value(f"param `{name}` of DAG `{document.dag_id}`", value=values[name], schema=param.schema)
    return values


def check_value(what: str, *, value: Any, schema: Mapping[str, Any], shown_by: str = DAG_SHOWN_BY) -> None:
    """Raise `InvalidParamError`, which names `what`, when a JSON schema does not accept the value.

    `shown_by` is the command that shows the schema.

    A schema is its author's, and this is the server: what it refers to elsewhere is not fetched, and one that is not
    valid or has no end is an error of its own.
    """
    if not schema:
        return
    import jsonschema  # a tenth of a second that only DAGs with params spend
    import referencing

    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker(), registry=referencing.Registry()
    )
    try:
        validator.check_schema(schema)
        problem = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except (
        jsonschema.exceptions.SchemaError,
        referencing.exceptions.Unresolvable,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise InvalidParamError(
            f"the schema of {what} is not valid: {getattr(error, 'message', error)}",
            hint="Correct the keywords of `Param(...)` in the DAG file.",
        ) from error
    if problem is not None:
        at = "".join(f"[{part!r}]" for part in problem.absolute_path)
        raise InvalidParamError(
            f"{what}{at} cannot be `{problem.instance!r}`: {problem.message}",
            hint=f"Give a value that its schema accepts; `{shown_by}` shows the schema.",
        )
