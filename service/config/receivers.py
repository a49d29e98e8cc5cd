"""Who is told: Alertmanager peers and webhook endpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.config.base import Section
from service.config.model import Name
from service.config.units import DurationMs

EventType = Literal[
    "drift.alert.firing", "drift.alert.resolved", "model.retraining.requested", "model.rollback.requested"
]


class AlertmanagerReceiver(Section):
    """An Alertmanager cluster; every peer gets every alert."""

    urls: tuple[str, ...] = Field(min_length=1, description="Base address of each peer, never a load balancer's.")
    resend: DurationMs = Field(60_000, validate_default=False, description="How often firing alerts are sent again.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels added to every alert.")


class WebhookReceiver(Section):
    """An endpoint that takes Standard Webhooks."""

    name: Name
    url: str = Field(description="Where events are posted.")
    secret_files: tuple[str, ...] = Field(
        (), description="Files with `whsec_...` secrets; several while one is being rotated. None: unsigned."
    )
    types: tuple[EventType, ...] = Field(
        ("drift.alert.firing", "drift.alert.resolved", "model.retraining.requested", "model.rollback.requested"),
        description="The event types sent to this endpoint.",
    )
    timeout: DurationMs = Field(15_000, validate_default=False, description="How long one attempt may take.")
    expire: DurationMs = Field(
        3_600_000, validate_default=False, description="How long an event is retried before it is given up."
    )


class RetrainingSpec(Section):
    """How retraining requests are spaced."""

    cooldown: DurationMs = Field(
        86_400_000, validate_default=False, description="Least event time between two requests for one model."
    )
    expire: DurationMs = Field(
        21_600_000,
        validate_default=False,
        description="When a request that nobody reported on stops being in flight.",
    )


class Receivers(Section):
    """Every receiver."""

    alertmanager: AlertmanagerReceiver | None = None
    webhooks: tuple[WebhookReceiver, ...] = ()
    retraining: RetrainingSpec = Field(default_factory=RetrainingSpec)
    dashboard_url: str | None = Field(None, description="Base address of Grafana, for links in alerts.")
