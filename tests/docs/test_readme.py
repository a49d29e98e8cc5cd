"""What the README shows of the demo is what the demo says."""

from __future__ import annotations

import re

from service.demo import schedule
from service.demo.screen import moment
from service.demo.stage import demo_settings
from tests.docs.pages import page

[SHOWN] = [block.text for block in page("README.md").blocks if "STAGED" in block.text]
LINES = re.findall(r"^(\d\d \w{3} \d\d:\d\d)  (\w+) +(.+)$", SHOWN, re.MULTILINE)


def said(tag: str) -> list[tuple[str, str]]:
    return [(when, text) for when, name, text in LINES if name == tag]


def test_each_incident_that_is_shown_is_announced_so() -> None:
    begins = {(moment(one.start_ms), f"{one.title}: {one.announcement}") for one in schedule.INCIDENTS}
    ends = {(moment(one.end_ms), f"{one.title}: as it was before.") for one in schedule.INCIDENTS}
    real = {(moment(one.start_ms), one.title) for one in schedule.HAPPENINGS}

    assert said("STAGED")
    assert set(said("STAGED")) <= begins
    assert set(said("over")) <= ends
    assert set(said("REAL")) <= real


def test_each_alert_that_is_shown_is_of_a_monitor_of_the_demo() -> None:
    monitors = {monitor.name: monitor for monitor in demo_settings().monitors}
    incidents = {incident.name for incident in schedule.INCIDENTS}

    assert len(said("ALERT")) >= 3
    for _, text in [*said("ALERT"), *said("resolved")]:
        found = re.fullmatch(
            r"(\w+) \((\w+), (?:real|staged: ([\w-]+))\): .+: (\w+) of .+ \(alerts at or above ([\d.]+)\)",
            text,
        )
        assert found is not None, text
        name, severity, incident, metric, threshold = found.groups()
        assert (monitors[name].severity, monitors[name].metric) == (severity, metric)
        assert monitors[name].threshold == float(threshold)
        assert incident is None or incident in incidents


def test_lines_of_the_demo_are_in_the_order_of_their_times() -> None:
    days = [schedule.morning_ms(11, int(when[:2])) for when, _, _ in LINES]

    assert len(LINES) == len([line for line in SHOWN.splitlines() if line[:1].isdigit()])
    assert days == sorted(days)
