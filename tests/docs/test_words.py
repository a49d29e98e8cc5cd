"""Names of fields and metrics that documents mention exist; those that exist are mentioned."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from service.config.fields import alternatives
from service.config.monitor import Metric
from service.config.reference import sections
from service.config.settings import Settings
from service.web.metrics import DECLARED
from tests.docs.pages import Page, names, page, pages

PAGES = pages()
SUFFIXES = ("_bucket", "_sum", "_count")
TOPICS = re.compile(r"driftline\.\w+")


def section_fields(kind: Any) -> dict[str, Any]:
    """The fields that may stand under a field of this type, lists taken apart."""
    found: dict[str, Any] = {}
    for option in alternatives(kind):
        inner = option.__args__[0] if getattr(option, "__origin__", None) is tuple else option
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= {name: field.annotation for name, field in inner.model_fields.items()}
    return found


def exists(path: str) -> bool:
    """Whether a dotted name is a field of the configuration."""
    fields = {name: field.annotation for name, field in Settings.model_fields.items()}
    for part in path.split("."):
        if part not in fields:
            return False
        fields = section_fields(fields[part])
    return True


def dotted(one: Page) -> set[str]:
    """The dotted names in a page that begin with a section of the configuration."""
    found = {name for name in names(one.prose) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name)}
    return {name for name in found if name.split(".")[0] in Settings.model_fields}


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_field_of_the_configuration_that_a_page_names_exists(one: Page) -> None:
    assert [name for name in sorted(dotted(one)) if not exists(name)] == []


def test_fields_are_told_from_what_is_none() -> None:
    assert exists("kafka.partials_partitions")
    assert exists("receivers.webhooks.url")
    assert not exists("limits.slice")
    assert not exists("limits.slices.x")
    assert any(dotted(one) for one in PAGES)


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_metric_that_a_page_names_is_exported(one: Page) -> None:
    found = set(re.findall(r"\bdriftline_[a-z_]*[a-z]\b(?!\*)", one.text))
    known = {*DECLARED, *(name + suffix for name in DECLARED for suffix in SUFFIXES)}

    assert found - known == set()


def test_every_field_and_metric_stands_in_some_page() -> None:
    text = "\n".join(one.text for one in PAGES)
    fields = {field for _, section in sections() for field in section.model_fields}

    assert {name for name in (*fields, *DECLARED) if f"`{name}`" not in text} == set()


def test_the_changelog_names_every_metric_that_a_monitor_can_judge() -> None:
    assert set(get_args(Metric)) - set(names(page("CHANGELOG.md").text)) == set()


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_topic_that_a_page_names_is_one_of_driftlines(one: Page) -> None:
    topics = {field.default for field in section_kafka_topics().values()}
    named = {name for name in names(one.prose) if TOPICS.fullmatch(name)}
    headers = {
        f"driftline.{word}"
        for word in ("reason", "detail", "topic", "partition", "offset", "timestamp", "cut", "key_cut")
    }

    assert {name for name in named - headers if name != "driftline.yaml"} - topics == set()


def section_kafka_topics() -> dict[str, Any]:
    """The fields that name topics."""
    return dict(next(section for path, section in sections() if path == "kafka.topics").model_fields)
