"""Whatever the verdicts, the alerts keep their promises."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from service.alerts.notice import AlertNotice, AlertState, Notice, Reason, TriggerNotice, encode
from service.alerts.state import AlertBook
from service.config.monitor import Monitor
from tests.alerts.making import MINUTE, book, evaluated, monitor, window

FEATURES = [("age", "all"), ("age", "region=eu"), ("income", "all")]
VERDICTS = st.fixed_dictionaries({place: st.sampled_from("xxh.? ") for place in FEATURES})


@st.composite
def monitors(draw: st.DrawFn) -> Monitor:
    of = draw(st.integers(1, 5))
    return monitor(
        hysteresis={"windows": draw(st.integers(1, of)), "of": of},
        resolve_after=draw(st.integers(1, 3)),
        cooldown=f"{draw(st.integers(0, 4))}m",
        insufficient_after=draw(st.integers(0, 3)),
        retrain=draw(st.booleans()),
        rollback=draw(st.booleans()),
    )


class AlertsMachine(RuleBasedStateMachine):
    """Two books see the same windows; one of them is dumped and loaded at any time."""

    @initialize(rule_=monitors(), cooldown=st.integers(0, 5), expire=st.integers(1, 5))
    def begin(self, rule_: Monitor, cooldown: int, expire: int) -> None:
        self.rule_ = rule_
        self.spacing = {"cooldown": f"{cooldown}m", "expire": f"{expire}m"}
        self.cooldown_ms = cooldown * MINUTE
        self.whole, self.restarted = self.new(), self.new()
        self.index = 0
        self.history: dict[tuple[str, str], str] = defaultdict(str)
        self.firing: set[str] = set()
        self.ids: set[str] = set()
        self.resolved_ms: dict[str, int] = {}
        self.requests: dict[str, list[TriggerNotice]] = defaultdict(list)

    def new(self) -> AlertBook:
        return book(self.rule_, **self.spacing)

    @rule(letters=VERDICTS)
    def a_window_closes(self, letters: dict[tuple[str, str], str]) -> None:
        self.index += 1
        one = evaluated(self.rule_, letters, window(self.index))
        notices = self.whole.step(one, self.index)
        assert b"\n".join(map(encode, notices)) == b"\n".join(
            map(encode, self.restarted.step(one, self.index))
        )
        for place, letter in letters.items():
            self.history[place] += letter.strip().replace("?", "")
        for notice in notices:
            self.check(notice)

    @rule()
    def a_restart(self) -> None:
        data = self.restarted.dump()
        self.restarted = self.new()
        self.restarted.load(data)

    @rule(started=st.booleans())
    def a_retraining_is_reported(self, started: bool) -> None:
        for states in (self.whole, self.restarted):
            event = "started" if started else "finished"
            states.retraining_reported("credit", event, window(self.index).end_ms)  # type: ignore[arg-type]  # hypothesis draws text

    @invariant()
    def dumps_are_equal(self) -> None:
        if hasattr(self, "whole"):
            assert self.whole.dump() == self.restarted.dump()

    @invariant()
    def exactly_the_open_alerts_are_known(self) -> None:
        if hasattr(self, "whole"):
            known = {one.alert_id for one in self.whole.open_alerts() if one.state is AlertState.FIRING}
            assert known == self.firing

    def check(self, notice: Notice) -> None:
        if isinstance(notice, TriggerNotice):
            self.check_request(notice)
            return
        if notice.transition:
            assert notice.id not in self.ids
            self.ids.add(notice.id)
        else:
            assert notice.id in self.ids
        if notice.state is AlertState.FIRING and notice.transition:
            assert notice.alert_id not in self.firing, "fires twice without a resolution"
            self.firing.add(notice.alert_id)
            if notice.reason is Reason.BREACH:
                self.check_fires(notice)
        elif notice.state is AlertState.RESOLVED:
            assert notice.fired == (notice.alert_id in self.firing)
            if notice.fired:
                self.firing.discard(notice.alert_id)
                self.resolved_ms[notice.alert_id] = notice.at_ms

    def check_fires(self, notice: AlertNotice) -> None:
        need = self.rule_.hysteresis
        last = self.history[notice.feature, notice.slice][-need.of :]
        assert last.count("x") >= need.windows
        assert last.endswith("x")
        before = self.resolved_ms.get(notice.alert_id)
        assert before is None or notice.at_ms >= before + self.rule_.cooldown

    def check_request(self, made: TriggerNotice) -> None:
        assert made.trigger_id not in self.ids
        self.ids.add(made.trigger_id)
        assert {one.alert_id for one in made.evidence} <= self.firing
        earlier = self.requests[made.kind]
        assert not earlier or made.requested_ms >= earlier[-1].requested_ms + self.cooldown_ms
        earlier.append(made)


TestAlerts = AlertsMachine.TestCase
TestAlerts.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
