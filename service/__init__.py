"""Driftline, the service: from Kafka events to drift, metrics, alerts and webhooks."""
