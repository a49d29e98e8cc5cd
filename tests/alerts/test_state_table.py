"""The correctness proof of the alert state machine: every case by number, one column a window.

Verdicts, one letter a window::

    x  breach      h  holding: no breach, not yet on the good side
    .  clear       ?  too little data         (space)  the slice does not appear in the window

States stated, one letter a window::

    p  becomes pending     P  pending, restated     l  pending lapsed
    f  begins to fire      F  firing, restated      r  resolved           -  nothing stated
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from service.alerts.notice import AlertNotice, AlertState, Notice, Reason
from tests.alerts.making import alerts, book, monitor, run


class Case(NamedTuple):
    number: int
    why: str
    rule: dict[str, Any]
    verdicts: str
    states: str
    reasons: str = ""


def m_of_n(windows: int, of: int, **more: Any) -> dict[str, Any]:
    return {"hysteresis": {"windows": windows, "of": of}, **more}


CASES = [
    # ---- nothing ------------------------------------------------------------------------------------------
    Case(1, "a clear window says nothing", {}, "...", "---"),
    Case(2, "holding without an alert says nothing", {}, "hhh", "---"),
    Case(3, "no data without an alert says nothing", {}, "?? ??", "-----"),
    # ---- firing -------------------------------------------------------------------------------------------
    Case(4, "1 of 1 fires at the first breach", {}, "x", "f", "breach"),
    Case(5, "a firing alert is restated", {}, "xxx", "fFF", "breach still_breaching still_breaching"),
    Case(6, "2 of 2 is pending first", m_of_n(2, 2), "xx", "pf", "too_few_breaches breach"),
    Case(7, "2 of 3 bears one window in between", m_of_n(2, 3), "x.x", "pPf"),
    Case(8, "2 of 3: a breach three windows back is forgotten", m_of_n(2, 3), "x..x", "pPPP"),
    Case(9, "pending lapses when no breach is left", m_of_n(2, 2), "x..", "pPl",
         "too_few_breaches too_few_breaches lapsed"),
    Case(10, "holding windows count as no breach", m_of_n(2, 3), "xhhh", "pPPl"),
    Case(11, "3 of 5, spread out", m_of_n(3, 5), "x.x.x", "pPPPf"),
    Case(12, "3 of 5, one too far back", m_of_n(3, 5), "x..x.x", "pPPPPP"),
    Case(13, "M of N reached at a breach only, not at the window after", m_of_n(2, 3), "x.xx", "pPfF"),
    # ---- resolving ----------------------------------------------------------------------------------------
    Case(14, "one clear window resolves by default", {}, "x.", "fr", "breach recovered"),
    Case(15, "holding does not resolve", {}, "xh", "fF", "breach not_yet_good"),
    Case(16, "two in a row", {"resolve_after": 2}, "x..", "fFr", "breach not_yet_good recovered"),
    Case(17, "holding breaks the row", {"resolve_after": 2}, "x.h..", "fFFFr"),
    Case(18, "a breach breaks the row", {"resolve_after": 2}, "x.x..", "fFFFr"),
    Case(19, "breaches before a resolve do not count after it", m_of_n(2, 3), "xx.x", "pfrp"),
    Case(20, "it can fire again at once without a cooldown", {}, "x.x", "frf"),
    # ---- no data ------------------------------------------------------------------------------------------
    Case(21, "no data holds firing", {}, "x???", "fFFF", "breach no_data no_data no_data"),
    Case(22, "no data holds pending", m_of_n(2, 2), "x??x", "pPPf"),
    Case(23, "no data does not move the M-of-N history", m_of_n(2, 2), "x?.?.", "pPPPl"),
    Case(24, "no data does not break a row of good windows", {"resolve_after": 2}, "x.?.", "fFFr"),
    Case(25, "a vanished slice holds firing", {}, "x   ", "fFFF", "breach no_data no_data no_data"),
    Case(26, "a slice that comes back is judged again", {}, "x  .", "fFFr"),
    # ---- cooldown -----------------------------------------------------------------------------------------
    Case(27, "a breach inside the cooldown stays pending", {"cooldown": "3m"}, "x.x", "frp",
         "breach recovered cooldown"),
    Case(28, "the cooldown ends with the window that ends with it", {"cooldown": "3m"}, "x.xxx", "frpPf"),
    Case(29, "a breach forgotten by then does not fire after it", {"cooldown": "3m"}, "x.x..x", "frpl-f"),
    Case(30, "held by the cooldown, it lapses when good again", {"cooldown": "9m"}, "x.x.", "frpl"),
    Case(31, "after it only a fresh breach fires", m_of_n(2, 4, cooldown="4m"), "xx.xx..x", "pfrpPPPf"),
    Case(32, "no data lets the cooldown pass", {"cooldown": "3m"}, "x.???x", "fr---f"),
    Case(33, "nor do breaches from before the resolve", m_of_n(2, 4, cooldown="2m"), "xx..x", "pfr-p"),
]  # fmt: skip


def letter(notice: AlertNotice) -> str:
    if notice.state is AlertState.RESOLVED:
        return "r" if notice.fired else "l"
    plain = {AlertState.PENDING: "p", AlertState.FIRING: "f"}[notice.state]
    return plain if notice.transition else plain.upper()


def stated(notices: list[Notice]) -> str:
    return "".join(letter(notice) for notice in alerts(notices)) or "-"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.why}")
def test_states_follow_the_table(case: Case) -> None:
    rule = monitor(**case.rule)
    windows = run(book(rule), rule, case.verdicts)
    assert "".join(stated(notices) for notices in windows) == case.states
    if case.reasons:
        reasons = [notice.reason.value for notices in windows for notice in alerts(notices)]
        assert reasons == case.reasons.split()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.number))
def test_a_dump_between_any_two_windows_changes_nothing(case: Case) -> None:
    rule = monitor(**case.rule)
    whole = book(rule)
    expected = run(whole, rule, case.verdicts)
    restarted, got = book(rule), []
    for index, verdict in enumerate(case.verdicts):
        got += run(restarted, rule, verdict, first=index + 1)
        data, restarted = restarted.dump(), book(rule)
        restarted.load(data)
    assert got == expected
    assert restarted.dump() == whole.dump()


NO_DATA_CASES = [
    Case(40, "after so many windows an alert of its own", {"insufficient_after": 3}, "???", "--f"),
    Case(41, "it is restated while there is no data", {"insufficient_after": 2}, "????", "-fFF"),
    Case(42, "data resolves it, whatever they say", {"insufficient_after": 2}, "??h", "-fr"),
    Case(43, "data in between begin the count anew", {"insufficient_after": 3}, "??.??", "-----"),
    Case(44, "windows in which the slice is absent count", {"insufficient_after": 3}, "?  ", "--f"),
    Case(45, "zero: never", {"insufficient_after": 0}, "?" * 20, "-" * 20),
]


@pytest.mark.parametrize("case", NO_DATA_CASES, ids=lambda case: f"{case.number}: {case.why}")
def test_missing_data_follow_the_table(case: Case) -> None:
    rule = monitor(**case.rule)
    windows = run(book(rule), rule, case.verdicts)
    assert "".join(stated(notices) for notices in windows) == case.states
    names = {notice.alertname for notices in windows for notice in alerts(notices)}
    assert names <= {"age-drift-no-data"}


def test_a_firing_alert_and_its_missing_data_are_two_alerts() -> None:
    # window    1  2  3  4
    # verdict   x  ?  ?  .
    # alert     f  F  F  r
    # no data   -  -  f  r
    rule = monitor(insufficient_after=2)
    *_, third, fourth = run(book(rule), rule, "x??.")
    assert [(one.alertname, one.state, one.reason) for one in alerts(third)] == [
        ("age-drift", AlertState.FIRING, Reason.NO_DATA),
        ("age-drift-no-data", AlertState.FIRING, Reason.INSUFFICIENT_DATA),
    ]
    assert [(one.alertname, one.state, one.reason) for one in alerts(fourth)] == [
        ("age-drift", AlertState.RESOLVED, Reason.RECOVERED),
        ("age-drift-no-data", AlertState.RESOLVED, Reason.DATA_RETURNED),
    ]
