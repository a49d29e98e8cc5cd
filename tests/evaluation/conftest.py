"""What tests of evaluation share: fresh randomness and a reference."""

import numpy as np
import pytest

from detectors.profile import Profile
from tests.evaluation.scene import draw, profile_of


@pytest.fixture(scope="package")
def rng() -> np.random.Generator:
    return np.random.default_rng()


@pytest.fixture(scope="package")
def profile(rng: np.random.Generator) -> Profile:
    return profile_of(draw(rng, 20_000))
