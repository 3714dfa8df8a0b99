"""Values that pass between task instances: `XCom` (Airflow's class methods) and the sequence of a mapped task's.

How a value becomes bytes is in `serde`. What may not live here: which upstream a task reads (`task_instance`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from windward.protocol.calls import (
    DeleteXComs,
    GetXCom,
    GetXComs,
    Refused,
    SetXCom,
    XComAnswer,
    XComItem,
    XComsAnswer,
)
from windward.protocol.outcomes import XComValue
from windward.sdk import bridge, serde, xcom_backend
from windward.sdk.exceptions import AirflowException, XComNotFound
from windward.sdk.xcom_backend import Place, XComResult

XCOM_RETURN_KEY = "return_value"
PAGE_ITEMS_MAX = 200
"""Values that are read at once: stored values are small, and a page of them stays far below a message's limit."""
SINGLES_MAX = 3
"""Values of a sequence that are asked for one at a time, before whole pages are."""


def fetch_one(call: GetXCom) -> XComValue | None:
    """Return one stored value, or None."""
    answer = bridge.current_bridge(purpose="reading an XCom").call(call)
    if isinstance(answer, XComAnswer):
        return answer.value
    raise _refused(call.key, answer)


def fetch_page(call: GetXComs) -> XComsAnswer:
    """Return a page of stored values."""
    answer = bridge.current_bridge(purpose="reading XComs").call(call)
    if isinstance(answer, XComsAnswer):
        return answer
    raise _refused(call.key, answer)


def decoded(value: XComValue, call: GetXCom | GetXComs, item: XComItem | None = None) -> Any:
    """Return the value itself, of the answer to `call`."""
    return xcom_backend.load(
        value,
        large=bridge.current_bridge(purpose="reading an XCom").large_values,
        key=call.key,
        dag_id=call.dag_id,
        run_id=call.run_id if item is None else item.run_id,
        task_id=item.task_id if item is not None else call.task_id if isinstance(call, GetXCom) else None,
        map_index=item.map_index if item is not None else None,
    )


def push(key: str, value: Any, *, place: Place, backend: Any = None) -> None:
    """Store a value for the running task instance, whose place it is."""
    here = bridge.current_bridge(purpose=f"pushing the XCom `{key}`")
    if backend is None:
        made = xcom_backend.store(value, key=key, place=place, large=here.large_values)
    else:
        made = xcom_backend.stored_by(backend, value, key=key, place=place, large=here.large_values)
    answer = here.call(SetXCom(key=key, value=made))
    if isinstance(answer, Refused):
        raise _refused(key, answer)


class LazyXComSequence(Sequence[Any]):
    """The values of a mapped task's instances, by map index, read when they are used.

    Single ones are asked for one at a time, since an instance of a mapped task needs one of ten thousand; who goes
    through them, or asks for many, gets whole pages.
    """

    def __init__(self, call: GetXComs, total: int | None = None) -> None:
        self._call = call
        self._values: dict[int, Any] = {}
        self._singles = 0
        self._size = max(1, call.limit)
        self._total = total if total is not None else self._load(0, self._size)

    def _load(self, offset: int, limit: int) -> int:
        answer = fetch_page(msgspec.structs.replace(self._call, offset=offset, limit=limit))
        for place, item in enumerate(answer.items):
            if offset + place not in self._values:
                self._values[offset + place] = decoded(item.value, self._call, item)
        return answer.total

    def __len__(self) -> int:
        return self._total

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._in_page(number) for number in range(*index.indices(self._total))]
        number = index + self._total if index < 0 else index
        if not 0 <= number < self._total:
            raise IndexError(index)
        if number in self._values:
            return self._values[number]
        self._singles += 1
        if self._singles > SINGLES_MAX:
            return self._in_page(number)
        self._load(number, 1)
        return self._at(number)

    def _in_page(self, number: int) -> Any:
        if number not in self._values:
            self._load(number - number % self._size, self._size)
        return self._at(number)

    def _at(self, number: int) -> Any:
        try:
            return self._values[number]
        except KeyError as error:
            raise XComNotFound(self._call.dag_id, self._call.task_ids[0], self._call.key) from error

    def __iter__(self) -> Iterator[Any]:
        return (self._in_page(number) for number in range(self._total))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LazyXComSequence([{self._total} items])"

    def __str__(self) -> str:
        return str(list(self))

    def __reduce__(self) -> Any:
        return list, (list(self),)


class BaseXCom:
    """Airflow's class methods for XComs; a task writes its own task instance's only."""

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def set(
        cls,
        key: str,
        value: Any,
        *,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int = -1,
        **_more: Any,
    ) -> None:
        """Store a value. Raises `AirflowException` for another task instance than the running one."""
        ti = _own(dag_id, task_id, run_id, map_index)
        push(key, value, place=ti.place, backend=cls)

    @classmethod
    def get_one(
        cls,
        *,
        key: str = XCOM_RETURN_KEY,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int | None = None,
        include_prior_dates: bool = False,
        **_session: Any,
    ) -> Any:
        """Return a value, or None."""
        call = GetXCom(
            key=key,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=-1 if map_index is None else map_index,
            include_prior_dates=include_prior_dates,
        )
        found = fetch_one(call)
        return None if found is None else cls.deserialize_value(_result(found, call))

    @classmethod
    def get_value(cls, *, ti_key: Any, key: str = XCOM_RETURN_KEY, **_session: Any) -> Any:
        """Return a value of the task instance that `ti_key` names, or None."""
        return cls.get_one(
            key=key,
            dag_id=ti_key.dag_id,
            task_id=ti_key.task_id,
            run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )

    @classmethod
    def get_all(
        cls, *, key: str, dag_id: str, task_id: str, run_id: str, include_prior_dates: bool = False
    ) -> LazyXComSequence:
        """Return the values of all instances of a task."""
        return LazyXComSequence(
            GetXComs(
                key=key,
                dag_id=dag_id,
                run_id=run_id,
                task_ids=(task_id,),
                include_prior_dates=include_prior_dates,
                limit=PAGE_ITEMS_MAX,
            )
        )

    @classmethod
    async def aset(cls, key: str, value: Any, **where: Any) -> None:
        """Store a value, as `set`."""
        cls.set(key, value, **where)

    @classmethod
    async def aget_one(cls, **where: Any) -> Any:
        """Return a value, as `get_one`."""
        return cls.get_one(**where)

    @classmethod
    async def aget_value(cls, *, ti_key: Any, key: str) -> Any:
        """Return a value, as `get_value`."""
        return cls.get_value(ti_key=ti_key, key=key)

    @classmethod
    async def aget_all(cls, **where: Any) -> LazyXComSequence:
        """Return values, as `get_all`."""
        return cls.get_all(**where)

    @classmethod
    def delete(
        cls,
        key: str | None = None,
        task_id: str = "",
        dag_id: str = "",
        run_id: str = "",
        map_index: int | None = None,
    ) -> None:
        """Delete a value of the running task instance, or all of them.

        `purge` is called first for one; for all of them it is called later, as for whatever else goes.
        """
        ti = _own(dag_id, task_id, run_id, -1 if map_index is None else map_index)
        if key is not None:
            call = GetXCom(key=key, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=ti.map_index)
            found = fetch_one(call)
            if found is not None:
                cls.purge(_result(found, call))
        delete = DeleteXComs(key=key, is_purged=key is not None)
        answer = bridge.current_bridge(purpose="deleting an XCom").call(delete)
        if isinstance(answer, Refused):
            raise _refused(str(key), answer)

    @staticmethod
    def serialize_value(
        value: Any,
        *,
        key: str | None = None,
        task_id: str | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
    ) -> Any:
        """Return a value as it is stored; a large one is in the object store then."""
        del task_id, dag_id, run_id, map_index  # for subclasses
        return xcom_backend.encoded(value, key=key or "value")

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """Return the value of what `serialize_value` returned, which stands in `result.value`."""
        value = getattr(result, "value", result)
        if isinstance(value, XComValue):
            large = bridge.current_bridge(purpose="").large_values if bridge.has_bridge() else None
            return serde.decode(value, large=large)
        if isinstance(value, bytes):  # JSON, as backends for Airflow 2 store it themselves
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value

    @staticmethod
    def purge(xcom: Any, *args: Any) -> None:
        """Delete what the value stands for elsewhere: nothing, unless a backend says otherwise."""


if TYPE_CHECKING:
    XCom = BaseXCom


def __getattr__(name: str) -> Any:
    if name == "XCom":  # the deployment's backend, which is not imported before somebody asks
        return xcom_backend.current() or BaseXCom
    raise AttributeError(f"module `{__name__}` has no attribute `{name}`")


def _result(stored: XComValue, call: GetXCom) -> XComResult:
    return XComResult(
        stored,
        key=call.key,
        large=bridge.current_bridge(purpose="reading an XCom").large_values,
        dag_id=call.dag_id,
        run_id=call.run_id,
        task_id=call.task_id,
        map_index=call.map_index,
    )


def _own(dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
    """Return the running task instance. Raises `AirflowException` when these name another one."""
    from windward.sdk.context import get_current_context  # contexts know XComs

    ti = get_current_context()["ti"]
    own = (ti.dag_id, ti.task_id, ti.run_id, ti.map_index)
    if own != (dag_id, task_id, run_id, map_index):
        raise AirflowException(
            f"task `{ti.task_id}` may not write an XCom of task `{task_id}` in run `{run_id}`; "
            "a task writes its own, and others read them by `ti.xcom_pull`"
        )
    return ti


def _refused(key: str, answer: Any) -> AirflowException:
    message = answer.message if isinstance(answer, Refused) else f"unexpected answer {answer!r}"
    return AirflowException(f"XCom `{key}`: {message}")
