"""Which profile a configuration named last, and which one holds."""

from __future__ import annotations

import numpy as np

from detectors.profile import Profile
from service.windows.control import Control, ProfilePublished, decode_control, encode_control
from tests.evaluation.scene import draw, profile_of


def profile(seed: int) -> Profile:
    return profile_of(draw(np.random.default_rng(seed), 500))


def test_a_profile_published_by_hand_holds_and_is_not_what_the_configuration_named() -> None:
    named, by_hand = profile(1), profile(2)
    control = Control()
    for record in (ProfilePublished.of(named, 0, configured=True), ProfilePublished.of(by_hand, 1_000)):
        read = decode_control(encode_control(record))
        assert isinstance(read, ProfilePublished)
        control.apply(read)
    assert [held.id for held in control.latest(named.model)] == [by_hand.id]
    assert control.configured(named.model, named.version) == named.id


def test_a_configuration_that_names_what_holds_already_is_remembered_and_changes_nothing() -> None:
    held, control = profile(1), Control()
    control.apply(ProfilePublished.of(held, 0))
    assert control.configured(held.model, held.version) is None
    changes = control.changes
    control.apply(ProfilePublished.of(held, 5_000, configured=True))
    assert control.configured(held.model, held.version) == held.id
    assert control.changes == changes
