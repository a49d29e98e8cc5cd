"""Topics that would feed on themselves, and credentials of which a half is missing."""

from __future__ import annotations

from collections.abc import Iterator

from service.config.checks.parts import Parts, duplicates
from service.config.problems import Finding
from service.config.settings import Kafka, Security, Topics


def check(parts: Parts) -> Iterator[Finding]:
    """Every mistake among sources, topics and security."""
    yield from duplicates(
        parts.topics,
        ("sources",),
        ("topic",),
        what="the source topic",
        consequence="each of its events would be counted twice",
        mend="remove one of the two",
    )
    if parts.kafka is not None:
        yield from _own_topics(parts, parts.kafka)
        yield from _security(parts.kafka.security)


def _own_topics(parts: Parts, kafka: Kafka) -> Iterator[Finding]:
    uses: dict[str, str] = {}
    for use in Topics.model_fields:
        topic = str(getattr(kafka.topics, use))
        path = ("kafka", "topics", use)
        if topic in parts.topics:
            consequence = "Driftline would read its own output as events"
            yield Finding(
                path, f"the topic {topic!r} is a source too", consequence, "give one of them another name"
            )
        if topic in uses:
            message = f"the topic {topic!r} is used for {uses[topic]} already"
            yield Finding(
                path, message, "records of two kinds would be taken for each other", "use one topic for each"
            )
        uses.setdefault(topic, use)


def _security(security: Security) -> Iterator[Finding]:
    path = ("kafka", "security")
    sasl = security.protocol.startswith("SASL")
    given = [
        name for name in ("mechanism", "username", "password_file") if getattr(security, name) is not None
    ]
    absent = [name for name in ("mechanism", "username", "password_file") if name not in given]
    if sasl and absent:
        names = " and ".join(f"`{name}`" for name in absent)
        message = f"the protocol {security.protocol!r} needs {names}"
        yield Finding(
            (*path, "protocol"), message, "the broker would refuse every connection", f"add {names}"
        )
    if not sasl and given:
        message = f"`{given[0]}` is given, but the protocol {security.protocol!r} does not use it"
        mend = "use protocol SASL_SSL, or remove what belongs to SASL"
        yield Finding((*path, given[0]), message, "the service would connect without logging in", mend)
    tls = security.protocol in {"SSL", "SASL_SSL"}
    files = [
        name for name in ("ca_file", "certificate_file", "key_file") if getattr(security, name) is not None
    ]
    if not tls and files:
        message = f"`{files[0]}` is given, but the protocol {security.protocol!r} does not encrypt"
        mend = "use protocol SSL or SASL_SSL, or remove the file"
        yield Finding((*path, files[0]), message, "the service would talk in clear text", mend)
    if tls and (security.certificate_file is None) != (security.key_file is None):
        have, lack = (
            ("certificate_file", "key_file")
            if security.key_file is None
            else ("key_file", "certificate_file")
        )
        consequence = "the service could not prove to the broker who it is"
        yield Finding((*path, have), f"`{have}` is given without `{lack}`", consequence, f"add `{lack}`")
