"""A broker that does not speak TLS is told from one that is away."""

from __future__ import annotations

import asyncio

import pytest

from service.config.settings import Kafka, Security
from service.errors import ConfigError, KafkaError
from service.kafka.welcome import require_welcome
from tests.parts.process import HOST, free_port


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What a listener without TLS does with a greeting of TLS."""
    await reader.read(16)
    writer.close()


async def test_a_listener_without_tls_is_named_as_a_wrong_protocol() -> None:
    server = await asyncio.start_server(closes, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    kafka = Kafka(bootstrap_servers=f"{HOST}:{port}", security=Security(protocol="SSL"))
    async with server:
        with pytest.raises(KafkaError, match=r"kafka\.security\.protocol: SSL, but TLS fails") as raised:
            await require_welcome(kafka)
    assert (raised.value.reason, raised.value.retryable) == ("untrusted_broker", True)


async def test_a_broker_that_is_away_is_left_to_those_who_wait_for_it() -> None:
    away = Kafka(bootstrap_servers=f"{HOST}:{free_port()}", security=Security(protocol="SSL"))
    await require_welcome(away)


async def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_configuration() -> None:
    security = Security(protocol="SSL", ca_file="/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"kafka\.security\.ca_file: cannot use /nowhere/ca\.pem"):
        await require_welcome(Kafka(bootstrap_servers=f"{HOST}:9", security=security))
