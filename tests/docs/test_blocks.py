"""Blocks of configuration and of JSON are what the product takes and gives."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from service.alerts.notice import AlertNotice, Notice, decode, encode
from service.config.document import read
from service.config.loading import parse
from service.config.settings import Settings
from service.evaluation.result import Result
from tests.docs.pages import ROOT, Block, blocks, page

YAML = blocks("yaml")
JSON = blocks("json")
LEAST: dict[str, Any] = {"models": [{"name": "credit", "features": {"age": {"type": "numeric"}}}]}
OTHERS = {"existingSecrets", "strimzi"}
"""Top-level keys of the chart's values, which `tests/deploy` checks."""


def kind(block: Block) -> str:
    """`configuration`, `part` of one, `rules` of Prometheus, or `values` of the chart."""
    data = read(block.text).data
    if isinstance(data, list) and all("alert" in rule for rule in data):
        return "rules"
    assert isinstance(data, dict), f"{block.page}: neither a mapping nor rules:\n{block.text}"
    if OTHERS & data.keys():
        return "values"
    assert data.keys() <= Settings.model_fields.keys(), f"{block.page}: what is this?\n{block.text}"
    return "configuration" if "models" in data else "part"


def identity(block: Block) -> str:
    return f"{block.page}: {block.text.splitlines()[0]}"


@pytest.mark.parametrize("block", YAML, ids=identity)
def test_every_configuration_that_is_shown_is_a_good_one(block: Block) -> None:
    match kind(block):
        case "configuration":
            assert parse(block.text, block.page).models
        case "part":
            whole = LEAST | read(block.text).data
            assert parse(json.dumps(whole), block.page).models
        case other:
            assert other in {"rules", "values"}


def test_the_readme_shows_a_whole_configuration_with_the_topics_of_the_example_producer() -> None:
    [block] = [one for one in page("README.md").blocks if one.language == "yaml"]
    settings = parse(block.text, "README.md")
    producer = (ROOT / "examples" / "produce.py").read_text(encoding="utf-8")

    assert [source.topic for source in settings.sources] == ["credit.predictions", "credit.labels"]
    assert all(f'default="{source.topic}"' in producer for source in settings.sources)
    assert all(f'"{feature}": ' in producer for feature in settings.models[0].features)
    assert {monitor.name for monitor in settings.monitors} == {
        "FeatureDrift",
        "MissingValues",
        "NewCategories",
    }


@pytest.mark.parametrize("block", JSON, ids=identity)
def test_every_block_of_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), dict)


@pytest.mark.parametrize(
    "block", [one for one in JSON if '"timestamp"' in one.text and '"type"' not in one.text], ids=identity
)
def test_every_event_that_is_shown_fits_its_schema(block: Block) -> None:
    event = json.loads(block.text)
    name = "prediction" if event.keys() & {"prediction", "error"} else "label"
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema).validate(event)


def shown(field: str) -> list[dict[str, Any]]:
    """The objects in docs/api.md that have a field."""
    found = [json.loads(block.text) for block in page("docs/api.md").blocks if block.language == "json"]
    return [one for one in found if field in one]


def test_the_result_that_is_shown_has_exactly_the_fields_of_a_result() -> None:
    [result] = [one for one in shown("metric") if "notice" not in one]

    assert list(result) == list(Result.__struct_fields__)
    assert json.loads(msgspec.json.encode(msgspec.convert(result, Result))) == result


def test_the_alert_that_is_shown_has_exactly_the_fields_of_a_notice() -> None:
    [alert] = shown("notice")
    notice: Notice = decode(json.dumps(alert).encode())

    assert isinstance(notice, AlertNotice)
    assert list(alert) == ["notice", *AlertNotice.__struct_fields__]
    assert json.loads(encode(notice)) == alert
