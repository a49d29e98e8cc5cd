"""What a dashboard asks of Prometheus: queries, metrics and labels; variables put in as Grafana does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RATE_INTERVAL = "15s"
"""Stands for `$__rate_interval`: at least four scrapes of the Prometheus of the tests."""

_SELECTOR = re.compile(r"\b((?:driftline|process|python)_[a-z0-9_]+)\b\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)")


@dataclass(frozen=True)
class Query:
    """One query of one panel; `panel` names both for the reader of a failure."""

    panel: str
    expr: str
    legend: str


def panels(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Panels that show something; rows are only headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Every query of every panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            name = f"{dashboard['uid']}: {panel['title']} [{target['refId']}]"
            yield Query(name, target["expr"], target.get("legendFormat", ""))


def label_values(dashboard: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Selector and label of each variable that is read from Prometheus, in the order of the dashboard."""
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            match = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert match, f"{variable['name']} is no label_values(...)"
            found[variable["name"]] = (match[1], match[2])
    return found


def selectors(expr: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression with the labels that its matchers name."""
    for metric, matchers in _SELECTOR.findall(_without_groupings(expr)):
        yield metric, {label for label, _, _ in _MATCHER.findall(matchers)}


def groupings(expr: str) -> set[str]:
    """Labels by which an expression groups or joins."""
    return {
        label.strip() for labels in _GROUPING.findall(expr) for label in labels.split(",") if label.strip()
    }


def legend_labels(legend: str) -> set[str]:
    """Labels that a legend shows."""
    return set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))


def substitute(expr: str, values: Mapping[str, str]) -> str:
    """The expression that Grafana would send.

    Several values of a variable would come as a regular expression; `All` is `.*` here.
    """
    expr = expr.replace("$__rate_interval", RATE_INTERVAL)
    for name in sorted(values, key=len, reverse=True):  # $model_version before $model
        escaped = values[name].replace("\\", "\\\\").replace('"', '\\"')
        expr = expr.replace(f"${name}", escaped)
    assert "$" not in expr, f"nothing is put in for a variable of {expr}"
    return expr


def _without_groupings(expr: str) -> str:
    return _GROUPING.sub(" ", expr)
