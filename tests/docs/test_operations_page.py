"""docs/operations.md says what the service does: topics, groups, headers, logs, errors, times."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.app import RETRY_S
from service.config.settings import Kafka
from service.events.batch import Reason, Reject
from service.kafka.deadletter import KEY_BYTES, SAFE_BYTES, VALUE_BYTES, dead_letter
from service.kafka.evaluate import SNAPSHOT_EVERY_S
from service.kafka.topics import DEAD_LETTER_BYTES, topic_specs
from tests.docs.pages import ROOT, names, page

PAGE = page("docs/operations.md")
SOURCES = sorted((ROOT / "service").rglob("*.py"))
LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}


def calls(path: Path, attributes: set[str]) -> Iterator[ast.Call]:
    """The calls of methods with these names in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in attributes
        ):
            yield node


def logged() -> list[tuple[str, str]]:
    """Level and message of every line that the service logs."""
    found = []
    for path in SOURCES:
        for call in calls(path, set(LEVELS)):
            assert isinstance(call.func, ast.Attribute)
            logger = call.func.value
            if isinstance(logger, ast.Name) and logger.id.lower().strip("_") == "log":
                [message] = ast.literal_eval(ast.List(elts=call.args[:1], ctx=ast.Load()))
                found.append((LEVELS[call.func.attr], message))
    return found


def pattern(message: str) -> str:
    """What a message looks like with words in the places of its values."""
    return ".+".join(re.escape(part) for part in re.split(r"%\w", message))


LOGGED = logged()


def test_the_table_of_topics_is_what_the_service_creates() -> None:
    specs = topic_specs(Kafka())
    rows = {names(row[0])[0]: row[1:4] for row in PAGE.table("topic")}

    assert list(rows) == sorted(rows, key=[spec.name for spec in specs].index)
    for spec in specs:
        partitions, policy, retention = rows.pop(spec.name)
        assert (partitions == "1") is (spec.partitions == 1)
        assert (policy, retention) == (f"`{spec.policy}`", str(spec.retention_ms))
    assert rows == {}
    assert [spec.name for spec in specs if spec.message_bytes] == ["driftline.deadletter"]
    assert f"`max.message.bytes={DEAD_LETTER_BYTES}`" in PAGE.text


def test_the_groups_in_the_table_are_those_of_the_code() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    suffixes = {names(row[0])[0].removeprefix(f"{Kafka().group}-") for row in PAGE.table("group")}

    assert suffixes == {"ingest", "evaluate", "deliver-alertmanager", "deliver-NAME"}
    for suffix in suffixes:
        assert re.search(f'-?{suffix.replace("NAME", "{receiver.name}")}"'.replace("{", r"\{"), text), suffix


@pytest.mark.parametrize(("level", "message"), LOGGED, ids=lambda one: str(one)[:60])
def test_every_line_of_the_log_is_in_the_table_with_its_level(level: str, message: str) -> None:
    levels = [row[1] for row in PAGE.table("message") if message_shown(row[0], message)]

    assert level in levels


def message_shown(cell: str, message: str) -> bool:
    shown = re.findall(r"``(.+?) ?``", cell) or names(cell)
    return any(re.fullmatch(pattern(message), one) for one in shown)


def test_the_lines_of_the_log_are_found() -> None:
    assert ("info", "serving") in LOGGED
    assert len(LOGGED) > 15
    assert message_shown("`webhook NAME: TYPE`", "webhook %r: %s")
    assert not message_shown("`webhook NAME: TYPE`", "webhook %r; %s")


def test_every_header_of_a_dead_letter_is_in_the_table() -> None:
    record = SimpleNamespace(
        offset=7,
        timestamp=1,
        key=b"k" * (KEY_BYTES + 1),
        value=b"x" * (VALUE_BYTES + 1),
        headers=[("own", b"1")],
    )
    _, _, headers = dead_letter(Reject(record, Reason.NOT_JSON, "why"), "credit.predictions", 3, VALUE_BYTES)
    shown = {name for row in PAGE.table("header") for name in names(row[0])}

    assert {name if name.startswith("driftline.") else "original.*" for name, _ in headers} == shown
    assert all(f"{size:,}" in PAGE.text for size in (VALUE_BYTES, SAFE_BYTES, KEY_BYTES))


def test_every_reason_of_a_refusal_is_named() -> None:
    [row] = [row for row in PAGE.table("header") if "driftline.reason" in row[0]]

    assert set(names(row[1])) == {reason.value for reason in Reason} - {Reason.TOMBSTONE.value}


def test_every_reason_of_an_error_is_in_the_table_and_no_other() -> None:
    raised = {
        word.value.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "reason" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
    }

    assert {name for row in PAGE.table("reason") for name in names(row[0])} == raised


def test_the_times_that_are_named_are_those_of_the_code() -> None:
    assert SNAPSHOT_EVERY_S == 60
    assert "Every minute, and whenever it hands a partition over" in PAGE.text
    assert f"pauses from {RETRY_S[0]:g} to {RETRY_S[1]:g} s" in PAGE.text
