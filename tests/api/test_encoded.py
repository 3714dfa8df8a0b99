"""JSON that is remembered: made again for other objects, and for nothing else; and it has an end."""

import msgspec

from windward.api.encoded import Encoded, EncodedPages


def test_a_row_is_encoded_again_for_another_object_or_for_another_thing_beside_it() -> None:
    made: list[tuple[list[int], int]] = []

    def shape(row: list[int], beside: int) -> list[int]:
        made.append((row, beside))
        return [*row, beside]

    encoded, row = Encoded[list[int]](shape), [1]
    for given, beside in ((row, 2), (row, 2), ([1], 2), (row, 3)):
        assert bytes(encoded.of("key", given, beside)) == msgspec.json.encode([1, beside])

    assert made == [([1], 2), ([1], 2), ([1], 3)]


def test_a_page_is_encoded_again_for_other_parts() -> None:
    pages, parts = EncodedPages(), ([1], [2])
    first = pages.of("asked", parts, lambda: "first")

    assert pages.of("asked", (*parts,), lambda: "second") is first
    assert pages.of("asked", ([1], [2]), lambda: "third").raw == b'"third"'
    assert pages.of("asked", parts[:1], lambda: "fourth").raw == b'"fourth"'
    assert first.etag != pages.of("asked", parts[:1], lambda: "fifth").etag


def test_what_is_remembered_of_pages_has_an_end() -> None:
    pages = EncodedPages(bytes_max=10_000)
    for number in range(100):
        assert pages.of(number, (pages,), lambda: "x" * 100).raw == b'"' + b"x" * 100 + b'"'
        assert pages.remembered_bytes <= 10_000
    pages.of("large", (pages,), lambda: "x" * 20_000)
    assert pages.remembered_bytes == 0


def test_a_long_question_counts_like_a_long_answer() -> None:
    pages = EncodedPages(bytes_max=10_000)
    pages.of("x" * 20_000, (pages,), lambda: "short")
    assert pages.remembered_bytes == 0
    for number in range(100):
        pages.of(str(number), (pages,), lambda: "short")
        pages.of(str(number), (pages, pages), lambda: "shorter")
        assert 0 < pages.remembered_bytes <= 10_000
