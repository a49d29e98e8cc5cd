"""What existing topics must be like, judged from their settings alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from service.config.settings import Settings
from service.config.units import format_duration
from service.errors import KafkaError
from service.kafka.topic_specs import RECORD_BYTES, TopicSpec

log = logging.getLogger(__name__)

Values = Mapping[str, str | None]
"""The settings of a topic by name, as the broker tells them."""

SNAPSHOT_MS = 600_000
"""Partials that go sooner than this may go before a snapshot holds what they say."""
OUTAGE_MS = 86_400_000
"""A whole day without workers is what the partials should outlast, beside the longest window."""


def check_settings(spec: TopicSpec, values: Values, settings: Settings) -> None:
    """Refuse settings of one of our own topics under which records that are needed would be lost.

    Raises
    ------
    KafkaError
        Names the topic, the setting, what would follow and the command that mends it.
    """
    policy = set((values.get("cleanup.policy") or "delete").split(","))
    if policy != {spec.policy}:
        raise KafkaError(
            _wrong(spec, "cleanup.policy", ",".join(sorted(policy)), spec.policy), reason="wrong_policy"
        )
    if spec.retention_ms == -1:
        for name in ("retention.ms", "retention.bytes"):
            found = int(values.get(name) or -1)
            if spec.policy == "delete" and found != -1:
                raise KafkaError(_wrong(spec, name, str(found), "-1"), reason="wrong_retention")
    least = spec.message_bytes or RECORD_BYTES
    largest = int(values.get("max.message.bytes") or least)
    if largest < RECORD_BYTES:
        raise KafkaError(
            _wrong(spec, "max.message.bytes", str(largest), str(least)), reason="wrong_message_bytes"
        )
    if largest < least:
        _warn(spec.name, "max.message.bytes", str(largest), f"longer refused records are cut; set {least}")
    if spec.name == settings.kafka.topics.partials:
        _check_partials(spec, values, settings)


def _check_partials(spec: TopicSpec, values: Values, settings: Settings) -> None:
    window_ms = max(window.longest_ms for model in settings.models for window in model.windows)
    lateness_ms = max(model.lateness for model in settings.models)
    kept_ms = int(values.get("retention.ms") or -1)
    wanted_ms = max(spec.retention_ms, window_ms + lateness_ms + OUTAGE_MS)
    if kept_ms != -1 and kept_ms < lateness_ms + SNAPSHOT_MS:
        raise KafkaError(_wrong(spec, "retention.ms", str(kept_ms), str(wanted_ms)), reason="wrong_retention")
    if kept_ms != -1 and kept_ms < window_ms + lateness_ms + OUTAGE_MS:
        mend = f"after an outage or a change of configuration windows may be incomplete; set {wanted_ms}"
        _warn(spec.name, "retention.ms", str(kept_ms), mend)
    if (values.get("retention.bytes") or "-1") != "-1":
        mend = "partials go before their time when there is much to say; set -1"
        _warn(spec.name, "retention.bytes", str(values["retention.bytes"]), mend)


def advise_source(topic: str, values: Values, settings: Settings) -> None:
    """Say what a source's settings put at risk; they are the user's."""
    if (kind := values.get("message.timestamp.type")) not in (None, "LogAppendTime"):
        mend = "one producer with a wrong clock makes all others late; set LogAppendTime"
        _warn(topic, "message.timestamp.type", kind, mend)
    if "compact" in (values.get("cleanup.policy") or ""):
        _warn(
            topic, "cleanup.policy", "compact", "events of one key replace each other uncounted; set delete"
        )
    kept_ms = int(values.get("retention.ms") or -1)
    needed_ms = max(model.pane_ms + model.lateness for model in settings.models)
    if kept_ms != -1 and kept_ms < needed_ms + 3_600_000:
        mend = f"an outage of {format_duration(max(1, kept_ms - needed_ms))} loses events; raise it"
        _warn(topic, "retention.ms", str(kept_ms), mend)


def check_partitions(specs: tuple[TopicSpec, ...], partitions: Mapping[str, int], settings: Settings) -> None:
    """Refuse our own topics that have other partitions than their records were, or will be, written for.

    Raises
    ------
    KafkaError
        Names the topic, what it has and what it must have.
    """
    many = settings.kafka.partials_partitions
    for spec in specs:
        found = partitions.get(spec.name, 0)
        if spec.partitions == 1 and found != 1:
            raise KafkaError(
                f"kafka.topics: {spec.name} has {found} partitions; its records have one order only in one "
                "partition; create it anew with one",
                reason="wrong_partitions",
            )
        if spec.partitions != 1 and found != many:
            raise KafkaError(
                f"kafka.partials_partitions: {many}, but {spec.name} has {found} partitions; all that is "
                "kept of a model lives in the one that its name falls on among so many, and would not be "
                f"found; write {found} if nobody has added partitions, else go on with new "
                "topics (`kafka.topics`) and a new `kafka.group`",
                reason="wrong_partitions",
            )


def _wrong(spec: TopicSpec, name: str, found: str, wanted: str) -> str:
    return (
        f"kafka.topics: {spec.name} has {name}={found}, which would lose records that are needed again; set "
        f"it to {wanted}: kafka-configs.sh --alter --entity-type topics --entity-name {spec.name} "
        f"--add-config {name}={wanted}"
    )


def _warn(topic: str, setting: str, found: str, mend: str) -> None:
    log.warning("topic at risk", extra={"topic": topic, "setting": setting, "found": found, "mend": mend})
