"""The whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.config.base import Section
from service.config.model import Model
from service.config.monitor import Monitor
from service.config.receivers import Receivers
from service.config.units import DurationMs


class Security(Section):
    """How to talk to a broker that asks who you are."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password_file: str | None = Field(None, description="A file that holds the password.")
    ca_file: str | None = Field(None, description="Certificates of the authorities to trust (PEM).")
    certificate_file: str | None = Field(None, description="Client certificate (PEM).")
    key_file: str | None = Field(None, description="Key of the client certificate (PEM).")


class Topics(Section):
    """The topics Driftline writes; they are created when missing."""

    partials: str = "driftline.partials"
    control: str = "driftline.control"
    results: str = "driftline.results"
    alerts: str = "driftline.alerts"
    deadletter: str = "driftline.deadletter"


class Kafka(Section):
    """The broker and Driftline's own topics."""

    bootstrap_servers: str = Field("localhost:9092", description="Comma-separated host:port pairs.")
    group: str = Field("driftline", description="Prefix of the consumer groups.")
    topics: Topics = Field(default_factory=Topics)
    partials_partitions: int = Field(8, ge=1, le=1000, description="Partitions of the partials and alerts topics.")
    replication_factor: int = Field(-1, ge=-1, description="Replicas of created topics; -1: the broker's default.")
    security: Security = Field(default_factory=Security)


class Source(Section):
    """A topic with events."""

    topic: str
    format: Literal["native"] = Field("native", description="How records are decoded.")
    start: Literal["earliest", "latest"] = Field("latest", description="Where to begin without a commit.")


class Web(Section):
    """The HTTP server: metrics, health, API and status page."""

    host: str = "0.0.0.0"  # noqa: S104  # a service in a container listens on every interface
    port: int = Field(8080, ge=0, le=65535)
    token_file: str | None = Field(None, description="`principal: token` lines; without it nothing can be changed.")


class Limits(Section):
    """Every bound; what a bound cuts is counted."""

    slices: int = Field(1000, ge=1, description="Slices per pane and dimension; the rest go to `__other__`.")
    series: int = Field(50_000, ge=100, description="Prometheus series exported.")
    event_bytes: int = Field(1_000_000, ge=1000, description="Largest event; larger ones are refused.")
    open_panes: int = Field(1000, ge=10, description="Unfinished panes per partition and model.")
    deliveries: int = Field(10_000, ge=10, description="Deliveries waiting for a receiver; the oldest are dropped.")


class Timing(Section):
    """The beat of the service."""

    flush: DurationMs = Field(1_000, validate_default=False, description="How often finished panes are stated.")
    grace: DurationMs = Field(
        10_000,
        validate_default=False,
        description="How long after a partition was read to its end its silence counts as complete.",
    )
    future: DurationMs = Field(
        300_000, validate_default=False, description="How far ahead of its record an event's time may be."
    )


class Settings(Section):
    """The configuration file."""

    kafka: Kafka = Field(default_factory=Kafka)
    sources: tuple[Source, ...] = Field((), description="Topics with predictions and labels.")
    models: tuple[Model, ...] = Field(min_length=1, description="The monitored models.")
    monitors: tuple[Monitor, ...] = Field((), description="Rules over results.")
    receivers: Receivers = Field(default_factory=Receivers)
    web: Web = Field(default_factory=Web)
    limits: Limits = Field(default_factory=Limits)
    timing: Timing = Field(default_factory=Timing)
