"""The page for producers says what decoding does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.events.batch import Reason
from tests.events.making import decoder, only, rows

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row(reason: Reason) -> None:
    assert re.search(rf"^\| `{reason.value}` \|", PAGE, re.MULTILINE)


def test_no_row_names_a_reason_that_does_not_exist() -> None:
    table = PAGE.partition("## What is refused")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {reason.value for reason in Reason}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_an_event(example: str) -> None:
    assert len(only(decoder().decode(rows(example)))) == 1


def test_there_are_examples_of_predictions_failures_and_labels() -> None:
    batches = [only(decoder().decode(rows(example))) for example in EXAMPLES]
    counters = sum(batch.counters[0] for batch in batches)
    assert all(counters[:5] > 0)
    assert {batch.is_label for batch in batches} == {True, False}
