"""Texts with a form: names, addresses, topics, times; each a ``str`` that is checked at start-up."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from service.config.base import mistake

RESERVED_FEATURES = {"prediction": "score", "actual": "label", "latency_ms": "latency"}
"""Names under which the model's output, its labels and the time that it took are known."""

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_HOST_PORT = re.compile(r"\s*(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})\s*")

NAME_LENGTH_MAX = 200
"""Characters of a name: it becomes the value of a label, and a part of keys."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]


def _feature_name(name: str) -> str:
    if name in RESERVED_FEATURES:
        output = RESERVED_FEATURES[name]
        raise mistake(
            f"the feature name {name!r} is reserved for the model's {output}",
            consequence=f"results of the feature could not be told from those of the {output}",
            mend=f"rename the feature, here and in the events, for example to {'feature_' + name!r}",
        )
    return name


def _tag_name(name: str) -> str:
    if set(name) & set("=,"):
        raise mistake(
            f"the tag name {name!r} holds `=` or `,`",
            consequence="a slice is written `tag=value,tag2=value2`, so its text could be read in two ways",
            mend="rename the tag, here and in the events",
        )
    return name


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
        secret = parts.password is not None
    except ValueError:
        valid, secret = False, False
    if secret:
        raise mistake(
            "the address holds a password",
            consequence="everyone who can read the configuration or a log would learn it",
            mend="write the address without `user:password@`; secrets are read from files",
        )
    if not valid:
        raise mistake(
            f"{url!r} is no HTTP address",
            consequence="nothing could be sent to it",
            mend="write it in full, for example http://alertmanager-0.monitoring:9093",
        )
    return url


def _topic_name(name: str) -> str:
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise mistake(
            f"{name!r} is no name that Kafka allows for a topic",
            consequence="the broker would refuse it",
            mend="use 1 to 249 letters, digits, dots, underscores and hyphens",
        )
    return name


def _bootstrap_servers(text: str) -> str:
    for server in text.split(","):
        match = _HOST_PORT.fullmatch(server)
        if match is None or not 0 < int(match[1]) < 65_536:
            raise mistake(
                f"{server.strip()!r} is no host and port",
                consequence="no broker could be reached by it",
                mend="write comma-separated host:port pairs, for example kafka-0:9092,kafka-1:9092",
            )
    return text


def parse_time_ms(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 time.

    >>> parse_time_ms("1970-01-01T00:00:01.5Z"), parse_time_ms("1970-01-01T01:00:00+01:00")
    (1500, 0)

    Raises
    ------
    ValueError
        When the text is no time, or has no offset from UTC.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("no offset from UTC")
    return round(time.timestamp() * 1000)


def _rfc3339(text: str) -> str:
    try:
        parse_time_ms(text)
    except (ValueError, OverflowError):
        raise mistake(
            f"{text!r} is no RFC 3339 time with an offset",
            consequence="which events it covers would depend on where the service runs",
            mend="write for example 2026-08-22T00:00:00Z or 2026-08-22T02:00:00+02:00",
        ) from None
    return text


Glob = Annotated[str, Field(max_length=300)]
FeatureName = Annotated[Name, AfterValidator(_feature_name)]
TagName = Annotated[Name, AfterValidator(_tag_name)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
TopicName = Annotated[str, AfterValidator(_topic_name)]
BootstrapServers = Annotated[str, AfterValidator(_bootstrap_servers)]
Rfc3339 = Annotated[str, AfterValidator(_rfc3339)]
