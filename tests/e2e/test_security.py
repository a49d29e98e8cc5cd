"""A broker that asks who is there: TLS and SASL as a worker uses them, and what it says when refused."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.certificates import Certificates, make_certificates
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually, free_port

SECRET = "correct-horse-battery"  # of a broker that lives as long as the test
_LOGIN = "org.apache.kafka.common.security"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    with skip_if_missing():
        return make_certificates(tmp_path_factory.mktemp("certificates"))
    raise AssertionError("unreachable: skipping and failing both raise")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[KafkaBroker]:
    """A broker with a door for TLS, one for passwords, and one for both."""
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.server),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    }
    for door in ("secure", "open"):
        plain = f'{_LOGIN}.plain.PlainLoginModule required user_driftline="{SECRET}";'
        settings[f"listener.name.{door}.plain.sasl.jaas.config"] = plain
        for mechanism in ("scram-sha-256", "scram-sha-512"):
            scram = f"{_LOGIN}.scram.ScramLoginModule required;"
            settings[f"listener.name.{door}.{mechanism}.sasl.jaas.config"] = scram
    doors = {"TLS": "SSL", "SECURE": "SASL_SSL", "OPEN": "SASL_PLAINTEXT"}
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("guarded")
        with skip_if_missing():
            broker = stack.enter_context(KafkaBroker(folder, settings, doors, {"driftline": SECRET}))
        yield broker


def secured(
    broker: KafkaBroker, prefix: str, door: str, folder: Path, password: str = SECRET, **security: Any
) -> dict[str, Any]:
    """A configuration that comes in by a door, and delivers, so that all its clients must."""
    config = credit_config(broker.bootstrap, prefix)
    (folder / "password").write_text(password + "\n", encoding="utf-8")
    if "mechanism" in security:
        security |= {"username": "driftline", "password_file": str(folder / "password")}
    config["kafka"] |= {"bootstrap_servers": broker.addresses[door], "security": security}
    hook = {"name": "hook", "url": f"http://{HOST}:{free_port()}/"}
    return config | {"receivers": {"webhooks": [hook]}}


@pytest.mark.parametrize(
    ("door", "protocol", "mechanism"),
    [
        ("TLS", "SSL", None),
        ("SECURE", "SASL_SSL", "PLAIN"),
        ("SECURE", "SASL_SSL", "SCRAM-SHA-256"),
        ("SECURE", "SASL_SSL", "SCRAM-SHA-512"),
        ("OPEN", "SASL_PLAINTEXT", "SCRAM-SHA-512"),
    ],
)
async def test_a_worker_reads_evaluates_and_delivers_behind_tls_and_passwords(
    guarded: KafkaBroker, certificates: Certificates, topic_prefix: str, tmp_path: Path, door: str,
    protocol: str, mechanism: str | None,
) -> None:  # fmt: skip
    security = {"protocol": protocol} | ({"mechanism": mechanism} if mechanism else {})
    if "SSL" in protocol:
        security["ca_file"] = str(certificates.authority)
    guarded.create_topics(f"{topic_prefix}predictions", config={"retention.ms": "-1"})
    events = credit_events(500, 1_780_000_000_000, 500)
    await produce(guarded.bootstrap, f"{topic_prefix}predictions", spread(events, 1))
    config = secured(guarded, topic_prefix, door, tmp_path, **security)
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=40, what="ready behind the door")
        await eventually(lambda: service.metric("driftline_events_total") == 500)
        await asyncio.to_thread(service.server.stop)
        assert SECRET not in service.log()


async def test_a_wrong_password_is_named_with_its_file_and_never_written(
    guarded: KafkaBroker, certificates: Certificates, topic_prefix: str, tmp_path: Path
) -> None:
    wrong = "wrong-donkey-cell"
    config = secured(
        guarded, topic_prefix, "SECURE", tmp_path, wrong,
        protocol="SASL_SSL", mechanism="SCRAM-SHA-256", ca_file=str(certificates.authority),
    )  # fmt: skip
    guarded.create_topics(f"{topic_prefix}predictions")
    with Service(tmp_path / "service", config) as service:
        await eventually(lambda: "does not let `driftline` in" in service.unready())
        assert str(tmp_path / "password") in service.unready()
        (tmp_path / "password").write_text(SECRET, encoding="utf-8")
        await eventually(service.ready, seconds=60, what="ready once the password is right")
        await asyncio.to_thread(service.server.stop)
        assert wrong not in service.log()


async def test_a_broker_of_another_authority_is_not_trusted_and_the_field_is_named(
    guarded: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other").authority
    config = secured(guarded, topic_prefix, "TLS", tmp_path, protocol="SSL", ca_file=str(other))
    with Service(tmp_path / "service", config) as service:
        await eventually(lambda: "kafka.security.ca_file" in service.unready())
        assert "is not trusted" in service.unready()


async def test_a_broker_without_tls_is_told_from_one_that_is_away(
    guarded: KafkaBroker, certificates: Certificates, topic_prefix: str, tmp_path: Path
) -> None:
    authority = str(certificates.authority)
    config = secured(guarded, topic_prefix, "OPEN", tmp_path, protocol="SSL", ca_file=authority)
    with Service(tmp_path / "service", config) as service:
        await eventually(lambda: "kafka.security.protocol: SSL" in service.unready(), seconds=40)
