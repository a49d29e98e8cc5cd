"""Rows on the wire come back as they were."""

from __future__ import annotations

import contextlib
import struct

import cramjam
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.layout import Rows
from service.windows.codec import (
    CODEC_VERSION,
    add_rows,
    columns_of,
    decode_rows,
    encode_rows,
    pack_text,
    unpack_text,
)

COUNTS = st.one_of(st.just(0), st.integers(0, 3), st.integers(250, 260), st.integers(0, 2**62))


@st.composite
def rows(draw: st.DrawFn) -> tuple[Rows, int]:
    count, size = draw(st.integers(0, 6)), draw(st.integers(0, 30))
    sums = draw(st.integers(0, size))
    cells = draw(arrays.arrays(np.int64, (count, size), elements=COUNTS))
    cells[:, :sums] = draw(arrays.arrays(np.int64, (count, sums), elements=st.integers(-(2**63), 2**63 - 1)))
    return cells, sums


@given(rows())
def test_what_is_decoded_is_what_was_encoded(drawn: tuple[Rows, int]) -> None:
    matrix, sums = drawn
    again = decode_rows(encode_rows(matrix, sums))
    assert again.dtype == np.int64
    np.testing.assert_array_equal(again, matrix)


def version_1(matrix: Rows, sums: int) -> bytes:
    """What the first version of the codec made of rows."""
    cells = matrix[:, sums:]
    small = np.minimum(cells, 255).astype(np.uint8)
    present, large = small[small > 0], cells[cells >= 255].astype("<i8")
    parts = (
        matrix[:, :sums].astype("<i8").tobytes(), np.packbits(small.ravel() != 0).tobytes(),
        present.tobytes(), large.tobytes(),
    )  # fmt: skip
    header = struct.pack("<BIIIII", 1, *matrix.shape, sums, len(present), len(large))
    return header + bytes(cramjam.lz4.compress_block(b"".join(parts)))


@given(rows())
def test_rows_of_the_first_version_are_read(drawn: tuple[Rows, int]) -> None:
    matrix, sums = drawn
    data = version_1(matrix, sums)
    np.testing.assert_array_equal(decode_rows(data), matrix)
    assert columns_of(data) == columns_of(encode_rows(matrix, sums)) == (matrix.shape[1], sums)


@given(rows(), st.integers(-1, 1), st.booleans())
def test_rows_are_added_to_others_as_if_they_had_been_decoded(
    drawn: tuple[Rows, int], times: int, old: bool
) -> None:
    matrix, sums = drawn
    totals = np.arange(8 * matrix.shape[1]).reshape(8, matrix.shape[1])
    expected, places = totals.copy(), np.arange(len(matrix)) * 3 % 8
    np.add.at(expected, places, times * matrix)
    add_rows((version_1 if old else encode_rows)(matrix, sums), totals, places, times)
    np.testing.assert_array_equal(totals, expected)


@given(rows(), st.integers(0, 2**20), st.integers(1, 255), st.integers(0, 8))
def test_damaged_rows_are_refused_or_are_some_rows(
    drawn: tuple[Rows, int], at: int, change: int, lost: int
) -> None:
    matrix, sums = drawn
    data = bytearray(encode_rows(matrix, sums))
    data[at % len(data)] ^= change
    data = data[: len(data) - lost]
    with contextlib.suppress(ValueError):
        assert decode_rows(bytes(data)).dtype == np.int64


@given(rows())
def test_equal_rows_have_equal_bytes(drawn: tuple[Rows, int]) -> None:
    matrix, sums = drawn
    assert encode_rows(matrix, sums) == encode_rows(np.asfortranarray(matrix.copy()), sums)


def test_a_sparse_pane_takes_less_than_a_bit_a_cell() -> None:
    matrix = np.zeros((100, 1_000), np.int64)
    matrix[:, ::100] = 7
    assert len(encode_rows(matrix, 10)) < 100 * 1_000 / 8


def test_another_codec_version_is_refused_by_name() -> None:
    data = bytearray(encode_rows(np.zeros((1, 3), np.int64), 1))
    data[0] = CODEC_VERSION + 1
    with pytest.raises(
        ValueError, match=f"version {CODEC_VERSION + 1}; this release reads 1 and {CODEC_VERSION}"
    ):
        decode_rows(bytes(data))


@given(st.binary())
def test_packed_text_comes_back(text: bytes) -> None:
    assert unpack_text(pack_text(text)) == text
