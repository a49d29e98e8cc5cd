"""Sends the events of a made-up credit model to Kafka, and after a while lets its world drift.

    python examples/produce.py --bootstrap localhost:9092 --drift-after 2m

Model, features and tags are those of examples/driftline.yaml. Predictions go to `credit.predictions` and,
half a minute later, the labels of most of them to `credit.labels`; topics that are missing are created.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import random
import re
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

Event = dict[str, Any]

REGIONS = {"eu": 0.35, "us": 0.5, "apac": 0.15}
STATES = ("AZ", "CA", "FL", "GA", "IL", "NY", "OH", "TX", "WA")
PLANS = ("basic", "gold")
PARTITIONS = 4
LABEL_DELAY_MS = 30_000
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class World:
    """How applicants are."""

    income: float = 42_000.0
    """Median income."""
    income_missing: float = 0.01
    """Share of applications from the EU without an income."""
    channels: tuple[str, ...] = ("web", "web", "app", "branch")
    """Each as often as it stands here."""


CALM = World()
DRIFTED = World(income=27_000.0, income_missing=0.25, channels=("web", "app", "app", "partner"))
"""Poorer applicants, a form in the EU that loses the income, and a channel that the model has never seen."""


def credit_events(
    random_source: random.Random, start_ms: int, rate: float, drift_after_ms: float = math.inf
) -> Iterator[tuple[int, Event]]:
    """Predictions and labels without end, each with the time at which it is sent, in that order."""
    labels: deque[tuple[int, Event]] = deque()
    place = 0
    while True:
        ms = start_ms + int(place * 1000 / rate)
        while labels and labels[0][0] <= ms:
            yield labels.popleft()
        world = DRIFTED if ms - start_ms >= drift_after_ms else CALM
        event = _prediction(random_source, ms, world)
        yield ms, event
        if "prediction" in event and random_source.random() < 0.8:
            labels.append((ms + LABEL_DELAY_MS, _label(random_source, event, ms + LABEL_DELAY_MS)))
        place += 1


def _prediction(rng: random.Random, ms: int, world: World) -> Event:
    region = rng.choices(list(REGIONS), list(REGIONS.values()))[0]
    features: Event = {
        "age": min(90, max(18, round(rng.gauss(44, 13)))),
        "income": round(world.income * math.exp(rng.gauss(0, 0.45)), 2),
        "amount": round(rng.gammavariate(2.0, 4000), 2),
        "state": rng.choice(STATES),
        "channel": rng.choice(world.channels),
    }
    if rng.random() < (world.income_missing if region == "eu" else 0.01):
        features["income"] = None
    event: Event = {
        "model": "credit",
        "model_version": "7",
        "prediction_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "timestamp": ms,
        "features": features,
        "tags": {"region": region, "plan": rng.choice(PLANS)},
        "latency_ms": round(rng.lognormvariate(2.5, 0.4), 1),
    }
    if rng.random() < 0.002:
        return event | {"error": "timeout"}
    score = _score(features)
    return event | {"prediction": {"label": "approve" if score >= 0.5 else "deny", "score": round(score, 4)}}


def _score(features: Event) -> float:
    income = 20_000.0 if features["income"] is None else float(features["income"])
    merit = 1.6 * math.log(income / 30_000) - features["amount"] / 12_000 + (features["age"] - 40) / 60
    return 1 / (1 + math.exp(-merit - 0.6))


def _label(rng: random.Random, event: Event, ms: int) -> Event:
    good = rng.random() < event["prediction"]["score"]
    return {
        "model": event["model"],
        "prediction_id": event["prediction_id"],
        "timestamp": ms,
        "actual": {"label": "approve" if good else "deny"},
    }


async def produce(options: argparse.Namespace) -> None:
    """Send events in real time until the duration is over."""
    topics = {True: options.labels, False: options.predictions}
    await _create_topics(options.bootstrap, list(topics.values()))
    start_ms = int(time.time() * 1000)
    drift_ms = options.drift_after * 1000
    events = credit_events(random.Random(options.seed), start_ms, options.rate, drift_ms)  # noqa: S311 - test data
    sent = 0
    drifts = False
    async with AIOKafkaProducer(bootstrap_servers=options.bootstrap, acks="all", linger_ms=20) as producer:
        print(f"Sending {options.rate:g} predictions a second to {options.predictions}; Ctrl-C ends it.")
        for due_ms, event in events:
            await asyncio.sleep(max(0.0, due_ms / 1000 - time.time()))
            if due_ms - start_ms >= options.duration * 1000:
                break
            if not drifts and due_ms - start_ms >= drift_ms:
                drifts = True
                print("The world drifts: lower incomes, incomes missing in the EU, a new channel.")
            value, key = json.dumps(event).encode(), event["prediction_id"].encode()
            await producer.send(topics["actual" in event], value, key=key, timestamp_ms=due_ms)
            sent += 1
    print(f"{sent:,} events sent.")


async def _create_topics(bootstrap: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        missing = sorted(set(topics) - set(await admin.list_topics()))
        if missing:
            await admin.create_topics([_new_topic(name) for name in missing])
            print(f"Created {', '.join(missing)} with {PARTITIONS} partitions.")
    finally:
        await admin.close()


def _new_topic(name: str) -> NewTopic:
    topic = NewTopic(name, PARTITIONS, 1)
    topic.replication_factor = -1  # the broker's default, which the constructor refuses
    return topic


def seconds(text: str) -> float:
    """Seconds in a duration such as ``90s``, ``2m`` or ``1h``.

    >>> seconds("2m")
    120.0
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write for example 90s, 2m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


def _parser() -> argparse.ArgumentParser:
    words, form = (__doc__ or "").splitlines()[0], argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=words, formatter_class=form)
    parser.add_argument("--bootstrap", default="localhost:9092", help="host:port of a broker")
    parser.add_argument("--rate", type=float, default=100.0, help="predictions a second")
    parser.add_argument(
        "--drift-after", type=seconds, default=math.inf, help="when the world drifts, such as 2m"
    )
    parser.add_argument("--duration", type=seconds, default=math.inf, help="when to end, such as 10m")
    parser.add_argument("--predictions", default="credit.predictions", help="topic of the predictions")
    parser.add_argument("--labels", default="credit.labels", help="topic of the labels")
    parser.add_argument("--seed", type=int, default=7, help="the same seed sends the same applicants")
    return parser


if __name__ == "__main__":
    # A new topic has no leader for a moment; the client tries again by itself and need not tell.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    try:
        asyncio.run(produce(_parser().parse_args()))
    except KeyboardInterrupt:
        print("Stopped.")
