from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from detectors.profile import Profile
from service.alerts.notice import AlertState
from service.evaluation.result import Evaluated, Result, Verdict
from service.web.board import ALERTS, HISTORY, HISTORY_VALUES, RESOLVED, VERSIONS, Board
from service.web.summary import ModelStatus, model_summary
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.closed import ClosedWindow
from tests.web.scene import HOUR, MINUTE, START, judge, make_alert, make_settings, make_trigger, make_window

KEY = ("credit", "7", "1h/5m")


@pytest.fixture
def board() -> Board:
    return Board(make_settings())


@pytest.fixture
def breach(drifted: Evaluated) -> Result:
    return next(item.result for item in drifted.judgements if item.verdict is Verdict.BREACH)


def window_at(profile: Profile, end_ms: int, version: str = "7") -> Evaluated:
    return judge(make_settings(), make_window(profile, 3, end_ms=end_ms, events=300, version=version))


def test_the_newest_window_stays_when_an_older_one_comes_later(board: Board, profile: Profile) -> None:
    newer, older = window_at(profile, START + HOUR), window_at(profile, START)
    board.update(newer)
    board.update(older)
    assert board.snapshots()[KEY].evaluated is newer


def test_a_window_evaluated_again_replaces_its_point_in_the_history(board: Board, profile: Profile) -> None:
    board.update(window_at(profile, START))
    board.update(window_at(profile, START))
    assert len(board.snapshots()[KEY].series("all", "age", "psi")) == 1


def test_the_history_is_bounded_and_ordered(board: Board, profile: Profile) -> None:
    one = window_at(profile, START)
    for i in range(HISTORY + 7):
        shifted = Evaluated(make_window_like(one, START + i * MINUTE * 5), one.results, one.judgements)
        board.update(shifted)
    points = board.snapshots()[KEY].series("all", "age", "psi")
    assert [end for end, _ in points] == [START + (i + 7) * MINUTE * 5 for i in range(HISTORY)]


def test_a_small_window_leaves_a_trend_of_every_slice(board: Board, drifted: Evaluated) -> None:
    board.update(drifted)
    snapshot = board.snapshots()[KEY]
    for judgement in drifted.judgements:
        result = judgement.result
        assert snapshot.series(result.slice, result.feature, result.metric) == (
            (drifted.window.end_ms, result.value),
        )
    assert board.cut["history_value"] == 0


def test_of_a_large_window_the_overall_slice_is_remembered_and_what_is_cut_is_counted(
    board: Board, drifted: Evaluated
) -> None:
    overall = [item for item in drifted.results if item.slice == "all"]
    many = [msgspec.structs.replace(overall[0], feature=f"f{i}") for i in range(HISTORY_VALUES + 30)]
    board.update(replace(drifted, results=tuple(many)))
    points = [board.snapshots()[KEY].series("all", item.feature, item.metric) for item in many]
    assert sum(len(found) for found in points) == HISTORY_VALUES
    breaches = sum(
        item.verdict is Verdict.BREACH and item.result.slice != "all" for item in drifted.judgements
    )
    assert board.cut["history_value"] == 30 + breaches


def make_window_like(evaluated: Evaluated, end_ms: int) -> ClosedWindow:
    return replace(evaluated.window, start_ms=end_ms - HOUR, end_ms=end_ms)


def test_a_version_whose_windows_stop_is_retired_with_the_models_next_windows(
    board: Board, profile: Profile
) -> None:
    board.update(window_at(profile, START, version="6"))
    board.update(window_at(profile, START + 10 * MINUTE))
    assert {key[1] for key in board.snapshots("credit")} == {"6", "7"}
    board.update(window_at(profile, START + 15 * MINUTE))
    assert {key[1] for key in board.snapshots("credit")} == {"7"}
    assert board.cut["version"] == 0


def test_versions_are_bounded_and_what_is_cut_is_counted(board: Board, profile: Profile) -> None:
    for i in range(VERSIONS + 2):
        board.update(window_at(profile, START, version=str(i)))
    assert len(board.snapshots()) == VERSIONS
    assert board.cut["version"] == 2


def test_forgetting_a_model_leaves_nothing_of_it(board: Board, drifted: Evaluated, breach: Result) -> None:
    board.update(drifted)
    board.notice(make_alert(breach))
    board.notice(make_trigger(make_alert(breach)))
    board.watermark("credit", START)
    board.learning("churn", "3", 1, 10)
    board.forget("credit")
    assert board.owned() == ("churn",)
    assert not board.snapshots("credit")
    assert not board.open_alerts()
    assert not board.triggers()
    assert board.watermark_ms("credit") is None
    assert board.progress()


def test_an_alert_is_open_until_its_resolved_notice(board: Board, breach: Result) -> None:
    board.notice(make_alert(breach, AlertState.PENDING))
    board.notice(make_alert(breach, AlertState.FIRING))
    assert [item.state for item in board.open_alerts()] == [AlertState.FIRING]
    board.notice(make_alert(breach, AlertState.RESOLVED))
    assert not board.open_alerts()
    assert [item.state for item in board.resolved_alerts()] == [AlertState.RESOLVED]


def test_a_resolved_notice_that_is_repeated_is_listed_once(board: Board, breach: Result) -> None:
    for _ in range(3):
        board.notice(make_alert(breach, AlertState.RESOLVED))
    assert len(board.resolved_alerts()) == 1


def test_a_pending_alert_that_never_fired_is_not_listed_as_resolved(board: Board, breach: Result) -> None:
    board.notice(make_alert(breach, AlertState.PENDING))
    board.notice(make_alert(breach, AlertState.RESOLVED, fired=False))
    assert not board.open_alerts()
    assert not board.resolved_alerts()


def test_open_and_resolved_alerts_are_bounded(board: Board, breach: Result) -> None:
    for i in range(ALERTS + 5):
        board.notice(make_alert(breach, name=f"monitor-{i}"))
    assert len(board.open_alerts()) == ALERTS
    assert board.cut["alert"] == 5
    for i in range(RESOLVED + 5):
        board.notice(make_alert(breach, AlertState.RESOLVED, name=f"monitor-{i}"))
    assert len(board.resolved_alerts()) == RESOLVED


def test_a_repeated_request_is_listed_once(board: Board, breach: Result) -> None:
    for _ in range(2):
        board.notice(make_trigger(make_alert(breach)))
    assert len(board.triggers()) == 1


def test_every_change_raises_the_revision_and_nothing_else_does(board: Board, drifted: Evaluated) -> None:
    seen = [board.revision]
    board.update(drifted)
    seen.append(board.revision)
    board.watermark("credit", START)
    seen.append(board.revision)
    board.watermark("credit", START)
    board.snapshots()
    assert seen == sorted(set(seen))
    assert board.revision == seen[-1]


def test_progress_of_learning_ends_with_the_first_window_that_has_a_reference(
    board: Board, drifted: Evaluated
) -> None:
    board.learning("credit", "7", 50, 100)
    assert board.progress()
    board.update(drifted)
    board.learning("credit", "7", 100, 100)
    assert not board.progress()


def test_a_watermark_is_shown_once_every_source_was_heard_and_stays_after_the_last_one_ended(
    board: Board,
) -> None:
    seen = []
    for ms in (NEVER_MS - 30_000, START, FOREVER_MS, NEVER_MS):
        board.watermark("credit", ms)
        summary = model_summary(board, "credit")
        assert summary is not None
        seen.append(summary.watermark)
    assert seen == [None, "2026-08-22T10:00:00Z", "2026-08-22T10:00:00Z", None]
    assert board.owned() == ("credit",)


def test_a_model_goes_from_waiting_over_learning_to_ok_and_drifting(
    board: Board, calm: Evaluated, drifted: Evaluated
) -> None:
    def status() -> ModelStatus:
        summary = model_summary(board, "credit")
        assert summary is not None
        return summary.status

    seen = [status()]
    board.learning("credit", "7", 10, 100)
    seen.append(status())
    board.update(calm)
    seen.append(status())
    board.update(drifted)
    seen.append(status())
    assert seen == [ModelStatus.WAITING, ModelStatus.LEARNING, ModelStatus.OK, ModelStatus.DRIFTING]


def test_a_window_in_which_no_monitor_has_enough_data_is_not_ok(board: Board, profile: Profile) -> None:
    evaluated = judge(make_settings(), make_window(profile, 5, events=8))
    quiet = tuple(item for item in evaluated.judgements if item.verdict is Verdict.NO_DATA)
    assert quiet
    board.update(Evaluated(evaluated.window, evaluated.results, quiet))
    summary = model_summary(board, "credit")
    assert summary is not None
    assert summary.status is ModelStatus.NO_DATA
