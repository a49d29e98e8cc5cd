"""The alert book: every alert that is open or may soon be, advanced window by window in event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from service.alerts.machine import Phase
from service.alerts.notice import AlertNotice, Notice, Reason, TriggerKind, TriggerNotice
from service.alerts.rules import by_identity, rule_digest
from service.alerts.snapshot import Scope, Snapshot, read, write
from service.alerts.tracked import Moment, Tracked, advance, close
from service.alerts.triggers import (
    RETRAINING,
    ROLLBACK,
    Gate,
    GateReason,
    RetrainingEvent,
    look,
    report,
    request,
)
from service.config.against import in_words
from service.config.monitor import Monitor
from service.config.past import PastSpec
from service.config.receivers import RetrainingSpec
from service.evaluation.judged import concerning
from service.evaluation.result import Evaluated, Judgement, Verdict
from service.windows.closed import ClosedWindow

ABANDONED_AFTER = 1000
"""Windows in a row without a trace of a slice, after which its alerts are resolved and forgotten."""

TRACKED_MAX = 100_000
"""Most things tracked at once by default; what comes on top is counted in ``AlertBook.untracked``."""

Key = tuple[str, str, str, str]
ScopeKey = tuple[str, str, str]
_BREACHING = frozenset({Reason.BREACH, Reason.STILL_BREACHING})
_SILENT = frozenset({Verdict.HOLDING, Verdict.CLEAR})


class AlertBook:
    """All alert state of the models whose windows it is shown.

    Parameters
    ----------
    monitors
        The rules in force; name and severity together must be unique.
    retraining
        How requests are spaced.
    config_digest
        Stated in every notice, so that a reader later knows which rules were in force.
    tracked_max
        Most things tracked at once.
    against
        By baseline what it is in words, see :func:`service.config.against.in_words`.

    Attributes
    ----------
    untracked
        Breaches and silences that were not followed because ``tracked_max`` was reached.

    Raises
    ------
    ConfigError
        When two monitors would raise alerts of one identity.
    """

    def __init__(
        self,
        monitors: Iterable[Monitor],
        retraining: RetrainingSpec,
        config_digest: str,
        *,
        tracked_max: int = TRACKED_MAX,
        against: Mapping[str, str] | None = None,
    ) -> None:
        self._against = in_words(PastSpec()) if against is None else against
        self.untracked = 0
        self._rules = by_identity(monitors)
        self._digests = {identity: rule_digest(monitor) for identity, monitor in self._rules.items()}
        self._retraining = retraining
        self._config_digest = config_digest
        self._tracked_max = tracked_max
        self._tracked_count = 0
        self._scopes: dict[ScopeKey, dict[Key, Tracked]] = {}
        self._ends: dict[ScopeKey, int] = {}
        self._gates: dict[tuple[str, TriggerKind], Gate] = {}

    def step(self, evaluated: Evaluated, position: int = 0) -> list[Notice]:
        """Judge one closed window; the same window a second time changes and says nothing.

        Parameters
        ----------
        evaluated
            Windows of one model version and window name come in order of their ends.
        position
            How far the evaluator has read; stated in every notice.

        Returns
        -------
        list of Notice
            Transitions and restatements in the order of the judgements, then those of things that did not
            appear, in order of identity, then requests to act.
        """
        window = evaluated.window
        scope = (window.model, window.version, window.name)
        if window.end_ms <= self._ends.get(scope, -1):
            return []
        self._ends[scope] = window.end_ms
        tracked = self._scopes.setdefault(scope, {})
        moment = Moment(window, self._config_digest, position, self._against)
        seen: set[Key] = set()
        notices: list[Notice] = []
        for judgement in concerning(evaluated.judgements, tracked):
            if not tracked and judgement.verdict in _SILENT:  # nearly all of them, and thousands in a window
                continue
            state = self._find(tracked, judgement)
            if state is not None:
                seen.add(_key(state))
                notices += self._judge(tracked, state, judgement, moment)
        for key in sorted(tracked.keys() - seen):
            notices += self._miss(tracked, tracked[key], moment)
        if tracked:
            notices += self._triggers(window, tracked, moment)
        return notices

    def open_alerts(self) -> Iterator[AlertNotice]:
        """The last statement of every alert that is pending or firing."""
        for _, tracked in sorted(self._scopes.items()):
            for _, state in sorted(tracked.items()):
                yield from (notice for notice in (state.alert, state.no_data) if notice is not None)

    def retire(self, window: ClosedWindow, position: int = 0) -> list[AlertNotice]:
        """Resolve and forget everything of a version and window of which this one was the last."""
        scope = (window.model, window.version, window.name)
        self._ends.pop(scope, None)
        tracked = self._scopes.pop(scope, {})
        self._tracked_count -= len(tracked)
        return [
            notice
            for _, state in sorted(tracked.items())
            for notice in close(state, Reason.VERSION_RETIRED, window.end_ms, position)
        ]

    def retraining_reported(self, model: str, event: RetrainingEvent, at_ms: int) -> None:
        """Take in that a retraining of the model started or finished."""
        report(self._gate(model, RETRAINING), event, at_ms)

    def retraining_gate(self, model: str, at_ms: int) -> GateReason:
        """Whether a retraining could be requested at ``at_ms``, or why not."""
        gate = self._gates.get((model, RETRAINING), Gate(model=model, kind=RETRAINING))
        return look(gate, self._retraining, at_ms)

    def dump(self) -> bytes:
        """All state; equal books give equal bytes, whatever way they came to be equal."""
        scopes = [
            Scope(
                model=scope[0],
                version=scope[1],
                window=scope[2],
                last_end_ms=self._ends[scope],
                tracked=[state for _, state in sorted(tracked.items())],
            )
            for scope, tracked in sorted(self._scopes.items())
        ]
        gates = [gate for _, gate in sorted(self._gates.items())]
        return write(Snapshot(untracked=self.untracked, scopes=scopes, gates=gates))

    def load(self, data: bytes) -> None:
        """Replace all state by a dump.

        Raises
        ------
        DriftlineError
            When it was written by another version of the schema, or is no dump.
        """
        snapshot = read(data)
        self.untracked = snapshot.untracked
        self._gates = {(gate.model, gate.kind): gate for gate in snapshot.gates}
        self._scopes, self._ends = {}, {}
        for scope in snapshot.scopes:
            key = (scope.model, scope.version, scope.window)
            self._scopes[key] = {_key(state): state for state in scope.tracked}
            self._ends[key] = scope.last_end_ms
        self._tracked_count = sum(len(tracked) for tracked in self._scopes.values())

    def _find(self, tracked: dict[Key, Tracked], judgement: Judgement) -> Tracked | None:
        """State of what is judged, begun when the verdict calls for it; most are quiet and have none."""
        verdict, monitor = judgement.verdict, judgement.monitor
        counts = verdict is Verdict.NO_DATA and monitor.insufficient_after > 0
        quiet = verdict is not Verdict.BREACH and not counts
        if quiet and not tracked:
            return None
        key = (monitor.name, monitor.severity, judgement.result.feature, judgement.result.slice)
        found = tracked.get(key)
        if found is not None or quiet:
            return found
        if self._tracked_count >= self._tracked_max:
            self.untracked += 1
            return None
        name, severity, feature, slice_ = key
        rule = self._digests[name, severity]
        begun = Tracked(monitor=name, severity=severity, feature=feature, slice=slice_, rule=rule)
        tracked[key] = begun
        self._tracked_count += 1
        return begun

    def _judge(
        self, tracked: dict[Key, Tracked], state: Tracked, judgement: Judgement, moment: Moment
    ) -> list[AlertNotice]:
        rule = self._digests[state.monitor, state.severity]
        if state.rule != rule:
            # Counts made under the old rule mean nothing under the new one; what fires goes on firing.
            state.rule = rule
            state.memory = msgspec.structs.replace(state.memory, history="", good_windows=0)
        notices = advance(state, judgement.monitor, judgement, moment)
        self._forget_if_quiet(tracked, state, moment)
        return notices

    def _miss(self, tracked: dict[Key, Tracked], state: Tracked, moment: Moment) -> list[AlertNotice]:
        """One window in which a tracked thing did not appear."""
        end_ms, identity = moment.window.end_ms, (state.monitor, state.severity)
        reason = None
        if identity not in self._rules:
            reason = Reason.MONITOR_REMOVED
        elif state.rule != self._digests[identity]:
            reason = Reason.MONITOR_CHANGED
        elif state.absent_windows + 1 >= ABANDONED_AFTER:
            reason = Reason.ABANDONED
        if reason is not None:
            del tracked[_key(state)]
            self._tracked_count -= 1
            return close(state, reason, end_ms, moment.position)
        notices = advance(state, self._rules[identity], None, moment)
        self._forget_if_quiet(tracked, state, moment)
        return notices

    def _forget_if_quiet(self, tracked: dict[Key, Tracked], state: Tracked, moment: Moment) -> None:
        if state.forgettable(moment.window.end_ms):
            del tracked[_key(state)]
            self._tracked_count -= 1

    def _triggers(
        self, window: ClosedWindow, tracked: dict[Key, Tracked], moment: Moment
    ) -> list[TriggerNotice]:
        """Requests that this window's breaches call for and the gates allow; rollback first, it is urgent."""
        made = []
        for kind in (ROLLBACK, RETRAINING):
            if not self._asking(tracked, kind):
                continue
            gate = self._gate(window.model, kind)
            if look(gate, self._retraining, window.end_ms) is not GateReason.OPEN:
                continue
            of_model = [states for scope, states in sorted(self._scopes.items()) if scope[0] == window.model]
            alerts = [alert for states in of_model for alert in self._asking(states, kind)]
            made.append(request(gate, self._retraining, alerts, moment))
        return made

    def _asking(self, tracked: dict[Key, Tracked], kind: TriggerKind) -> Sequence[AlertNotice]:
        """Alerts that fire, breached when last judged, and whose monitor asks for this; by identity."""
        asking = []
        for key, state in sorted(tracked.items()):
            monitor = self._rules.get(key[:2])
            if monitor is None or state.alert is None or state.memory.phase is not Phase.FIRING:
                continue
            asks = monitor.retrain if kind == RETRAINING else monitor.rollback
            if asks and state.alert.reason in _BREACHING:
                asking.append(state.alert)
        return asking

    def _gate(self, model: str, kind: TriggerKind) -> Gate:
        return self._gates.setdefault((model, kind), Gate(model=model, kind=kind))


def _key(state: Tracked) -> Key:
    return (state.monitor, state.severity, state.feature, state.slice)
