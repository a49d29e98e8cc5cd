from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.building import numeric_field
from detectors.edges import LARGEST
from detectors.fields import CategoricalField, Field, NumericField
from detectors.layout import COUNTERS, Layout
from detectors.profile import Profile
from service.evaluation.result import Evaluated
from service.web.distribution import CATEGORIES, distribution
from service.web.drawing import BASE, TOP, WIDTH, histogram, line, pairs
from service.windows.closed import ClosedWindow
from tests.web.scene import make_window


def window_of(field: Field, current: list[int], reference: list[int]) -> ClosedWindow:
    layout = Layout((field,))
    rows = layout.zeros(2)
    start = int(layout.starts[0]) + 1
    rows[0, start : start + len(current)] = current
    rows[1, start : start + len(reference)] = reference
    profile = Profile("credit", "7", (field,), ("all",), rows[1:])
    return ClosedWindow("credit", "7", "1h", 0, 1, ("all",), rows[:1], layout, profile)


def test_every_value_is_in_exactly_one_bar(drifted: Evaluated, profile: Profile) -> None:
    for place, field in enumerate(profile.fields):
        drawn = distribution(drifted.window, field.name, "region=eu")
        assert drawn is not None
        row = drifted.window.slices.index("region=eu")
        assert drawn.n == drifted.window.layout.values(drifted.window.totals[row], place).sum()
        assert (
            drawn.reference_n == profile.layout.values(profile.totals[profile.row["region=eu"]], place).sum()
        )


def test_numeric_bars_join_without_gaps_and_are_wide_enough_to_see(drifted: Evaluated) -> None:
    drawn = distribution(drifted.window, "income", "all")
    assert drawn is not None
    assert drawn.kind == "numeric"
    inner = drawn.bars[1:-1]
    assert drawn.bars[0].lower is None
    assert drawn.bars[-1].upper is None
    assert [bar.upper for bar in drawn.bars[:-1]] == [bar.lower for bar in drawn.bars[1:]]
    widths = [bar.upper - bar.lower for bar in inner if bar.upper is not None and bar.lower is not None]
    assert min(widths) >= sum(widths) / 41


def test_small_integers_have_a_bar_each(drifted: Evaluated) -> None:
    drawn = distribution(drifted.window, "open_accounts", "all")
    assert drawn is not None
    assert drawn.kind == "discrete"
    assert [bar.upper for bar in drawn.bars[1:6]] == [0, 1, 2, 3, 4]


def test_missing_values_are_states_and_no_bars(drifted: Evaluated) -> None:
    drawn = distribution(drifted.window, "age", "all")
    assert drawn is not None
    null = next(state for state in drawn.states if state.label == "null")
    assert null.current / (null.current + drawn.n) == pytest.approx(0.2, abs=0.03)


def test_a_category_that_the_reference_never_had_is_a_bar_of_its_own(drifted: Evaluated) -> None:
    drawn = distribution(drifted.window, "channel", "region=apac")
    assert drawn is not None
    assert drawn.bars[-1].label == "unseen"
    assert drawn.bars[-1].current / drawn.n == pytest.approx(0.3, abs=0.06)
    assert drawn.bars[-1].reference == 0


def test_of_many_categories_the_largest_are_drawn_and_the_rest_are_one_bar() -> None:
    field = CategoricalField("city", tuple(f"c{i:02d}" for i in range(40)))
    counts = [*range(40), 0]
    drawn = distribution(window_of(field, counts, counts), "city", "all")
    assert drawn is not None
    assert len(drawn.bars) == CATEGORIES
    assert drawn.bars[-1].label == "25 others"
    assert drawn.bars[-1].current == sum(range(25))


def test_a_slice_that_the_reference_lacks_is_drawn_beside_everything(profile: Profile) -> None:
    window = make_window(profile, 4)
    renamed = replace(window, slices=(*window.slices[:-1], "region=mars"))
    drawn = distribution(renamed, "age", "region=mars")
    assert drawn is not None
    assert drawn.reference_slice == "all"


def test_without_a_profile_only_the_window_is_drawn() -> None:
    window = window_of(NumericField("age", np.zeros(0)), [12], [0])
    drawn = distribution(replace(window, profile=None), "age", "all")
    assert drawn is not None
    assert drawn.reference_n is None
    assert histogram(drawn).reference is None


def test_labels_are_drawn_from_their_counters(profile: Profile) -> None:
    totals = profile.layout.zeros(1)
    totals[0, COUNTERS.index("actuals")] = 10
    totals[0, COUNTERS.index("actual_positive")] = 3
    window = replace(make_window(profile, 4), slices=("all",), totals=totals)
    drawn = distribution(window, "actual", "all")
    assert drawn is not None
    assert [(bar.label, bar.current) for bar in drawn.bars] == [("positive", 3), ("negative", 7)]


def test_nothing_is_drawn_of_what_is_not_counted(drifted: Evaluated) -> None:
    assert distribution(drifted.window, "no_such", "all") is None
    assert distribution(drifted.window, "age", "region=mars") is None


@given(
    values=arrays(
        np.float64,
        st.integers(0, 60),
        elements=st.one_of(
            st.floats(-LARGEST, LARGEST, allow_nan=False), st.integers(-5, 5).map(float), st.floats(0, 1)
        ),
    ),
    data=st.data(),
)
def test_any_field_and_counts_can_be_drawn_and_stay_inside_the_picture(
    values: np.ndarray, data: st.DataObject
) -> None:
    field = numeric_field("x", values, 50, (None, None))
    counts = st.lists(st.integers(0, 1000), min_size=field.value_cells, max_size=field.value_cells)
    window = window_of(field, data.draw(counts), data.draw(counts))
    drawn = distribution(window, "x", "all")
    assert drawn is not None
    picture = histogram(drawn)
    numbers = [float(part) for part in picture.current.replace("Z", "").replace("M", " ").replace("V", " ")
               .replace("H", " ").split()]  # fmt: skip
    assert all(-0.1 <= number <= max(WIDTH, BASE) + 0.1 for number in numbers)
    assert all(np.isfinite(number) for number in numbers)
    assert all(box.width >= 0 for box in picture.boxes)


def test_the_area_of_a_bar_is_its_share() -> None:
    field = NumericField("x", np.concatenate((np.arange(31.0), [36.0])))
    cells = [0, *([10] * 30), 60, 0]
    drawn = distribution(window_of(field, cells, cells), "x", "all")
    assert drawn is not None
    picture = histogram(drawn)
    # The last 60 values are spread over six times the width of the others: everything is equally dense.
    tops = [part.split("H")[0] for part in picture.outline.split("V")[1:] if "H" in part]
    assert len(tops) > 20
    assert set(tops) == {f"{TOP:.1f}"}


def test_bars_of_categories_are_parts_of_the_widest() -> None:
    field = CategoricalField("c", ("a", "b"))
    drawn = distribution(window_of(field, [30, 10, 0], [10, 30, 0]), "c", "all")
    assert drawn is not None
    rows = pairs(drawn.bars, drawn.n, drawn.reference_n, 90.0)
    assert [(row.current_width, row.reference_width) for row in rows] == [(90.0, 30.0), (30.0, 90.0)]
    assert rows[0].current == "75%"


def test_a_trend_needs_two_values_and_leaves_gaps_where_there_is_none() -> None:
    assert line([(0, 1.0)], 100, 20) is None
    drawn = line([(0, 1.0), (1, None), (2, 1.0), (3, 2.0)], 100, 20, threshold=2.0)
    assert drawn is not None
    assert drawn.path.count("M") == 2
    assert drawn.mark == pytest.approx(2.0)


def test_a_trend_below_zero_hangs_from_the_axis_with_its_threshold_beneath() -> None:
    drawn = line([(0, -1.0), (1, -3.0)], 100, 20, threshold=-2.0)
    assert drawn is not None
    assert drawn.mark is not None
    assert drawn.zero == 2.0 < drawn.mark < 18.0
