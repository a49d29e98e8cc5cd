"""Logs: one JSON object a line, never a payload, never a secret."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Time, level, logger and message, then whatever the call gave as ``extra``.

    Parameters
    ----------
    worker
        Said in each line, where several workers write to one place.
    """

    def __init__(self, worker: str | None = None) -> None:
        super().__init__()
        self._always = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= self._always
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class Calm(logging.Filter):
    """Lets each place in the code speak a few times a while, and then says how often it was held.

    A client that lost its broker says so hundreds of times a second.
    """

    def __init__(self, most: int = 5, every_s: float = 10.0) -> None:
        super().__init__()
        self._most, self._every_s = most, every_s
        self._since: dict[tuple[str, int], float] = {}
        self._count: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        place = (record.pathname, record.lineno)
        if record.created - self._since.get(place, 0.0) > self._every_s:
            held = self._count.get(place, 0) - self._most
            self._since[place], self._count[place] = record.created, 0
            if held > 0:
                record.held = held
        self._count[place] += 1
        return self._count[place] <= self._most


def configure_logs(level: str = "INFO", worker: str | None = None) -> None:
    """Log to standard error; the libraries only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(worker))
    handler.addFilter(Calm())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("service").setLevel(level)
