"""Decoding to columns beside ``orjson.loads`` of the same bytes, in one interleaved run.

Machines differ and swing; the ratio is the result. Usage: ``python -m bench.decode [events] [rounds]``.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import orjson

from service.config.model import Model
from service.events.native import NativeDecoder

POLL = 5_000
"""Records handed over at once, as one poll of a consumer gives them."""

NUMERIC = [f"feature_{i:02d}" for i in range(16)]
CATEGORICAL = ["state", "plan", "channel", "device"]
TAGS = ["region", "tier", "store"]


@dataclass(slots=True)
class Row:
    """A record as a consumer gives it."""

    offset: int
    value: bytes | None
    timestamp: int = 1_787_393_704_000
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def model(name: str) -> Model:
    features = {f: {"type": "numeric"} for f in NUMERIC} | {f: {"type": "categorical"} for f in CATEGORICAL}
    return Model.model_validate(
        {"name": name, "positive_label": "approve", "features": features, "slices": [[t] for t in TAGS]}
    )


def event(rng: random.Random, i: int, name: str) -> dict[str, object]:
    features: dict[str, object] = {f: round(rng.gauss(50, 20), 2) for f in NUMERIC}
    features |= {f: rng.choice(["CA", "gold", "web", "phone"]) for f in CATEGORICAL}
    if rng.random() < 0.05:
        features[rng.choice(NUMERIC)] = None
    return {
        "model": name,
        "model_version": "7",
        "prediction_id": f"01J{i:017d}",
        "timestamp": f"2026-08-22T10:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1000:03d}Z",
        "features": features,
        "prediction": {"label": rng.choice(["approve", "deny"]), "score": round(rng.random(), 4)},
        "tags": {"region": rng.choice(["eu", "us"]), "tier": "gold", "store": "s1"},
    }


def traffic(
    count: int, models: int, dirt: Callable[[dict[str, object], int], None] | None = None
) -> list[Row]:
    """Events of several models, each spoilt by ``dirt`` in its way."""
    rng = random.Random(7)  # noqa: S311  # a repeatable load, no secret
    rows = []
    for i in range(count):
        made = event(rng, i, f"model-{rng.randrange(models)}")
        if dirt is not None:
            dirt(made, i)
        rows.append(Row(i, orjson.dumps(made)))
    return rows


def shuffled(made: dict[str, object], _: int) -> None:
    features = made["features"]
    assert isinstance(features, dict)
    keys = list(features)
    random.Random(5).shuffle(keys)  # noqa: S311  # likewise
    made["features"] = {key: features[key] for key in keys}


def text_in_one_percent(made: dict[str, object], i: int) -> None:
    if i % 100 == 0:
        made["features"] |= {"feature_03": "41"}  # type: ignore[operator]  # a dict


def text_always(made: dict[str, object], _: int) -> None:
    made["features"] |= {"feature_03": "41"}  # type: ignore[operator]  # a dict


def nan_tokens(rows: list[Row], every: int) -> list[Row]:
    for row in rows[::every]:
        row.value = (row.value or b"").replace(b'"feature_05":', b'"feature_05":NaN,"was":', 1)
    return rows


def labels(made: dict[str, object], _: int) -> None:
    for key in ("features", "prediction", "tags"):
        del made[key]
    made["actual"] = {"label": "deny"}


def decoding(rows: list[Row], models: int) -> Callable[[], object]:
    decoder = NativeDecoder([model(f"model-{i}") for i in range(models)], 1_000_000)

    def run() -> None:
        for start in range(0, len(rows), POLL):
            decoder.decode(rows[start : start + POLL])

    run()  # learns the order of keys and what is mistyped
    return run


def parsing(rows: list[Row], parse: Callable[[bytes], object]) -> Callable[[], object]:
    def run() -> None:
        for start in range(0, len(rows), 256):
            _ = [parse(row.value or b"") for row in rows[start : start + 256]]

    return run


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    clean = traffic(count, 1)
    cases: dict[str, Callable[[], object]] = {
        "orjson.loads": parsing(clean, orjson.loads),
        "msgspec, no schema": parsing(clean, msgspec.json.decode),
        "columns": decoding(clean, 1),
        "columns, shuffled keys": decoding(traffic(count, 1, shuffled), 1),
        "columns, 100 models": decoding(traffic(count, 100), 100),
        "columns, text for a number in 1 %": decoding(traffic(count, 1, text_in_one_percent), 1),
        "columns, text for a number always": decoding(traffic(count, 1, text_always), 1),
        "columns, NaN in 1 %": decoding(nan_tokens(traffic(count, 1), 100), 1),
        "columns, NaN always": decoding(nan_tokens(traffic(count, 1), 1), 1),
        "columns, labels": decoding(traffic(count, 1, labels), 1),
    }
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, run in cases.items():
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    size = sum(len(row.value or b"") for row in clean) / count
    print(f"{count} events of {size:.0f} bytes, best of {rounds} interleaved rounds, CPU time")
    for name, seconds in best.items():
        print(
            f"{name:36} {seconds / count * 1e9:7.0f} ns/event  {seconds / best['orjson.loads']:5.2f} × orjson"
        )


if __name__ == "__main__":
    main()
