"""The example, the page and the schemas say what the code does."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from pydantic import BaseModel

from service.config import reference
from service.config.checks.metrics import Kind, Subject, capable
from service.config.document import read
from service.config.loading import load
from service.config.monitor import Metric
from service.config.schema import schema_text
from service.config.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/configuration.md"
EXAMPLE = ROOT / "examples/driftline.yaml"
SCHEMAS = ROOT / "docs/schemas"

PREDICTION: dict[str, Any] = {
    "model": "credit", "model_version": "7", "prediction_id": "01J5XK3V9Q",
    "timestamp": "2026-08-22T10:15:03.120Z",
    "features": {"age": 41, "state": "CA", "income": None}, "prediction": {"label": "approve", "score": 0.87},
    "tags": {"region": "eu"}, "latency_ms": 12.5, "trace_id": "4bf92f",
}  # fmt: skip
LABEL: dict[str, Any] = {
    "model": "credit", "prediction_id": "01J5XK3V9Q", "timestamp": "2026-08-22T10:15:03Z",
    "actual": {"label": "deny"},
}  # fmt: skip
ABSENT = object()


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def accepts(name: str, instance: object) -> bool:
    return jsonschema.Draft202012Validator(schema(name)).is_valid(instance)


def changed(event: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (event | changes).items() if value is not ABSENT}


def test_the_example_is_a_good_configuration_and_names_every_section() -> None:
    settings = load(EXAMPLE)
    assert settings.model_fields_set == set(Settings.model_fields)
    assert {monitor.name for monitor in settings.monitors} >= {"FeatureDrift", "Errors"}


def test_the_example_fits_the_json_schema_of_the_configuration() -> None:
    assert accepts("config", read(EXAMPLE.read_text(encoding="utf-8")).data)


@pytest.mark.parametrize(
    "text",
    [
        "models: []",
        "models: [{name: x}]",
        "models: [{name: x, features: {a: {type: numeric, mn: 1}}}]",
        "webb: {}",
    ],
)
def test_the_json_schema_of_the_configuration_refuses_what_is_wrong(text: str) -> None:
    assert not accepts("config", read(text).data)


def test_the_json_schema_of_the_configuration_is_the_one_that_the_code_makes() -> None:
    committed = (SCHEMAS / "config.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), (
        "run: python -m service.config.schema > docs/schemas/config.schema.json"
    )


def test_the_page_holds_the_tables_that_the_code_makes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    committed = page.split(reference.BEGIN)[1].split(reference.END)[0]
    assert committed.strip() == reference.reference().strip(), (
        "run: python -m service.config.reference --write docs/configuration.md"
    )


def test_every_section_and_field_is_in_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path, section in reference.sections():
        assert f"### `{path}`" in page or path == ""
        for field in section.model_fields:
            assert f"| `{field}` |" in page, f"{path}.{field}"


def test_the_page_says_of_every_metric_what_it_exists_for() -> None:
    table = PAGE.read_text(encoding="utf-8").split("| metrics | exist for |")[1].split("\n\n")[0]
    rows = {row.split("|")[1]: row.split("|")[2] for row in table.splitlines()[2:]}
    assert sorted(name for names in rows for name in re.findall(r"`([\w:]+)`", names)) == sorted(
        get_args(Metric)
    )
    for names, subjects in rows.items():
        for metric in re.findall(r"`([\w:]+)`", names):
            assert ("`prediction`" in subjects) is capable(metric, Subject("prediction", "score")), metric
            assert ("`actual`" in subjects) is capable(metric, Subject("actual", "label")), metric
            for kind in get_args(Kind)[:2]:
                named = "every feature" in subjects or f"{kind} features" in subjects
                assert named is capable(metric, Subject("x", kind)), f"{metric} of {kind} features"


def test_every_field_has_a_description_of_its_own() -> None:
    found: list[type[BaseModel]] = [section for _, section in reference.sections()]
    assert len(found) >= 15
    for section in found:
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
            assert field.description.endswith("."), f"{section.__name__}.{name}"


def test_durations_are_texts_in_the_json_schema_defaults_included() -> None:
    timing = schema("config")["$defs"]["Timing"]["properties"]
    assert {name: field["default"] for name, field in timing.items()} == {
        "flush": "1s",
        "grace": "10s",
        "future": "5m",
    }


@pytest.mark.parametrize("name", ["config", "prediction", "label"])
def test_a_schema_is_valid_and_accepts_its_own_examples(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    for example in schema(name).get("examples", []):
        assert accepts(name, example)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"timestamp": 1787393703120},
        {"timestamp": "2026-08-22T12:15:03+02:00"},
        {"prediction": {"value": 3.5}},
        {"prediction": {"label": 1, "scores": {"a": 0.2, "b": 0.8}}},
        {"prediction": ABSENT, "features": ABSENT, "error": "timeout"},
        {"kpi": {"revenue": 12.5}},
        {"prediction_id": ABSENT, "model_version": 7},
        {"something": "of the producer's own"},
    ],
)
def test_the_schema_of_predictions_accepts_what_may_be_sent(changes: dict[str, Any]) -> None:
    assert accepts("prediction", changed(PREDICTION, changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": ABSENT},
        {"model": ""},
        {"timestamp": ABSENT},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-08-22T10:15:03"},
        {"features": {"age": [41]}},
        {"features": ABSENT},
        {"prediction": ABSENT},
        {"prediction": {}},
        {"prediction": {"score": "high"}},
        {"prediction": {"scores": {"a": None}}},
        {"prediction": ABSENT, "error": ""},
        {"tags": ["eu"]},
        {"kpi": {"revenue": "12"}},
        {"latency_ms": -1},
    ],
)
def test_the_schema_of_predictions_refuses_what_could_not_be_counted(changes: dict[str, Any]) -> None:
    assert not accepts("prediction", changed(PREDICTION, changes))


@pytest.mark.parametrize("changes", [{}, {"actual": {"value": 3}}, {"actual": {"label": True}}])
def test_the_schema_of_labels_accepts_what_may_be_sent(changes: dict[str, Any]) -> None:
    assert accepts("label", changed(LABEL, changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"prediction_id": ABSENT},
        {"actual": ABSENT},
        {"actual": {}},
        {"actual": {"label": None}},
        {"actual": {"value": "3"}},
        {"timestamp": None},
    ],
)
def test_the_schema_of_labels_refuses_what_could_not_be_counted(changes: dict[str, Any]) -> None:
    assert not accepts("label", changed(LABEL, changes))
