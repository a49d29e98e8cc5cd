"""Running sums: what leaves a window leaves exactly the rest behind."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.windows.codec import encode_rows
from service.windows.running import FoldedPane, RunningWindow

SIZE = 3
Counts = dict[str, int]
PANES = st.dictionaries(
    st.integers(0, 30),
    st.dictionaries(st.sampled_from([f"region={i}" for i in range(30)]), st.integers(1, 2**55), max_size=8),
    max_size=20,
)


def folded(start: int, counts: Counts, digest: str = "a") -> FoldedPane:
    names = ("all", *counts)
    rows = np.zeros((len(names), SIZE), np.int64)
    rows[1:, 1] = list(counts.values())
    rows[1:, 0] = [-count for count in counts.values()]
    rows[0] = rows[1:].sum(axis=0)
    return FoldedPane(start, digest, names, encode_rows(rows, 1))


@given(PANES, st.integers(1, 12), st.lists(st.integers(0, 9), max_size=12))
def test_a_window_that_moves_holds_what_a_fresh_sum_of_its_panes_holds(
    counts: dict[int, Counts], length: int, moves: list[int]
) -> None:
    panes = [folded(start, counts[start]) for start in sorted(counts)]
    running, end = RunningWindow(), 0
    for move in moves:
        end += move
        running.advance(end - length, end, panes, "a", SIZE)
        fresh = RunningWindow()
        fresh.advance(end - length, end, panes, "a", SIZE)
        names, rows = running.totals()
        assert names == fresh.totals()[0]
        np.testing.assert_array_equal(rows, fresh.totals()[1])
        expected: Counts = {}
        for start in range(end - length, end):
            for name, count in counts.get(start, {}).items():
                expected[name] = expected.get(name, 0) + count
        assert dict(zip(names[1:], rows[1:, 1].tolist(), strict=True)) == dict(sorted(expected.items()))
        assert rows[0].tolist() == [-sum(expected.values()), sum(expected.values()), 0]


def test_slices_that_come_and_go_do_not_pile_up() -> None:
    running = RunningWindow()
    panes = [folded(start, {f"region={start}": 1}) for start in range(1_000)]
    for end in range(1, 1_001):
        running.advance(end - 2, end, panes, "a", SIZE)
        running.totals()
    assert running.totals()[0] == ("all", "region=998", "region=999")
    assert len(running._merged._index) < 50


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=12), st.integers(1, 6))
def test_panes_of_two_digests_never_meet_in_a_sum(digests: list[str], length: int) -> None:
    panes = [folded(start, {"region=eu": 10**start}, digest) for start, digest in enumerate(digests)]
    running = RunningWindow()
    for end in range(1, len(digests) + 1):
        digest = digests[end - 1]
        running.advance(end - length, end, panes, digest, SIZE)
        inside = [start for start in range(max(0, end - length), end) if digests[start] == digest]
        assert [pane.start_ms for pane in running.panes] == inside
        assert running.totals()[1][0, 1] == sum(10**start for start in inside)


def test_what_a_window_said_is_not_changed_by_what_comes_after() -> None:
    running = RunningWindow()
    panes = [folded(start, {"region=eu": start + 1}) for start in range(3)]
    running.advance(0, 1, panes, "a", SIZE)
    before = running.totals()[1]
    kept = before.copy()
    running.advance(1, 2, panes, "a", SIZE)
    np.testing.assert_array_equal(before, kept)
