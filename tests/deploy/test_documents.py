"""What docs/deployment.md says of topics, values and files is so."""

from __future__ import annotations

import doctest
import json
import re
from types import ModuleType
from typing import Any

import helm_python as helm
import pytest

import dashboards.fleet
import examples.produce
from service.config.loading import parse
from service.config.settings import Kafka
from service.kafka.topics import topic_specs
from tests.deploy.chart import CHART, ROOT, read_yaml, values

TEXT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
SNIPPETS: list[dict[str, Any]] = [
    read_yaml(text) for text in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
]
VALUES = [snippet for snippet in SNIPPETS if "config" in snippet]


def test_the_table_of_topics_is_what_the_service_creates() -> None:
    rows = re.findall(r"^\| `(\S+)` \| ([^|]+) \| `(\w+)`[^|]* \| (-?\d+) \|$", TEXT, re.MULTILINE)
    specs = topic_specs(Kafka())

    assert {name: (policy, int(retention)) for name, _, policy, retention in rows} == {
        spec.name: (spec.policy, spec.retention_ms) for spec in specs
    }
    assert {name for name, partitions, *_ in rows if partitions == "1"} == {
        spec.name for spec in specs if spec.partitions == 1
    }
    assert f"`kafka.partials_partitions`, {Kafka().partials_partitions};" in TEXT


def test_every_link_to_a_file_leads_to_one() -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)#h][^)]*)\)", TEXT)]

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_heading_that_is_linked_is_there() -> None:
    headings = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings


def test_the_example_of_security_is_accepted() -> None:
    (security,) = [snippet for snippet in SNIPPETS if "kafka" in snippet]
    config = values("minimal")["config"] | security

    assert parse(json.dumps(config), "example").kafka.security.mechanism == "SCRAM-SHA-512"


@pytest.mark.parametrize("snippet", VALUES, ids=[",".join(snippet) for snippet in VALUES])
def test_examples_of_values_are_accepted_by_the_chart(snippet: dict[str, Any]) -> None:
    chosen = values("minimal")
    chosen = chosen | snippet | {"config": chosen["config"] | snippet["config"]}

    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(chart.merge_values(chosen))
        assert chart.render(chosen, name="example", namespace="ml")


def test_every_value_of_the_chart_that_the_text_names_exists() -> None:
    known = read_yaml(CHART / "values.yaml")
    named = set(re.findall(r"`((?:\w+\.)+\w+)`", TEXT))

    for path in sorted(
        name for name in named if name.split(".")[0] in known and not name.startswith("config.")
    ):
        place: Any = known
        for part in path.split("."):
            assert part in place, path
            place = place[part]


@pytest.mark.parametrize("module", [dashboards.fleet, examples.produce])
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    tried = doctest.testmod(module)

    assert tried.attempted > 0
    assert tried.failed == 0
