"""How aiokafka's clients are made: addresses, names and security."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError as BrokerError

from service.config.settings import Kafka, Security
from service.errors import ConfigError

__all__ = [
    "BrokerError",
    "client_options",
    "instance",
    "make_admin",
    "make_consumer",
    "make_producer",
    "read_secret",
    "ssl_context",
]


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Options that every client shares."""
    return {
        "bootstrap_servers": [server.strip() for server in kafka.bootstrap_servers.split(",")],
        "client_id": "driftline",
        **_security_options(kafka.security),
    }


def make_producer(kafka: Kafka) -> AIOKafkaProducer:
    """A producer whose acknowledged records are safe and in order."""
    return AIOKafkaProducer(
        **client_options(kafka),
        acks="all",
        enable_idempotence=True,
        # Results repeat themselves. aiokafka compresses lz4 at its slowest level: zstd takes a fifth of the
        # time and half of the space. Batches as large as a window's results save a round trip for every 16
        # KiB.
        compression_type="zstd",
        max_batch_size=256 * 1024,
        linger_ms=5,
        # Dead letters may be as large as what was refused; all else is kept below a megabyte.
        max_request_size=11_000_000,
        request_timeout_ms=30_000,
    )


def make_consumer(kafka: Kafka, *topics: str, group: str | None, **options: Any) -> AIOKafkaConsumer:
    """A consumer that commits nothing by itself and never guesses where to begin."""
    defaults: dict[str, Any] = {
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
        "session_timeout_ms": kafka.session_timeout,
        "heartbeat_interval_ms": heartbeat_ms(kafka),
        "max_poll_interval_ms": 300_000,
    }
    if group is not None:
        defaults["group_instance_id"] = instance(kafka)
    return AIOKafkaConsumer(*topics, **client_options(kafka), **(defaults | options))


def instance(kafka: Kafka) -> str | None:
    """The name under which groups know this worker again after a restart; None: they forget it at once."""
    return os.environ.get("DRIFTLINE_INSTANCE") or kafka.instance


def heartbeat_ms(kafka: Kafka) -> int:
    """How often a worker gives a sign of life: nine may be lost."""
    return max(1, kafka.session_timeout // 10)


def make_admin(kafka: Kafka) -> AIOKafkaAdminClient:
    """A client for topics and groups."""
    return AIOKafkaAdminClient(**client_options(kafka))


def read_secret(path: str | None, field: str) -> str | None:
    """The text in a file of a secret, without the line's end.

    Raises
    ------
    ConfigError
        When the file cannot be read.
    """
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"{field}: cannot read {path} ({error.strerror}); without it the broker refuses the connection; "
            "mount the secret there or name another file",
            reason="unreadable_secret",
        ) from error


def _security_options(security: Security) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": security.protocol}
    if security.protocol.endswith("SSL"):
        options["ssl_context"] = ssl_context(security)
    if security.protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.mechanism or "PLAIN"
        options["sasl_plain_username"] = security.username
        options["sasl_plain_password"] = read_secret(security.password_file, "kafka.security.password_file")
    return options


def ssl_context(security: Security) -> ssl.SSLContext:
    """The certificates to trust and to show.

    Raises
    ------
    ConfigError
        When a file cannot be read, or is no certificate.
    """
    field = "ca_file"
    try:
        context = ssl.create_default_context(cafile=security.ca_file)
        if security.certificate_file:
            field = "certificate_file"
            context.load_cert_chain(security.certificate_file, security.key_file)
    except OSError as error:
        raise ConfigError(
            f"kafka.security.{field}: cannot use {getattr(security, field)} ({error.strerror or error}); "
            "without it there is no connection to the broker; mount a PEM file there or name another",
            reason="unreadable_certificate",
        ) from error
    return context
