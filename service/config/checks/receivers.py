"""Receivers that could not be told apart, and labels that would overwrite an alert's identity."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.config.checks.parts import Parts, duplicates
from service.config.problems import Finding
from service.config.receivers import AlertmanagerReceiver

IDENTITY_LABELS = ("alertname", "severity", "model", "model_version", "feature", "slice")
"""The labels that make an alert what it is."""

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check(parts: Parts) -> Iterator[Finding]:
    """Every mistake among the receivers."""
    if parts.receivers is None:
        return
    yield from duplicates(
        [webhook.name for webhook in parts.receivers.webhooks],
        ("receivers", "webhooks"),
        ("name",),
        what="the webhook name",
        consequence="metrics and logs could not tell the two endpoints apart",
        mend="give each endpoint a name of its own",
    )
    if parts.receivers.alertmanager is not None:
        yield from _alertmanager(parts.receivers.alertmanager)


def _alertmanager(receiver: AlertmanagerReceiver) -> Iterator[Finding]:
    path = ("receivers", "alertmanager")
    yield from duplicates(
        [url.rstrip("/") for url in receiver.urls],
        (*path, "urls"),
        what="the peer",
        consequence="it would get every alert twice",
        mend="remove one of the two",
    )
    for label in receiver.labels:
        if label in IDENTITY_LABELS:
            consequence = "alerts of different models or features would become one"
            message = f"the label {label!r} is part of what an alert is"
            yield Finding((*path, "labels", label), message, consequence, "choose another label", at_key=True)
        elif not _LABEL.fullmatch(label):
            message = f"{label!r} is no label name"
            mend = "use letters, digits and underscores, and no digit at the start"
            yield Finding(
                (*path, "labels", label), message, "Alertmanager would refuse every alert", mend, at_key=True
            )
