"""Rows on the wire come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.layout import Rows
from service.windows.codec import CODEC_VERSION, decode_rows, encode_rows, pack_text, unpack_text

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
    with pytest.raises(ValueError, match=f"version {CODEC_VERSION + 1}; this release reads {CODEC_VERSION}"):
        decode_rows(bytes(data))


@given(st.binary())
def test_packed_text_comes_back(text: bytes) -> None:
    assert unpack_text(pack_text(text)) == text
