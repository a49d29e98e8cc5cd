"""Values of the configuration, once it is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.checks.globs import can_fit
from service.config.loading import load, parse
from service.config.settings import Settings
from service.config.summary import notes, summarise
from service.config.units import format_duration, parse_duration_ms
from service.errors import ConfigError
from tests.config.base import GOOD


@given(st.integers(min_value=0, max_value=10**12))
def test_a_duration_survives_its_text(ms: int) -> None:
    assert parse_duration_ms(format_duration(ms)) == ms


def test_durations_are_milliseconds_and_written_back_as_text() -> None:
    settings = parse(GOOD, "good")
    assert (settings.models[0].lateness, settings.timing.future) == (30_000, 300_000)
    assert settings.model_dump()["timing"] == {"flush": "1s", "grace": "10s", "future": "5m"}


def test_a_configuration_survives_its_json() -> None:
    settings = parse(GOOD, "good")
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_panes_tile_every_window_and_windows_are_named_by_length_and_slide() -> None:
    (model,) = parse(GOOD, "good").models
    assert [window.name for window in model.windows] == ["1h/5m", "1d"]
    assert model.pane_ms == 300_000
    assert model.tags == ("plan", "region")


@pytest.mark.parametrize(
    ("pattern", "template", "expected"),
    [
        ("*", "all", True),
        ("all", "all", True),
        ("a?l", "all", True),
        ("region=eu", "region=*", True),
        ("*=eu", "region=*", True),
        ("region=[ae]*", "region=*", True),
        ("region=*", "region=*,plan=*", True),
        ("region=eu", "region=*,plan=*", False),
        ("regoin=*", "region=*", False),
        ("", "all", False),
        ("region=" + "a" * 290, "region=*", True),
        ("region=eu,plan=gold", "region=*", False),
        ("region=eu,plan=gold", "region=*,plan=*", True),
        ("*=eu,*", "region=*,plan=*", True),
        ("*,*,*", "region=*,plan=*", False),
    ],
)
def test_a_pattern_can_fit_a_dimension_when_one_slice_of_it_fits(
    pattern: str, template: str, expected: bool
) -> None:
    assert can_fit(pattern, template) is expected


def test_a_summary_counts_the_results_that_monitors_judge() -> None:
    (model,) = summarise(parse(GOOD, "good"))
    hour, day = model.windows
    assert (hour.name, hour.panes, day.panes) == ("1h/5m", 12, 288)
    # `drift` judges psi of one feature on `all` in the window 1h/5m; `errors` judges one result everywhere
    assert hour.judged == {"all": 2, "region": 1, "region,plan": 1}
    assert day.judged == {"all": 1, "region": 1, "region,plan": 1}


def test_what_may_not_be_meant_is_noted() -> None:
    text = "models: [{name: x, features: {a: {type: numeric}}}]"
    found = " ".join(notes(parse(text, "small")))
    assert all(word in found for word in ["`sources` is empty", "`monitors` is empty", "names no profile"])
    assert list(notes(parse(GOOD, "good"))) == []


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"models: \xe9")
    with pytest.raises(ConfigError, match="no UTF-8"):
        load(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)
