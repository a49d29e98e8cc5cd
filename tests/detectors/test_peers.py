"""The peers get the events that Driftline gets, and what they say is what they report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.peers.files import write
from bench.peers.peer import RUNNERS, Peer, missing
from bench.peers.speed import FEATURES, Driftline, _drawn
from bench.quality.traffic import EVENTS, INDEPENDENT, NOTHING, Drift, draw, reference_of
from detectors.building import build_profile, count
from detectors.layout import COUNTERS

reason = missing()


def test_a_file_holds_every_feature_and_the_predictions_and_labels(tmp_path: Path) -> None:
    records = draw(np.random.default_rng(), 500, INDEPENDENT, NOTHING, np.zeros(500))
    table = pq.read_table(write([records, records], tmp_path / "a.parquet"))

    assert table.num_rows == 1_000
    assert table.column_names == [*records.numeric_names, *records.categorical_names, "prediction", "actual"]
    np.testing.assert_array_equal(table["x03"].to_numpy()[500:], records.numeric[:, 3])
    assert table["c1"].to_pylist()[:500] == records.categorical[1]
    positive = int(records.counters[:, COUNTERS.index("actual_positive")].sum())
    assert table["actual"].to_pylist().count("yes") == 2 * positive


def test_the_clocked_counting_is_that_of_a_profile() -> None:
    rng = np.random.default_rng()
    reference, window = _drawn(rng, 5_000, 0.0), _drawn(rng, 1_000, 0.5)
    window.numeric[::50, 3] = np.nan
    profile = build_profile("speed", "1", reference).profile
    own = Driftline(profile)

    np.testing.assert_array_equal(own.totals(window), count(profile.layout, window, ("all",)))
    assert own.psi_and_ks(window) == own.evaluated(window) == {FEATURES[0]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(bool(reason), reason=reason or "the peers are here")
@pytest.mark.parametrize("name", sorted(RUNNERS))
def test_a_peer_reports_the_column_that_moved_by_half_a_standard_deviation(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.peers.peer.KEPT", tmp_path / "kept")
    rng = np.random.default_rng()
    reference, _ = reference_of(rng, INDEPENDENT)
    hours = [draw(rng, EVENTS, INDEPENDENT, drift, np.zeros(EVENTS)) for drift in (NOTHING, Drift(mean=0.5))]
    with Peer(name) as peer:
        answer = peer.judge(
            write([reference], tmp_path / "reference.parquet"),
            write(hours, tmp_path / "windows.parquet"),
            EVENTS,
        )

    assert "x00" in answer.drifted[1]
    assert len(answer.drifted) == 2
    assert set(answer.methods) == {
        *reference.numeric_names,
        *reference.categorical_names,
        "prediction",
        "actual",
    }
    assert answer.cpu_s > 0
    assert len(list((tmp_path / "kept").iterdir())) == 1
