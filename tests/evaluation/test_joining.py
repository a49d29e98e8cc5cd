"""Lines joined out of columns: as each part says, in C as in Python."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.profile import Profile
from service.evaluation import joining
from service.evaluation.evaluate import evaluate
from service.evaluation.joining import Part, joined, numbers
from service.evaluation.lines import encoded
from tests.evaluation.scene import EVERY_METRIC, MODEL, draw, monitor, seen, window_of

RULES = (*EVERY_METRIC, monitor("psi", 0.1), monitor("mean_shift", 0.5, alpha=None))
PARTS = (
    (b'{"a":', None),
    ((b"x", b"yy", b""), np.array([2, 0, 1], np.int64)),
    (None, np.array([-1, 0, 9_223_372_036_854_775_807], np.int64)),
    numbers(np.array([np.nan, -1.5e-300, 2e300])),
)  # fmt: skip


@pytest.fixture(params=["in C", "in Python"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in Python":
        monkeypatch.setattr(joining, "BUILT", False)
    elif not joining.BUILT:
        pytest.skip("built without a compiler")


@pytest.mark.usefixtures("way")
def test_each_line_has_its_text_of_every_part() -> None:
    assert joined(PARTS, 3) == [
        b'{"a":nullnull', b'{"a":x0-1.5e-300', b'{"a":yy92233720368547758072e300'
    ]  # fmt: skip


@pytest.mark.usefixtures("way")
def test_no_lines_come_of_empty_columns() -> None:
    nothing: tuple[Part, ...] = ((b"a", None), numbers(np.zeros(0)), (None, np.zeros(0, np.int64)))
    assert joined(nothing, 0) == []


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "part",
    [
        numbers(np.array([1.0, 2.0])),
        numbers(np.array([1.0, 2.0, 3.0, 4.0])),
        (None, np.array([1, 2], np.int64)),
        ((b"x",), np.array([0, 0], np.int64)),
    ],
    ids=["too few numbers", "too many numbers", "too few integers", "too few codes"],
)
def test_a_part_that_has_not_one_text_for_each_line_is_refused(part: Part) -> None:
    with pytest.raises(ValueError, match=r"for each line|zip\(\)"):
        joined(((b"a", None), part), 3)


@pytest.mark.skipif(not joining.BUILT, reason="Python looks texts up by itself")
@pytest.mark.parametrize("code", [-1, 1, 2**40])
def test_a_code_without_a_text_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="a text for each code"):
        joined((((b"x",), np.array([code], np.int64)),), 1)


@given(st.lists(st.floats(width=64), min_size=1, max_size=50))
def test_numbers_are_written_as_in_a_result(values: list[float]) -> None:
    lines = joined((numbers(np.array(values)),), len(values))
    assert lines == [msgspec.json.encode(value) for value in values]


@pytest.mark.usefixtures("way")
def test_lines_are_what_the_objects_would_be_written_as(rng: np.random.Generator, profile: Profile) -> None:
    drifted = draw(rng, 3_000)
    drifted.numeric[:, 0] += 2.0
    for window in (window_of(profile, drifted, lower_bounds=True), window_of(profile, draw(rng, 20))):
        results = evaluate(window, MODEL, RULES).results
        assert encoded(results) == [msgspec.json.encode(result) for result in results]
    assert any(result.explanation for result in seen(profile, drifted, *RULES).results)
