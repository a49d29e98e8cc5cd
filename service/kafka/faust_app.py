"""Faust applications as Driftline uses them: no tables, no leader, nothing that guesses."""

from __future__ import annotations

from typing import Any, ClassVar

import faust
from aiohttp import web
from faust.web.drivers.aiohttp import Web

from service.config.settings import Kafka, Settings
from service.kafka.connection import heartbeat_ms, instance, read_secret, ssl_context


def make_app(settings: Settings, name: str) -> faust.App:
    """An app of its own consumer group ``<group>-<name>``, that begins with the oldest record."""
    session_s = settings.kafka.session_timeout / 1000
    return faust.App(
        f"{settings.kafka.group}-{name}",
        broker=[f"kafka://{server.strip()}" for server in settings.kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings.kafka),
        broker_commit_interval=1.0,
        broker_session_timeout=session_s,
        broker_heartbeat_interval=heartbeat_ms(settings.kafka) / 1000,
        broker_request_timeout=max(90.0, session_s),
        consumer_group_instance_id=instance(settings.kafka),
        consumer_auto_offset_reset="earliest",
        store="memory://",
        stream_wait_empty=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        web_bind=settings.web.host,
        web_port=settings.web.port,
        autodiscover=False,
        producer_acks=-1,
    )


class ServiceWeb(Web):
    """Faust's web server with the service's routes alone; it serves before the broker is there."""

    default_blueprints: ClassVar[Any] = ()
    production_blueprints: ClassVar[Any] = ()
    debug_blueprints: ClassVar[Any] = ()
    optional_blueprints: ClassVar[Any] = ()


def make_web(app: faust.App, routes: list[web.RouteDef]) -> ServiceWeb:
    """A server to start and stop by itself, before and after the app."""
    server = ServiceWeb(app)
    server.web_app.add_routes(routes)
    return server


def _credentials(kafka: Kafka) -> object:
    security = kafka.security
    context = ssl_context(security) if security.protocol.endswith("SSL") else None
    if security.protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=security.username,
            password=read_secret(security.password_file, "kafka.security.password_file"),
            mechanism=security.mechanism or "PLAIN",
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
