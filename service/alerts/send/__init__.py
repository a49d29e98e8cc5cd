"""Senders to Alertmanager and to webhooks."""

from service.alerts.send.alertmanager import AlertmanagerSender
from service.alerts.send.webhook import WebhookSender

__all__ = ["AlertmanagerSender", "WebhookSender"]
