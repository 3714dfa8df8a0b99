"""What is too long to be mapped over, or has no length: lists of the file, and what a task returns."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.declared import Work, document
from windward import DAG, task_group
from windward.errors import DagImportError
from windward.sdk.exceptions import (
    UnmappableXComLengthPushed,
    UnmappableXComTypePushed,
    XComForMappingNotPushed,
)
from windward.sdk.expand_input import check_returned


@task_group
def _group_of_two(x: Any) -> None:
    Work(task_id="a", value=x) >> Work(task_id="b")


@pytest.mark.parametrize(
    ("expand", "what"),
    [
        (lambda: Work.partial(task_id="w").expand(value=range(100_001)), "task `w`"),
        (lambda: Work.partial(task_id="w").expand(value=range(1000), other=range(101)), "task `w`"),
        (lambda: Work.partial(task_id="w").expand_kwargs([{}] * 100_001), "task `w`"),
        (
            lambda: Work.partial(task_id="w").expand(value=range(100_001), other=Work(task_id="up").output),
            "task `w`",
        ),
        (lambda: _group_of_two.expand(x=range(50_001)), "task group `_group_of_two`"),
    ],
)
def test_a_list_in_the_file_that_is_too_long_is_refused_when_the_file_is_read(
    expand: Callable[[], Any], what: str
) -> None:
    with DAG("d") as dag:
        expand()
    with pytest.raises(DagImportError, match=f"{what} of DAG `d` expands to .* more than 100000"):
        document(dag)


@pytest.mark.parametrize(
    ("result", "length", "error", "words"),
    [
        (7, None, UnmappableXComTypePushed, "task `up` returned `int`, but `w` expands over it"),
        ("abc", None, UnmappableXComTypePushed, "task `up` returned `str`, but `w` expands over it"),
        (None, None, XComForMappingNotPushed, "task `up` returned nothing, but `w` expands over it"),
        (
            range(4),
            4,
            UnmappableXComLengthPushed,
            r"`up` returned 4 items, and `w` expands over them; `\[core\] max_map_length` allows 3",
        ),
    ],
)
def test_the_task_whose_result_cannot_be_expanded_over_is_told_so(
    result: Any, length: int | None, error: type[Exception], words: str
) -> None:
    with DAG("d"):
        up = Work(task_id="up")
        Work.partial(task_id="w").expand(value=up.output.map(str))
    with pytest.raises(error, match=words):
        check_returned(up, result, length=length, length_max=3)
    check_returned(up, range(3), length=3, length_max=3)


def test_a_task_that_pushes_no_result_gives_nothing_to_expand_over() -> None:
    with DAG("d"):
        up = Work(task_id="up", do_xcom_push=False)
        Work.partial(task_id="w").expand(value=up.output)
    with pytest.raises(XComForMappingNotPushed, match="task `up` returned nothing"):
        check_returned(up, [1], length=1, length_max=3)


def test_what_nobody_expands_over_may_be_anything() -> None:
    with DAG("d"):
        up, each, many = Work(task_id="up"), Work(task_id="each"), Work.partial(task_id="m").expand(value=[1])
        Work.partial(task_id="w", value=up.output).expand(other=[each.output])
        Work.partial(task_id="v").expand(value=many.output)
    for item in (up, each, many):
        check_returned(item, 7, length=None, length_max=3)
        check_returned(item, range(4), length=4, length_max=3)
