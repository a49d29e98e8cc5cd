"""A small service: one feature, windows of a minute, an alert when half of the values are missing."""

import asyncio
from collections.abc import Callable, Sequence

import orjson

from service.config.loading import parse
from service.config.settings import Settings
from service.embedded.files import FileRecord

TOPIC = "events"
MINUTE_MS = 60_000
START_MS = 1_357_020_000_000  # 2013-01-01T06:00:00Z
EVENTS = 40

_TEXT = """
models:
  - name: credit
    features: {age: {type: numeric}}
    windows: [{length: 1m}]
    lateness: 0s
monitors:
  - {name: AgeMissing, metric: missing_ratio, features: [age], window: 1m, threshold: 0.5, retrain: true}
receivers:
  webhooks: [%s]
web: {host: 127.0.0.1, port: 0}
"""


def settings(*urls: str, expire: str = "1h") -> Settings:
    """The configuration, with a webhook to each address."""
    hooks = ", ".join(
        f'{{name: hook-{number}, url: "{url}", expire: {expire}}}' for number, url in enumerate(urls)
    )
    text = _TEXT % hooks
    return parse(text if urls else text.replace(", retrain: true", ""), "test")


def minute(number: int, *, missing: bool, first_offset: int) -> list[FileRecord]:
    """The events of one minute, all with a value or all without."""
    return [
        FileRecord(
            first_offset + i,
            orjson.dumps(
                {
                    "model": "credit",
                    "model_version": "7",
                    "prediction_id": f"{number}-{i}",
                    "timestamp": START_MS + number * MINUTE_MS + i,
                    "features": {"age": None if missing else 40 + i},
                    "prediction": {"label": "1", "score": 0.5},
                }
            ),
        )
        for i in range(EVENTS)
    ]


def minutes(missing: Sequence[bool]) -> list[FileRecord]:
    """The events of consecutive minutes; the last closes the window before it."""
    return [
        record
        for number, gone in enumerate(missing)
        for record in minute(number, missing=gone, first_offset=number * EVENTS)
    ]


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something, so long at most."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # what is waited for is a request, seen from outside
            await asyncio.sleep(0.01)
