"""Three days with a daily wave through `driftline replay`: baselines of the past, a budget, a detector."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from tests.e2e.commands import START_MS, driftline, write_config, write_lines

HOUR_MS = 3_600_000
BEGIN_MS = START_MS // HOUR_MS * HOUR_MS + HOUR_MS
HOURS, EACH = 72, 300
CHANGED = 60
"""From this hour on values lie higher than the hour explains, and one request in ten fails."""

Event = dict[str, Any]

CONFIG: dict[str, Any] = {
    "models": [
        {
            "name": "credit",
            "features": {"load": {"type": "numeric"}},
            "windows": [{"length": "1h"}],
            "multiplicity": {"false_alarms_per_week": 0.5},
            "past": {"periods": 4},
        }
    ],
    "monitors": [
        {"name": "Strange", "metric": "mean_shift", "features": ["load"], "threshold": 0.5},
        {
            "name": "Unusual", "metric": "mean_shift", "features": ["load"], "threshold": 0.5,
            "baseline": "hour_of_day",
        },
        {"name": "Failing", "metric": "change:error_ratio"},
    ],
}  # fmt: skip


def events(begin_ms: int, hours: int, seed: int, changed: int) -> list[Event]:
    """A wave of a day in the values; from one hour on higher ones, and failures."""
    rng = np.random.default_rng(seed)
    made: list[Event] = []
    for i in range(hours * EACH):
        at_ms = begin_ms + i * HOUR_MS // EACH
        hour, after = i // EACH, i // EACH >= changed
        wave = 2 * np.sin(2 * np.pi * at_ms / (24 * HOUR_MS))
        event: Event = {
            "model": "credit", "model_version": "7", "prediction_id": f"p{begin_ms}-{i}", "timestamp": at_ms,
            "features": {"load": float(wave + rng.normal() + 1.5 * after)},
        }  # fmt: skip
        failed = rng.random() < (0.1 if after else 0.02)
        answer = {"error": "timeout"} if failed else {"prediction": {"label": "1", "score": 0.5}}
        made.append(event | answer)
        assert hour < hours
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deciding")
    config = write_config(folder / "build.yaml", CONFIG)
    reference = events(BEGIN_MS - 48 * HOUR_MS, 48, 1, changed=48)
    driftline(
        "profile", "build", "--config", config, "--model", "credit", "--version", "7",
        "--input", write_lines(folder / "reference.jsonl", reference), "--output", folder / "p.json",
    )  # fmt: skip
    model = CONFIG["models"][0] | {"reference": {"profile": str(folder / "p.json")}}
    write_config(folder / "run.yaml", CONFIG | {"models": [model]})
    write_lines(folder / "log.jsonl", events(BEGIN_MS, HOURS, 2, changed=CHANGED))
    for name in ("first", "again"):
        driftline(
            "replay", "--config", folder / "run.yaml", "--events", folder / "log.jsonl",
            "--results", folder / f"{name}.jsonl", "--alerts", folder / f"{name}-alerts.jsonl",
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "first.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def alerts(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "first-alerts.jsonl").read_bytes().splitlines()]


def hour_of(text: str) -> int:
    return int((np.datetime64(text.removesuffix("Z"), "ms").astype(int) - BEGIN_MS) // HOUR_MS)


def statuses(results: list[dict[str, Any]], metric: str, baseline: str) -> dict[int, str]:
    return {
        hour_of(line["window"]["start"]): line["status"]
        for line in results
        if (line["metric"], line["baseline"]) == (metric, baseline)
        and line["feature"] in {"", "load"}
        and line["model_version"] == "7"
    }


def fired(alerts: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [
        alert
        for alert in alerts
        if alert["notice"] == "alert" and alert["alertname"] == name and alert["state"] == "firing"
    ]


def test_the_same_log_gives_the_same_bytes(folder: Path) -> None:
    for kind in ("", "-alerts"):
        assert (folder / f"first{kind}.jsonl").read_bytes() == (folder / f"again{kind}.jsonl").read_bytes()


def test_the_first_day_has_no_past_and_the_second_is_like_it(results: list[dict[str, Any]]) -> None:
    past = statuses(results, "mean_shift", "hour_of_day")
    assert {past[hour] for hour in range(23)} == {"insufficient_data"}
    assert {past[hour] for hour in range(24, CHANGED)} == {"ok"}


def test_the_wave_moves_the_mean_from_the_reference_and_not_from_the_same_hour(
    results: list[dict[str, Any]],
) -> None:
    far = {
        baseline: sum(
            abs(line["value"]) >= 0.5
            for line in results
            if (line["metric"], line["feature"], line["baseline"]) == ("mean_shift", "load", baseline)
            and 24 <= hour_of(line["window"]["start"]) < 48
        )
        for baseline in ("reference", "hour_of_day")
    }
    assert far["reference"] >= 12
    assert far["hour_of_day"] == 0


def test_what_the_hour_does_not_explain_fires_and_the_alert_says_against_what(
    alerts: list[dict[str, Any]],
) -> None:
    first = fired(alerts, "Unusual")[0]
    assert hour_of(first["window"]["start"]) == CHANGED
    assert first["against"] == "the same hour of the last 4 days"
    assert "against the same hour of the last 4 days" in first["summary"]
    assert "of the same hour of the last 4 days" in first["description"]


def test_a_jump_of_failures_is_detected_within_hours_and_not_before(
    results: list[dict[str, Any]], alerts: list[dict[str, Any]]
) -> None:
    first = fired(alerts, "Failing")[0]
    assert CHANGED <= hour_of(first["window"]["start"]) <= CHANGED + 6
    assert first["change"] == 1.0
    assert "it rose" in first["summary"]
    nearness = statuses(results, "change:error_ratio", "reference")
    assert {nearness[hour] for hour in range(CHANGED)} == {"ok"}


def test_every_tested_result_carries_the_level_of_its_window(results: list[dict[str, Any]]) -> None:
    levels = {line["window"]["end"]: line["level"] for line in results if line["p_value"] is not None}
    assert len(levels) >= HOURS
    assert all(0 < level < 0.1 for level in levels.values())
    assert sum(levels.values()) <= 0.5
    assert {line["level"] for line in results if line["p_value"] is None} == {None}
