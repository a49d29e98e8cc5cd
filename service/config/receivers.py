"""Who is told: Alertmanager peers and webhook endpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.config.base import Section
from service.config.text import HttpUrl, Name
from service.config.units import DurationMs, PositiveDurationMs, parse_duration_ms

EventType = Literal[
    "drift.alert.firing", "drift.alert.resolved", "model.retraining.requested", "model.rollback.requested"
]


class AlertmanagerReceiver(Section):
    """An Alertmanager cluster; every peer gets every alert."""

    urls: tuple[HttpUrl, ...] = Field(
        min_length=1, description="Base address of each peer, never a load balancer's."
    )
    resend: PositiveDurationMs = Field(
        default=parse_duration_ms("1m"), description="How often firing alerts are sent again."
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels added to every alert.")


class WebhookReceiver(Section):
    """An endpoint that takes Standard Webhooks."""

    name: Name = Field(description="Names the endpoint in metrics, logs and the status page.")
    url: HttpUrl = Field(description="Where events are posted.")
    secret_files: tuple[str, ...] = Field(
        default=(),
        description="Files with `whsec_...` secrets; several while one is being rotated. None: unsigned.",
    )
    types: tuple[EventType, ...] = Field(
        default=(
            "drift.alert.firing",
            "drift.alert.resolved",
            "model.retraining.requested",
            "model.rollback.requested",
        ),
        min_length=1,
        description="The event types sent to this endpoint.",
    )
    timeout: PositiveDurationMs = Field(
        default=parse_duration_ms("15s"), description="How long one attempt may take."
    )
    expire: PositiveDurationMs = Field(
        default=parse_duration_ms("1h"), description="How long an event is retried before it is given up."
    )


class RetrainingSpec(Section):
    """How retraining requests are spaced."""

    cooldown: DurationMs = Field(
        default=parse_duration_ms("1d"), description="Least event time between two requests for one model."
    )
    expire: PositiveDurationMs = Field(
        default=parse_duration_ms("6h"),
        description="When a request that nobody reported on stops being in flight.",
    )


class Receivers(Section):
    """Every receiver."""

    alertmanager: AlertmanagerReceiver | None = Field(
        default=None, description="The Alertmanager cluster to tell."
    )
    webhooks: tuple[WebhookReceiver, ...] = Field(default=(), description="The endpoints to tell.")
    retraining: RetrainingSpec = Field(
        default_factory=RetrainingSpec, description="How often retraining may be asked for."
    )
    dashboard_url: HttpUrl | None = Field(
        default=None, description="Base address of Grafana, for links in alerts."
    )
