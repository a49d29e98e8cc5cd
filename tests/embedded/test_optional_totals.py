"""From events in files to results: latency, sums by bin and the scatter, against the events themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from scipy import stats

from tests.e2e.commands import START_MS, driftline, write_config, write_lines

HOUR_MS = 3_600_000
BEGIN_MS = START_MS // HOUR_MS * HOUR_MS + HOUR_MS
Event = dict[str, Any]

CONFIG: dict[str, Any] = {
    "models": [
        {
            "name": "credit",
            "positive_label": "approve",
            "features": {
                "age": {"type": "numeric"},
                "income": {"type": "numeric"},
                "debt": {"type": "numeric"},
            },
            "slices": [["region"]],
            "windows": [{"length": "1h", "every": "30m"}],
            "bin_sums": True,
            "multivariate": True,
        }
    ],
    "monitors": [
        {"name": "Moved", "metric": "wasserstein", "features": ["age"], "threshold": 0.3},
        {"name": "Parted", "metric": "reconstruction_error", "threshold": 1.3},
        {"name": "Slow", "metric": "latency_p99", "threshold": 150},
    ],
}


def events(count: int, begin_ms: int, seed: int, *, parted: bool = False, slow: float = 1.0) -> list[Event]:
    """Debt follows income unless they are parted; one latency in a hundred is text."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(10, 0.3, count)
    debt = 0.5 * (rng.permutation(income) if parted else income) + rng.normal(0, 300, count)
    age, took, region = (
        rng.normal(40, 10, count),
        rng.lognormal(3, 0.6, count) * slow,
        rng.integers(2, size=count),
    )
    return [
        {
            "model": "credit",
            "model_version": "7",
            "prediction_id": f"p{i}",
            "timestamp": begin_ms + i * HOUR_MS // count,
            "features": {
                "age": float(age[i]) + 6 * (slow > 1),
                "income": float(income[i]),
                "debt": None if i % 40 == 0 else float(debt[i]),
            },
            "prediction": {"label": "approve", "score": 0.5},
            "tags": {"region": ("eu", "us")[region[i]]},
            "latency_ms": "fast" if i % 100 == 0 else float(took[i]),
        }
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def reference() -> list[Event]:
    return events(20_000, BEGIN_MS - 2 * HOUR_MS, seed=1)


@pytest.fixture(scope="module")
def traffic() -> list[Event]:
    usual = events(4_000, BEGIN_MS, seed=2)
    return usual + events(4_000, BEGIN_MS + HOUR_MS, seed=3, parted=True, slow=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, reference: list[Event], traffic: list[Event]) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    config = write_config(folder / "build.yaml", CONFIG)
    driftline(
        "profile", "build", "--config", config, "--model", "credit", "--version", "7",
        "--input", write_lines(folder / "reference.jsonl", reference), "--output", folder / "p.json",
    )  # fmt: skip
    model = CONFIG["models"][0] | {"reference": {"profile": str(folder / "p.json")}}
    write_config(folder / "run.yaml", CONFIG | {"models": [model]})
    write_lines(folder / "log.jsonl", traffic)
    for name in ("first", "again"):
        driftline(
            "replay", "--config", folder / "run.yaml", "--events", folder / "log.jsonl",
            "--results", folder / f"{name}.jsonl", "--alerts", folder / f"{name}-alerts.jsonl",
        )  # fmt: skip
    return folder


def line(folder: Path, hour: int, metric: str, feature: str = "", on: str = "all") -> dict[str, Any]:
    """A result of the window that covers one hour of the traffic."""
    found = [
        result
        for result in map(orjson.loads, (folder / "first.jsonl").read_bytes().splitlines())
        if (result["metric"], result["feature"], result["slice"]) == (metric, feature, on)
        and result["window"]["start"] == _hour(hour)
    ]
    [result] = found
    return dict(result)


def _hour(hour: int) -> str:
    return np.datetime_as_string(np.datetime64(BEGIN_MS + hour * HOUR_MS, "ms"), unit="s") + "Z"


def column(rows: list[Event], name: str) -> Any:
    return np.array([row["features"][name] for row in rows], np.float64)


def test_a_replay_gives_the_same_bytes_twice(folder: Path) -> None:
    assert (folder / "first.jsonl").read_bytes() == (folder / "again.jsonl").read_bytes()
    assert (folder / "first.jsonl").stat().st_size > 10_000


@pytest.mark.parametrize("hour", [0, 1])
@pytest.mark.parametrize("on", ["all", "region=us"])
def test_latency_is_that_of_the_events(folder: Path, traffic: list[Event], hour: int, on: str) -> None:
    rows = traffic[4_000 * hour : 4_000 * (hour + 1)]
    took = [
        row["latency_ms"]
        for row in rows
        if row["latency_ms"] != "fast" and (on == "all" or row["tags"]["region"] == "us")
    ]
    found = line(folder, hour, "latency_p99", on=on)
    assert found["n"] == len(took)
    assert found["lower"] <= np.quantile(took, 0.99, method="inverted_cdf") <= found["upper"]
    assert found["status"] == ("breach" if hour else "ok")


@pytest.mark.parametrize("hour", [0, 1])
def test_the_wasserstein_distance_is_that_of_the_events(
    folder: Path, reference: list[Event], traffic: list[Event], hour: int
) -> None:
    before, now = column(reference, "age"), column(traffic[4_000 * hour : 4_000 * (hour + 1)], "age")
    exact = stats.wasserstein_distance(before, now) / before.std(ddof=1)
    found = line(folder, hour, "wasserstein", "age")
    assert found["lower"] <= exact <= found["upper"]
    assert found["status"] == ("drift" if hour else "ok")


@pytest.mark.parametrize("hour", [0, 1])
def test_features_that_part_company_are_found_by_their_reconstruction_error(folder: Path, hour: int) -> None:
    found = line(folder, hour, "reconstruction_error")
    assert (found["n"], found["reference_n"]) == (3_900, 19_500)
    assert found["status"] == ("drift" if hour else "ok")
    assert (found["value"] > found["null_bound"]) == bool(hour)


def test_each_monitor_raises_its_alert(folder: Path) -> None:
    alerts = map(orjson.loads, (folder / "first-alerts.jsonl").read_bytes().splitlines())
    assert {"Moved", "Parted", "Slow"} == {
        alert["alertname"] for alert in alerts if alert["state"] == "firing"
    }
