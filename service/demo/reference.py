"""The reference of the demo: six weeks of its own traffic, decoded and counted as every other event is."""

from __future__ import annotations

from detectors.profile import Profile
from service.config.settings import Settings
from service.demo import schedule
from service.demo.model import VERSION
from service.demo.traffic import Event, Traffic
from service.embedded.files import FileRecord
from service.events.native import NativeDecoder
from service.profiles.from_batches import profile_from_batches


def reference_profile(settings: Settings, traffic: Traffic) -> Profile:
    """The profile of the weeks before the play, predictions and labels."""
    decoder = NativeDecoder(settings.models, settings.limits.event_bytes)
    decoded = decoder.decode(as_records(traffic.between(*schedule.REFERENCE_MS), 0))
    assert not decoded.rejects, "the demo sends events of its own schema"
    return profile_from_batches(settings.models[0], VERSION, decoded.batches)


def as_records(events: list[Event], first_offset: int) -> list[FileRecord]:
    """Events as the records that a topic would hold, from ``first_offset`` on."""
    return [FileRecord(offset, event.value, event.key) for offset, event in enumerate(events, first_offset)]
