"""Logs are JSON lines, and stay readable when a library repeats itself."""

import io
import logging

import orjson

from service.logs import Calm, JsonLines


def handler(stream: io.StringIO, *filters: logging.Filter) -> logging.Handler:
    made = logging.StreamHandler(stream)
    made.setFormatter(JsonLines())
    for one in filters:
        made.addFilter(one)
    return made


def record(message: str, created: float, line: int = 1, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "t", "levelno": 20, "levelname": "INFO", "msg": message, "lineno": line, "pathname": "p"}
    )
    made.created = created
    vars(made).update(extra)
    return made


def test_a_line_is_one_json_object_with_what_the_call_gave() -> None:
    out = io.StringIO()
    handler(out).handle(record("it is so", 0.0, source="t/0"))
    assert orjson.loads(out.getvalue()) == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "info",
        "logger": "t",
        "message": "it is so",
        "source": "t/0",
    }


def test_a_place_that_repeats_itself_is_held_and_the_next_line_says_how_often() -> None:
    out = io.StringIO()
    calm = handler(out, Calm(most=2, every_s=10.0))
    for i in range(7):
        calm.handle(record("no broker", 100.0 + i / 10))
    calm.handle(record("another place", 100.9, line=2))
    calm.handle(record("no broker", 111.0))
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["no broker", "no broker", "another place", "no broker"]
    assert [line.get("held") for line in lines] == [None, None, None, 5]
