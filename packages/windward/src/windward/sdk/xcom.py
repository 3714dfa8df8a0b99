"""Values that pass between task instances: `XCom` (Airflow's class methods) and the sequence of a mapped task's.

How a value becomes bytes is in `serde`. What may not live here: which upstream a task reads (`task_instance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from windward.protocol.calls import (
    DeleteXComs,
    GetXCom,
    GetXComs,
    Refused,
    SetXCom,
    XComAnswer,
    XComsAnswer,
)
from windward.protocol.outcomes import XComValue
from windward.sdk import bridge, serde
from windward.sdk.exceptions import AirflowException, XComNotFound

XCOM_RETURN_KEY = "return_value"
PAGE_ITEMS_MAX = 200
"""Values that are read at once: stored values are small, and a page of them stays far below a message's limit."""
SINGLES_MAX = 3
"""Values of a sequence that are asked for one at a time, before whole pages are."""
KEY_LENGTH_MAX = 512


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


def decoded(value: XComValue) -> Any:
    """Return the value itself."""
    return serde.decode(value, large=bridge.current_bridge(purpose="reading an XCom").large_values)


def push(key: str, value: Any, *, owner: str) -> None:
    """Store a value for the running task instance; `owner` says whose it is, for the object store and messages."""
    here = bridge.current_bridge(purpose=f"pushing the XCom `{key}`")
    answer = here.call(SetXCom(key=checked_key(key), value=stored(key, value, owner=owner)))
    if isinstance(answer, Refused):
        raise _refused(key, answer)


def stored(key: str, value: Any, *, owner: str) -> XComValue:
    """Return a value as it is stored. Raises `XComTypeError` when nothing can carry it."""
    large = bridge.current_bridge(purpose="storing an XCom").large_values if bridge.has_bridge() else None
    return serde.encode(value, name=f"{owner}/{key}", large=large)


def checked_key(key: str) -> str:
    """Return the key. Raises ValueError when it cannot be one."""
    if not isinstance(key, str) or not key or len(key) > KEY_LENGTH_MAX:
        raise ValueError(f"an XCom key is a text of 1 to {KEY_LENGTH_MAX} characters, not {key!r}")
    return key


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
                self._values[offset + place] = decoded(item.value)
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
        _check_own(dag_id, task_id, run_id, map_index)
        push(key, value, owner=f"{dag_id}/{run_id}/{task_id}/{map_index}")

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
        found = fetch_one(
            GetXCom(
                key=key,
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
                map_index=-1 if map_index is None else map_index,
                include_prior_dates=include_prior_dates,
            )
        )
        return None if found is None else decoded(found)

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
        """Delete a value of the running task instance, or all of them."""
        _check_own(dag_id, task_id, run_id, -1 if map_index is None else map_index)
        answer = bridge.current_bridge(purpose="deleting an XCom").call(DeleteXComs(key=key))
        if isinstance(answer, Refused):
            raise _refused(str(key), answer)

    @staticmethod
    def serialize_value(value: Any, **_where: Any) -> XComValue:
        """Return a value as it is stored."""
        return serde.encode(value, name="value")

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """Return the value of what `serialize_value` returned."""
        value = getattr(result, "value", result)
        return decoded(value) if isinstance(value, XComValue) and bridge.has_bridge() else serde.decode(value)

    @classmethod
    def purge(cls, xcom: Any, *args: Any) -> None:
        """Nothing: large values are collected by the scheduler."""


class XCom(BaseXCom):
    """The XCom back end of this deployment."""


def _check_own(dag_id: str, task_id: str, run_id: str, map_index: int) -> None:
    from windward.sdk.context import get_current_context  # contexts know XComs

    ti = get_current_context()["ti"]
    own = (ti.dag_id, ti.task_id, ti.run_id, ti.map_index)
    if own != (dag_id, task_id, run_id, map_index):
        raise AirflowException(
            f"task `{ti.task_id}` may not write an XCom of task `{task_id}` in run `{run_id}`; "
            "a task writes its own, and others read them by `ti.xcom_pull`"
        )


def _refused(key: str, answer: Any) -> AirflowException:
    message = answer.message if isinstance(answer, Refused) else f"unexpected answer {answer!r}"
    return AirflowException(f"XCom `{key}`: {message}")
