"""Whether the broker lets this user in, said in the words of the configuration."""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.errors import KafkaError as BrokerError

from service.config.settings import Kafka, Security
from service.errors import KafkaError
from service.kafka.connection import client_options

TIMEOUT_MS = 10_000


async def require_welcome(kafka: Kafka) -> None:
    """Connect once, to tell a refusal from a broker that is away; the latter shows by itself.

    Raises
    ------
    KafkaError
        Names the field that the broker, or this side, did not accept. It may pass: passwords and
        certificates are read anew at every try.
    """
    options = client_options(kafka)
    for server in options.pop("bootstrap_servers"):
        host, _, port = server.rpartition(":")
        if await _knock(kafka, host.strip("[]"), int(port), options):
            return


async def _knock(kafka: Kafka, host: str, port: int, options: dict[str, Any]) -> bool:
    """Whether the broker there answers, and lets this user in."""
    where, security = f"{host}:{port}", kafka.security
    try:
        connection = await create_conn(host, port, request_timeout_ms=TIMEOUT_MS, **options)
    except (AuthenticationFailedError, SaslAuthenticationFailed) as error:
        raise _not_let_in(where, security, options["sasl_mechanism"]) from error
    except (UnsupportedSaslMechanismError, AuthenticationMethodNotSupported) as error:
        raise KafkaError(
            f"kafka.security.mechanism: the broker at {where} does not offer {options['sasl_mechanism']}; "
            "nobody can log in by it; write one of those in the broker's sasl.enabled.mechanisms",
            reason="bad_credentials",
            retryable=True,
        ) from error
    except (ssl.SSLError, ConnectionResetError) as error:
        if security.protocol.endswith("SSL"):
            raise _not_trusted(where, security, error) from error
        return False
    except (OSError, BrokerError):
        return False
    connection.close()
    return True


def _not_let_in(where: str, security: Security, mechanism: str) -> KafkaError:
    return KafkaError(
        f"kafka.security.username, password_file: the broker at {where} does not let "
        f"`{security.username}` in by {mechanism}; nothing can be read or written; write the password "
        f"that the broker knows into {security.password_file}, or correct `username` or `mechanism`",
        reason="bad_credentials",
        retryable=True,
    )


def _not_trusted(where: str, security: Security, error: OSError) -> KafkaError:
    if isinstance(error, ssl.SSLCertVerificationError):
        text = (
            f"kafka.security.ca_file: the certificate of the broker at {where} is not trusted "
            f"({error.verify_message}); nothing is sent to it; name the file with the authority that signed "
            "it, or correct `kafka.bootstrap_servers` if the certificate is for another name"
        )
    else:
        # A listener without TLS takes the greeting for a record of absurd length, and closes.
        why = getattr(error, "reason", None) or "it closes the connection"
        text = (
            f"kafka.security.protocol: {security.protocol}, but TLS fails with the broker at {where} "
            f"({why}); nothing can be read or written; write the protocol of that listener, and for "
            "mutual TLS `certificate_file` and `key_file`"
        )
    return KafkaError(text, reason="untrusted_broker", retryable=True)
