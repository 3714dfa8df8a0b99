"""Data frames and arrays pass between tasks where their libraries are installed."""

from typing import Any

import pytest

from windward.sdk import serde

np = pytest.importorskip("numpy", reason="numpy is no dependency")


def back(value: Any, encoding: str) -> Any:
    stored = serde.encode(value, name="x")
    assert stored.encoding == encoding
    return serde.decode(stored)


@pytest.mark.parametrize("dtype", ["int64", "float32", "bool", "complex128", "datetime64[ns]", "U3"])
def test_arrays_and_scalars_keep_type_and_shape(dtype: str) -> None:
    array = np.ones((2, 3), dtype=dtype)
    again = back(array, "tagged")
    assert (again.dtype, again.shape, again.tobytes()) == (array.dtype, array.shape, array.tobytes())
    again[0, 0] = again[1, 1]
    scalar = back(array[0, 0], "tagged")
    assert (type(scalar), scalar) == (type(array[0, 0]), array[0, 0])


def test_an_array_of_objects_is_a_pickle() -> None:
    assert back(np.array([{"a": 1}], dtype=object), "pickle")[0] == {"a": 1}


def test_a_pandas_frame_is_parquet_when_parquet_keeps_it() -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"n": [1, 2], "s": ["a", None]}, index=pandas.Index([5, 6], name="i"))
    pandas.testing.assert_frame_equal(back(frame, "parquet"), frame)


def test_a_pandas_frame_that_parquet_would_change_is_a_pickle() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"mixed": [1, "a", (2,)]})
    pandas.testing.assert_frame_equal(back(frame, "pickle"), frame)


def test_a_polars_frame_is_arrow() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"n": [1, None], "s": ["a", "b"], "l": [[1], [2, 3]]})
    assert back(frame, "arrow").equals(frame)


def test_frames_inside_other_values_pass() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1]})
    assert back({"frame": frame}, "pickle")["frame"].equals(frame)
