"""The year of flights and the trained model, made once for all tests of the demo."""

import pytest

from service.demo import schedule
from service.demo.flights import Flights, load
from service.demo.model import Model, train


@pytest.fixture(scope="session")
def year() -> Flights:
    return load()


@pytest.fixture(scope="session")
def model(year: Flights) -> Model:
    return train(year.departing(*schedule.TRAINING_MS))
