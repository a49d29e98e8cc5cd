"""docs/api.md names every field, route, status and reason, and no other."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from detectors.result import Status
from service.alerts.notice import AlertNotice, Evidence, TriggerNotice
from service.config.settings import Settings
from service.evaluation.result import Result
from service.web import api
from service.web.board import RESOLVED, Board
from service.web.page import Asked
from service.web.routes import WebState, routes
from service.web.summary import ModelStatus
from tests.docs.pages import ROOT, names, page

PAGE = page("docs/api.md")
SETTINGS = Settings.model_validate({"models": [{"name": "credit", "features": {"age": {"type": "numeric"}}}]})


async def unused(*_: Any) -> None:
    """Nothing asks for it here."""


def served() -> set[str]:
    """Method and path of every route that is not the catch-all."""
    state = WebState(SETTINGS, Board(SETTINGS), CollectorRegistry(), lambda: (True, ()), unused)
    return {f"{route.method} {route.path}" for route in routes(state) if route.method != "*"}


def first_cells(header: str) -> list[str]:
    return [name for row in PAGE.table(header) for name in names(row[0])]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("field of a result", Result.__struct_fields__),
        ("field of an alert", ("notice", *AlertNotice.__struct_fields__)),
    ],
)
def test_a_table_has_every_field_and_no_other(header: str, fields: Iterable[str]) -> None:
    assert sorted(first_cells(header)) == sorted(fields)


def test_the_table_of_requests_has_every_field_and_no_other() -> None:
    assert sorted(first_cells("field of a request")) == sorted(("notice", *TriggerNotice.__struct_fields__))


def test_every_field_of_evidence_is_named() -> None:
    sentence = PAGE.text.split("Each piece of evidence has ")[1].split("\n\n")[0]

    assert sorted(names(sentence)) == sorted(Evidence.__struct_fields__)


def test_every_route_is_in_the_table_and_no_other() -> None:
    assert set(first_cells("route")) == served()


@pytest.mark.parametrize("words", [Status, ModelStatus])
def test_every_status_is_named(words: type[Status | ModelStatus]) -> None:
    assert [word.value for word in words if f"`{word.value}`" not in PAGE.text] == []


def test_the_filters_and_bounds_are_those_of_the_code() -> None:
    sentence = PAGE.text.split("`/api/v1/results` takes ")[1].split("\n\n")[0]

    assert names(sentence) == [*api.Filter.__struct_fields__, "limit", "omitted"]
    assert f"at most {api.RESULTS_MAX:,}" in sentence
    assert f"the last {RESOLVED} `resolved`" in PAGE.text


def test_what_chooses_the_view_of_the_page_is_named() -> None:
    [row] = [row for row in PAGE.table("route") if "`GET /`" in row[0]]

    assert names(row[1]) == [field.name for field in dataclasses.fields(Asked)]


def problems() -> dict[int, set[str]]:
    """Reasons by status in every call of `problem` under service/web."""
    found: dict[int, set[str]] = {}
    for path in sorted((ROOT / "service" / "web").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "problem":
                status, reason = node.args[:2]
                assert isinstance(status, ast.Constant)
                given = {cast("str", reason.value)} if isinstance(reason, ast.Constant) else token_reasons()
                found.setdefault(cast("int", status.value), set()).update(given)
    return found


def token_reasons() -> set[str]:
    """What may be wrong with the file of tokens."""
    tree = ast.parse((ROOT / "service" / "web" / "tokens.py").read_text(encoding="utf-8"))
    words = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "reason")
    return {cast("str", word.value.value) for word in words if isinstance(word.value, ast.Constant)}


def test_every_error_is_in_the_table_under_its_status_and_no_other() -> None:
    table = {int(row[0]): set(names(row[1])) for row in PAGE.table("status | `reason`")}

    assert table == problems()
    assert all(HTTPStatus(status) for status in table)
