"""Putting a profile on the control topic."""

from __future__ import annotations

import time

from detectors.profile import Profile
from service.config.model import Model
from service.config.settings import Settings
from service.errors import ProfileError
from service.kafka.connection import make_producer
from service.kafka.control import ControlReader, send_control
from service.kafka.topics import ensure_topics
from service.windows.control import Control, ProfilePublished, encode_control
from service.windows.plan import fits

RECORD_BYTES = 950_000
"""The broker takes records up to 1 MB unless told otherwise."""


async def publish_profile(
    settings: Settings, profile: Profile, boundary_ms: int | None = None
) -> tuple[int, int]:
    """Put a profile in force.

    Parameters
    ----------
    boundary_ms
        Panes that start at or after it are compared with the profile; rounded up to a pane's start. Default:
        the next pane to begin. A model that had no profile so far takes it for all panes.

    Returns
    -------
    (offset on the control topic, boundary in ms)

    Raises
    ------
    ProfileError
        When no configured model has the profile's name and fields.
    """
    model = model_of(settings, profile)
    await ensure_topics(settings)
    control = Control()
    reader = ControlReader(settings.kafka, control, lambda _: None)
    producer = make_producer(settings.kafka)
    await producer.start()
    try:
        await reader.start()
        first = not control.knows(profile.model, profile.version)
        wanted = boundary_ms if boundary_ms is not None else 0 if first else round(time.time() * 1000)
        boundary = -(-wanted // model.pane_ms) * model.pane_ms
        record = published(profile, boundary)
        return await send_control(producer, settings.kafka, record), boundary
    finally:
        await reader.stop()
        await producer.stop()


def published(profile: Profile, boundary_ms: int, *, configured: bool = False) -> ProfilePublished:
    """The record that puts a profile in force; ``ProfileError`` when it is too large for one."""
    record = ProfilePublished.of(profile, boundary_ms, configured=configured)
    size = len(encode_control(record))
    if size > RECORD_BYTES:
        raise ProfileError(
            f"profile of `{profile.model}`: {size:,} bytes with {len(profile.slices)} slices, more than a "
            f"record of the control topic holds ({RECORD_BYTES:,}); lower `reference.bins` or drop a slice "
            "dimension, and build it anew",
            reason="too_large",
        )
    return record


def model_of(settings: Settings, profile: Profile) -> Model:
    """The configured model that the profile describes, checked field by field."""
    for model in settings.models:
        if model.name == profile.model:
            if not fits(model, profile):
                names = ", ".join(field.name for field in profile.layout.judged)
                raise ProfileError(
                    f"profile of `{profile.model}`: its fields ({names}) are not those of the model's schema "
                    f"({', '.join(model.features)}, prediction); windows could not be compared; build it "
                    "anew with this configuration",
                    reason="does_not_fit",
                )
            return model
    known = ", ".join(model.name for model in settings.models)
    raise ProfileError(
        f"profile: model `{profile.model}` is not configured (there are: {known}); nobody would use it; "
        "add the model or correct the profile's model",
        reason="unknown_model",
    )
