"""The whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.config.base import Section
from service.config.model import Model
from service.config.monitor import Monitor
from service.config.receivers import Receivers
from service.config.text import BootstrapServers, HttpUrl, Name, TopicName
from service.config.units import DurationMs, PositiveDurationMs, parse_duration_ms


class Security(Section):
    """How to talk to a broker that asks who you are."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="As the broker's listener has it."
    )
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="The SASL mechanism; needed with SASL protocols."
    )
    username: str | None = Field(default=None, description="The SASL user.")
    password_file: str | None = Field(default=None, description="A file that holds the password.")
    ca_file: str | None = Field(default=None, description="Certificates of the authorities to trust (PEM).")
    certificate_file: str | None = Field(default=None, description="Client certificate (PEM).")
    key_file: str | None = Field(default=None, description="Key of the client certificate (PEM).")


class Topics(Section):
    """The topics Driftline writes; they are created when missing."""

    partials: TopicName = Field(
        default="driftline.partials", description="Totals of panes, from ingest to evaluation."
    )
    control: TopicName = Field(
        default="driftline.control",
        description="Profiles and configuration, with the time from which they hold.",
    )
    results: TopicName = Field(
        default="driftline.results", description="One record for each metric of a window."
    )
    alerts: TopicName = Field(default="driftline.alerts", description="Transitions of alerts.")
    snapshots: TopicName = Field(
        default="driftline.snapshots", description="State of the evaluation, from which a restart goes on."
    )
    deadletter: TopicName = Field(
        default="driftline.deadletter",
        description="Records that are no events, as they came, with the reason.",
    )


class Kafka(Section):
    """The broker and Driftline's own topics."""

    bootstrap_servers: BootstrapServers = Field(
        default="localhost:9092", description="Comma-separated host:port pairs."
    )
    group: Name = Field(default="driftline", description="Prefix of the consumer groups.")
    topics: Topics = Field(default_factory=Topics, description="Names of Driftline's own topics.")
    partials_partitions: int = Field(
        default=8, ge=1, le=1000, description="Partitions of the partials and alerts topics."
    )
    replication_factor: int = Field(
        default=-1, ge=-1, le=100, description="Replicas of created topics; -1: the broker's default."
    )
    instance: Name | None = Field(
        default=None,
        description="A name that no other worker of the group has, and that this one keeps over a restart: "
        "one that is over within `session_timeout` then does not share partitions out anew. The "
        "environment's `DRIFTLINE_INSTANCE` goes before it. Without either, a worker that ends "
        "leaves its groups at once.",
    )
    session_timeout: PositiveDurationMs = Field(
        default=parse_duration_ms("30s"),
        description="After how long without a sign of life a worker's partitions go to others. The broker's "
        "`group.min.session.timeout.ms` (6 s) and `group.max.session.timeout.ms` bound it.",
    )
    security: Security = Field(default_factory=Security, description="Encryption and authentication.")


class Source(Section):
    """A topic with events."""

    topic: TopicName = Field(description="The topic that is read.")
    format: Literal["native"] = Field(default="native", description="How records are decoded.")
    start: Literal["earliest", "latest"] = Field(
        default="latest", description="Where to begin without a commit."
    )


class Web(Section):
    """The HTTP server: metrics, health, API and status page."""

    host: str = Field(
        default="0.0.0.0",  # noqa: S104  # a service in a container listens on every interface
        min_length=1,
        description="The address to listen on.",
    )
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on; 0: any free one.")
    token_file: str | None = Field(
        default=None, description="`principal: token` lines; without it nothing can be changed."
    )


class Limits(Section):
    """Every bound; what a bound cuts is counted."""

    slices: int = Field(
        default=1000, ge=1, description="Slices per pane and dimension; the rest go to `__other__`."
    )
    versions: int = Field(
        default=50,
        ge=1,
        description="Versions of a model counted one by one in a pane; those that come later count together, "
        "as version `__other__`.",
    )
    series: int = Field(default=50_000, ge=100, description="Prometheus series exported.")
    event_bytes: int = Field(
        default=1_000_000, ge=1000, description="Largest event; larger ones are refused."
    )
    open_panes: int = Field(
        default=1000,
        ge=10,
        description="Unfinished panes per partition and model version that `lateness` may call for; a model "
        "that calls for more is refused at start.",
    )
    lag_records: int = Field(
        default=1_000_000, ge=1, description="Unread records beyond which a worker says that it is not ready."
    )
    lag_time: PositiveDurationMs | None = Field(
        default=None,
        description="How long ago the newest event may be that was read of a partition with unread records, "
        "beyond which a worker says that it is not ready; without it only `lag_records` counts.",
    )
    deliveries: int = Field(
        default=10_000, ge=10, description="Deliveries waiting for a receiver; the oldest are dropped."
    )


class Timing(Section):
    """The beat of the service."""

    flush: PositiveDurationMs = Field(
        default=parse_duration_ms("1s"), description="How often finished panes are stated."
    )
    grace: DurationMs = Field(
        default=parse_duration_ms("10s"),
        description="How long after a partition was read to its end its silence counts as complete.",
    )
    future: DurationMs = Field(
        default=parse_duration_ms("5m"), description="How far ahead of its record an event's time may be."
    )


class Telemetry(Section):
    """What a worker tells of its own work beyond metrics and logs."""

    traces_endpoint: HttpUrl | None = Field(
        default=None,
        description="Where traces are posted to (OTLP over HTTP), with the path, for example "
        "`http://collector:4318/v1/traces`; without it there are none. Needs the extra `traces`.",
    )
    sample_ratio: float = Field(
        default=0.01, ge=0, le=1, description="Share of beats, batches and deliveries that are traced."
    )


class Settings(Section):
    """The configuration file."""

    kafka: Kafka = Field(default_factory=Kafka, description="The broker and Driftline's own topics.")
    sources: tuple[Source, ...] = Field(default=(), description="Topics with predictions and labels.")
    models: tuple[Model, ...] = Field(min_length=1, description="The monitored models.")
    monitors: tuple[Monitor, ...] = Field(default=(), description="Rules over results.")
    receivers: Receivers = Field(default_factory=Receivers, description="Who is told of alerts.")
    web: Web = Field(
        default_factory=Web, description="The HTTP server: metrics, health, API and status page."
    )
    limits: Limits = Field(default_factory=Limits, description="Every bound; what a bound cuts is counted.")
    timing: Timing = Field(default_factory=Timing, description="The beat of the service.")
    telemetry: Telemetry = Field(
        default_factory=Telemetry, description="What a worker tells of its own work beyond metrics and logs."
    )
