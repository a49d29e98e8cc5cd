"""Which profile holds for a pane."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.fields import NumericField
from detectors.profile import Profile
from service.windows.control import (
    Control,
    ProfilePublished,
    RetrainingReported,
    decode_control,
    encode_control,
)
from tests.evaluation.scene import draw, profile_of
from tests.windows.making import START_MS, Event, batches, finish, log, new_source, plans, read

BASE = profile_of(draw(np.random.default_rng(1)))


def profile(mark: int, version: str = "7") -> Profile:
    """A profile that is told apart by its first edges."""
    fields = list(BASE.layout.fields)
    first = fields[0]
    assert isinstance(first, NumericField)
    fields[0] = NumericField(first.name, first.edges + mark, first.centre, first.scale)
    document = BASE.to_json().replace(b'"model_version":"7"', b'"model_version":"%s"' % version.encode())
    again = Profile.from_json(document)
    return type(again)(**{**vars(again), "fields": tuple(fields)})


def control(*records: tuple[Profile, int, bool]) -> Control:
    folded = Control()
    for published, boundary_ms, learned in records:
        folded.apply(ProfilePublished.of(published, boundary_ms, learned=learned))
    return folded


def in_force(folded: Control, version: str, *panes_ms: int) -> list[str | None]:
    found = [folded.in_force("credit", version, pane_ms) for pane_ms in panes_ms]
    return [None if one is None else one.id for one in found]
