"""Driftline's own formats, damaged: what cannot be read is refused by an error that its readers expect."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from detectors.profile import Profile
from service.errors import ProfileError
from service.kafka.control import ControlReader
from service.pipeline import Evaluation
from service.profiles.reading import load_profile
from service.windows.control import Control
from service.windows.statement import decode_partial
from tests.chaos.story import Story
from tests.fuzz.hostile import mutated
from tests.fuzz.models import fuzz_settings, sample_controls, sample_partials, small_profile

FEW = 3_000


def outcomes(
    story: Story, seeds: list[bytes], read: Callable[[bytes], object], expected: tuple[type[Exception], ...]
) -> None:
    """Read damaged copies; anything but an expected error is a failure that shows the bytes."""
    met: Counter[str] = Counter()
    for _ in range(FEW):
        data = mutated(story.random, story.random.choice(seeds))
        try:
            read(data)
        except expected as error:
            met[type(error).__name__] += 1
        else:
            met["read"] += 1
    story.tell(f"{FEW:,} damaged copies: {dict(met)}")
    assert met["read"] < FEW or not expected


def test_a_damaged_partial_is_refused_by_the_error_of_its_decoder(story: Story) -> None:
    outcomes(story, sample_partials(), decode_partial, (msgspec.MsgspecError,))


def test_a_damaged_control_record_is_logged_and_passed_over(story: Story) -> None:
    reader = ControlReader(fuzz_settings().kafka, Control(), lambda record: None)
    outcomes(story, sample_controls(), lambda data: reader._take(0, data), ())


def test_a_damaged_profile_file_is_called_no_profile(
    story: Story, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("profile") / "damaged.json"

    def read(data: bytes) -> Profile:
        path.write_bytes(data)
        return load_profile(path)

    outcomes(story, [small_profile().to_json()], read, (ProfileError,))


def test_damaged_partials_never_stop_the_evaluation(story: Story) -> None:
    good = sample_partials()
    met: Counter[str] = Counter()
    for _ in range(300):
        evaluation = Evaluation(fuzz_settings(), Control(), "digest")
        closed = 0
        for value in [
            mutated(story.random, value) if story.random.random() < 0.4 else value for value in good
        ]:
            try:
                partial = decode_partial(value)
            except msgspec.MsgspecError:
                met["refused"] += 1
                continue
            closed += len(list(evaluation.apply(partial)))
        met["windows"] += closed
    story.tell(str(dict(met)))
