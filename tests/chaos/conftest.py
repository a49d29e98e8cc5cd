"""What chaos scenarios share."""

from collections.abc import Iterator

import pytest

from tests.chaos.story import Story


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """Tells what the scenario does."""
    told = Story(request.node.name)
    yield told
    told.end()
