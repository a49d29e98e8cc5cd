"""Distributions drawn as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from service.commands.fitted_table import Column, fitted_table, numbers
from service.commands.profile_views import feature_view, put
from service.profiles.blocks import bar, histogram, printable, shape, sparkline
from service.profiles.summary import NumericSummary
from tests.profiles.test_comparing import numeric, profile

NOT_MEASURED = "dependence: not measured, so p-values take records for independent"


@given(st.lists(st.integers(0, 10**9), max_size=50))
def test_a_sparkline_has_a_character_a_count_and_is_blank_only_for_nothing(counts: list[int]) -> None:
    drawn = sparkline(counts)
    assert len(drawn) == len(counts)
    assert [character == " " for character in drawn] == [count == 0 for count in counts]


@given(st.floats(0, 1), st.integers(1, 80))
def test_a_bar_is_never_wider_than_its_field(share: float, width: int) -> None:
    assert len(bar(share, width)) <= width
    assert bool(bar(share, width)) == (share > 0)


@given(st.text(max_size=60))
def test_text_from_data_cannot_move_the_cursor(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) <= 40


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values", [[-1.7e308, 1.7e308] * 40, [5e-324, 0.0], list(np.random.default_rng(0).standard_cauchy(500))]
)
def test_awkward_numbers_can_be_drawn(values: list[float]) -> None:
    summary = numeric(profile([*values, *np.linspace(-8e307, 8e307, 60)], bins=50))
    assert len(shape(summary, 24)) <= 24
    marks, counts = histogram(summary, 24)
    assert np.isfinite(marks).all()
    assert (counts >= 0).all()


def test_a_histogram_holds_the_middle_98_percent() -> None:
    summary: NumericSummary = numeric(profile(list(np.arange(10_000.0)), bins=100))
    marks, counts = histogram(summary, 7)
    assert counts.sum() == pytest.approx(9_800, rel=0.001)
    assert np.ptp(counts) < 1
    assert (marks[0], marks[-1]) == (99.0, 9_899.0)


def test_a_numeric_feature_is_drawn_so(capsys: pytest.CaptureFixture[str]) -> None:
    put(feature_view(profile([0.0] * 6 + [1.0] * 3 + [2.5]), "all", "x"))
    drawn = capsys.readouterr().out.splitlines()
    assert drawn[3:] == [
        "x   10 values   missing 0.0 %   invalid 0.0 %",
        "mean 0.5499   sd 0.7891   min 0   5 % 0   25 % 0   median 0   75 % 1   95 % 2.5   max 2.5",
        NOT_MEASURED,
        "  ≤ 0  60.0 %  ████████████████████████████████████████",
        "  ≤ 1  30.0 %  ████████████████████",
        "≤ 2.5  10.0 %  ██████▋",
    ]


def test_a_categorical_feature_is_drawn_so(capsys: pytest.CaptureFixture[str]) -> None:
    put(feature_view(profile(c=["[red]"] * 3 + ["\x1b[31m"] + [None]), "all", "c"))
    drawn = capsys.readouterr().out.splitlines()
    assert drawn[3:] == [
        "c   4 values   missing 20.0 %   invalid 0.0 %",
        NOT_MEASURED,
        "   [red]  75.0 %  ████████████████████████████████████████",
        "\\x1b[31m  25.0 %  █████████████▍",
    ]


def test_a_spike_at_the_low_end_is_part_of_the_picture() -> None:
    values = np.concatenate([np.zeros(900), np.linspace(0.1, 10, 100)])
    summary = numeric(profile(list(values), bins=80))
    drawn = shape(summary, 10)
    assert drawn[0] >= 900
    assert max(drawn[1:]) <= 20


@pytest.mark.parametrize(
    ("width", "titles"),
    [(30, ["name", "a", "b"]), (12, ["name", "b"]), (7, ["name"]), (2, ["name"])],
)
def test_a_table_leaves_columns_out_by_their_weight_and_names_them(
    width: int, titles: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    columns = [
        Column("name", [Text("x")], left=True),
        numbers("a", ["12345"], drop=2),
        numbers("b", ["678"], drop=1),
    ]
    put(fitted_table(columns, width))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == titles
    told = lines[-1].partition("also shows: ")[2]
    assert [title for title in told.split(", ") if title] == [t for t in ("a", "b") if t not in titles]
