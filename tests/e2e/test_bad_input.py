"""What producers get wrong, in one log: nothing stops, all is counted somewhere, windows stay exact."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.bad_records import Odd, Refused, odd_records, record, refused_records
from tests.e2e.commands import (
    KEPT,
    START_MS,
    attempt,
    build_profile,
    with_model,
    with_profile,
    write_config,
    write_lines,
)
from tests.e2e.service import Service, credit_config, sample_sum
from tests.e2e.traffic import Event, Got, Sent, credit_events, produce, read_all
from tests.e2e.truth import stated_counts, window_counts
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually, run_apart

MINUTE_MS = 60_000
SLICES = 100
CROWD = 100_000
REFUSED = refused_records()
SPARSE: dict[str, Any] = {name: {"type": "numeric"} for name in ("constant", "nulls", "empty")}


@dataclass(frozen=True)
class Aftermath:
    """What a run over the whole log left behind."""

    topic: str
    sent: list[Sent]
    refused_at: dict[str, int]
    """Offset by name."""
    counted: list[Event]
    odd: list[Odd]
    crowd: list[Event]
    results: list[dict[str, Any]]
    dead: list[Got]
    page: str
    ended: tuple[int, float]
    log: str

    def of(self, model: str, metric: str) -> list[dict[str, Any]]:
        """Results of one metric of one model."""
        return [line for line in self.results if line["metric"] == metric and line["model"] == model]

    def counter(self, name: str, **labels: str) -> float:
        """A series on the metrics page."""
        assert f"\n{name}" in self.page
        return sample_sum(self.page, name, **labels)


def sparse(events: list[Event]) -> list[Event]:
    """Events with one feature that never changes, and one that is always null; a third is always absent."""
    return [event | {"features": {**event["features"], "constant": 1.5, "nulls": None}} for event in events]


def crowd() -> list[Event]:
    """Predictions of the model `crowd`, each in a slice of its own."""
    return [
        {
            "model": "crowd",
            "model_version": "7",
            "prediction_id": f"c{i}",
            "timestamp": START_MS + 120_000 + i,
            "features": {"age": i % 80},
            "prediction": {"label": "approve", "score": 0.5},
            "tags": {"region": f"r{i}"},
        }
        for i in range(CROWD)
    ]


def configure(bootstrap: str, prefix: str) -> dict[str, Any]:
    config = credit_config(bootstrap, prefix, limits={"slices": SLICES})
    features = config["models"][0]["features"] | SPARSE
    windows = [{"length": "20m"}]
    config = with_model(config, features=features, versions=["7"], windows=windows, lateness="5m")
    crowded = {"name": "crowd", "features": {"age": {"type": "numeric"}}, "slices": [["region"]]}
    return config | {"models": [*config["models"], crowded | {"windows": windows, "lateness": "5m"}]}


@pytest.fixture(scope="module")
def aftermath(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """One run over good events with bad ones among them, then an hour of silence, then good ones again."""
    folder, prefix = tmp_path_factory.mktemp("bad-input"), "badinput."
    config = configure(kafka.bootstrap, prefix)
    reference = sparse(credit_events(20_000, START_MS, 100, seed=7))
    for event in reference:
        event["features"]["empty"] = None
    profile = build_profile(folder, config, reference)
    models = config["models"]
    config |= {"models": [models[0] | {"reference": {"profile": str(profile)}}, *models[1:]]}
    good = sparse(credit_events(2_400, START_MS, 500))  # 20 minutes
    later = sparse(credit_events(2_400, START_MS + 80 * MINUTE_MS, 500, seed=3))
    odd, many = odd_records(), crowd()

    values: list[tuple[bytes | None, int]] = [
        (orjson.dumps(event), event["timestamp"]) for event in good[:400]
    ]
    refused_at: dict[str, int] = {}
    for refused, event in zip(REFUSED, good[400:], strict=False):
        refused_at[refused.name] = len(values)
        values += [(refused.value, event["timestamp"]), (orjson.dumps(event), event["timestamp"])]
    rest = good[400 + len(REFUSED) :]
    for i, event in enumerate(rest):
        if i < len(odd):
            values += [(odd[i].value, START_MS + MINUTE_MS), (None, START_MS + MINUTE_MS)]
        values.append((orjson.dumps(event), event["timestamp"]))
        if i == 200:
            values += [(orjson.dumps(one), one["timestamp"]) for one in many]
    values += [(orjson.dumps(event), event["timestamp"]) for event in later]
    sent = [record(value, offset, at_ms) for offset, (value, at_ms) in enumerate(values)]

    topic = f"{prefix}predictions"
    kafka.create_topics(topic, config=KEPT | {"max.message.bytes": "8000000"})
    run_apart(lambda: produce(kafka.bootstrap, topic, sent))
    with Service(folder / "service", config) as service:

        async def all_closed() -> None:
            name, last_s = "driftline_window_end_timestamp_seconds", (START_MS + 100 * MINUTE_MS) // 1000

            def closed() -> bool:
                return (
                    service.metric(name, model="credit") >= last_s and service.metric(name, model="crowd") > 0
                )

            await eventually(closed, seconds=60, what="the last window of both models")

        run_apart(all_closed)
        page, ended, log = service.page(), service.end(), service.log()
    results = run_apart(lambda: read_all(kafka.bootstrap, f"{prefix}results"))
    dead = run_apart(lambda: read_all(kafka.bootstrap, f"{prefix}deadletter"))
    counted = [*good, *(one.event for one in odd), *later]
    lines = [orjson.loads(line.value) for line in results]
    return Aftermath(topic, sent, refused_at, counted, odd, many, lines, dead, page, ended, log)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_what_is_no_event_is_kept_as_it_came_with_the_reason_and_the_place(
    aftermath: Aftermath, refused: Refused
) -> None:
    offset = aftermath.refused_at[refused.name]
    [dead] = [dead for dead in aftermath.dead if dead.headers["driftline.offset"] == str(offset).encode()]
    assert dead.headers["driftline.reason"] == refused.reason.encode()
    assert dead.headers["driftline.topic"] == aftermath.topic.encode()
    assert dead.headers["driftline.partition"] == b"0"
    assert refused.word in dead.headers["driftline.detail"].decode()
    assert dead.key == f"key-{offset}".encode()
    assert dead.value == refused.value


def test_every_refused_record_is_counted_once_by_its_reason(aftermath: Aftermath) -> None:
    for reason, count in Counter(refused.reason for refused in REFUSED).items():
        assert aftermath.counter("driftline_rejects_total", reason=reason) == count
    assert aftermath.counter("driftline_rejects_total") == len(REFUSED)
    assert aftermath.counter("driftline_dead_letters_total") == len(REFUSED) == len(aftermath.dead)


def test_every_other_record_is_counted_once_by_its_kind(aftermath: Aftermath) -> None:
    assert aftermath.counter("driftline_events_total", model="credit") == len(aftermath.counted)
    assert aftermath.counter("driftline_tombstones_total") == len(aftermath.odd)
    assert aftermath.counter("driftline_duplicate_keys_total") == 1
    assert aftermath.counter("driftline_clamped_events_total", model="credit") == 1
    assert aftermath.counter("driftline_late_events_total") == 0


def test_windows_hold_the_good_events_exactly(aftermath: Aftermath) -> None:
    results = [orjson.dumps(line) for line in aftermath.results if line["model"] == "credit"]
    assert stated_counts(results) == window_counts(aftermath.counted, 20 * MINUTE_MS, 20 * MINUTE_MS)


@pytest.mark.parametrize("feature", ["age", "state", "income"])
def test_a_bad_value_spoils_its_own_feature_and_no_other(aftermath: Aftermath, feature: str) -> None:
    expected = sum(feature in odd.invalid for odd in aftermath.odd)
    lines = [line for line in aftermath.of("credit", "invalid_ratio") if line["feature"] == feature]
    found = sum(line["value"] * line["n"] for line in lines if line["slice"] == "all" and line["value"])
    assert round(found, 6) == expected


def test_a_slice_that_the_reference_does_not_know_is_counted_and_compared_with_nothing(
    aftermath: Aftermath,
) -> None:
    lines = [
        line for line in aftermath.results if line["slice"] == "region=mars" and line["value"] is not None
    ]
    assert [line["value"] for line in lines if line["metric"] == "traffic"] == [1]
    assert {line["status"] for line in lines if line["metric"] == "psi"} <= {"insufficient_data"}
    assert all(line["reference_n"] is None for line in lines)


def test_a_crowd_of_slices_stays_within_its_budget_and_loses_nobody(aftermath: Aftermath) -> None:
    stated = stated_counts(
        [
            orjson.dumps(line)
            for line in aftermath.results
            if line["model"] == "crowd" and line["metric"] == "traffic"
        ]
    )
    [end] = {end for end, _ in stated}
    first = {(end, f"region={event['tags']['region']}"): 1.0 for event in aftermath.crowd[:SLICES]}
    rest = {(end, "region=__other__"): float(CROWD - SLICES), (end, "all"): float(CROWD)}
    assert stated == first | rest
    assert aftermath.counter("driftline_other_events_total", model="crowd") == CROWD - SLICES


def test_a_crowd_of_slices_and_megabytes_of_nonsense_take_little_memory(aftermath: Aftermath) -> None:
    assert aftermath.counter("process_resident_memory_bytes") < 700_000_000


@pytest.mark.parametrize("feature", ["nulls", "empty"])
def test_a_feature_without_values_is_missing_and_never_called_well(
    aftermath: Aftermath, feature: str
) -> None:
    lines = [line for line in aftermath.results if line["feature"] == feature and line["slice"] == "all"]
    missing = [line["value"] for line in lines if line["metric"] == "missing_ratio" and line["n"]]
    assert missing
    assert set(missing) == {1.0}
    drift = [line for line in lines if line["metric"] in {"psi", "ks", "mean_shift"}]
    assert drift
    assert {line["status"] for line in drift} == {"insufficient_data"}
    assert {line["value"] for line in drift} == {None}


def test_a_constant_feature_that_stays_constant_does_not_drift(aftermath: Aftermath) -> None:
    lines = [
        line for line in aftermath.of("credit", "psi") if line["feature"] == "constant" and line["n"] > 500
    ]
    assert lines
    assert {line["status"] for line in lines} == {"ok"}
    assert {line["value"] for line in lines} == {0.0}


def test_an_empty_window_says_that_nothing_came_and_that_nothing_else_can_be_said(
    aftermath: Aftermath,
) -> None:
    empty = {line["window"]["end"] for line in aftermath.of("credit", "traffic") if line["n"] == 0}
    assert empty
    lines = [
        line for line in aftermath.results if line["model"] == "credit" and line["window"]["end"] in empty
    ]
    assert {line["status"] for line in lines if line["metric"] == "traffic" and line["slice"] == "all"} == {
        "breach"
    }
    assert {line["status"] for line in lines if line["metric"] != "traffic"} == {"insufficient_data"}
    assert all(line["value"] is None for line in lines if line["metric"] != "traffic")


def test_the_process_never_stumbled_over_any_of_it(aftermath: Aftermath) -> None:
    status, _ = aftermath.ended
    assert status == 0
    said = [orjson.loads(line) for line in aftermath.log.splitlines() if line.startswith("{")]
    own = [line for line in said if line["logger"].startswith("service.")]
    assert own
    worse = {(line["level"], line["message"]) for line in own if line["level"] != "info"}
    assert worse == {("warning", "topic at risk")}  # records say their own times here
    assert "Traceback" not in aftermath.log


def test_a_profile_of_another_schema_is_refused_by_every_command_that_meets_it(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    config = credit_config(kafka.bootstrap, topic_prefix)
    profile = build_profile(tmp_path, config)
    kafka.create_topics(f"{topic_prefix}predictions", config=KEPT)
    renamed = with_model(config, features={"height": {"type": "numeric"}, "state": {"type": "categorical"}})
    publish = attempt(
        "profile", "publish", profile, "--config", write_config(tmp_path / "other.yaml", renamed)
    )
    named = write_config(tmp_path / "named.yaml", with_profile(renamed, profile))
    events = write_lines(tmp_path / "events.jsonl", credit_events(10, START_MS, 500))
    replay = attempt("replay", "--config", named, "--events", events, "--results", tmp_path / "results.jsonl")
    run = attempt("run", "--config", named)
    check = attempt("check-config", named)
    assert [publish.returncode, replay.returncode, run.returncode, check.returncode] == [1, 1, 1, 2]
    for done in (publish, replay, run, check):
        assert "Traceback" not in done.stderr
        assert "credit" in done.stderr + done.stdout
        assert "build it" in done.stderr + done.stdout
    assert "age, income" in publish.stderr
    assert "height, state" in publish.stderr
