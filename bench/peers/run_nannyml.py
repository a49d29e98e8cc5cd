"""NannyML's drift calculator over windows: ``python -m bench.peers.run_nannyml``, in the peers' environment.

As it comes: methods and thresholds are the library's. A chunk is a window, for without a size every window
would be cut into ten. For the comparison of speed, a task that says ``compared``, the methods are KS and
Jensen-Shannon: it has no PSI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nannyml
from nannyml.drift.univariate import UnivariateDriftCalculator

from bench.peers.serving import Frame, Judged, Work, serve


def prepare(reference: Frame, windows: list[Frame], task: Mapping[str, Any]) -> Work:
    """Verdicts of a calculator that is fitted to the reference beforehand."""
    chosen: dict[str, Any] = {}
    if task.get("compared"):
        chosen["continuous_methods"] = ["kolmogorov_smirnov", "jensen_shannon"]
    calculator = UnivariateDriftCalculator(
        column_names=list(reference.columns), chunk_size=task["rows"], **chosen
    ).fit(reference)

    def work() -> Judged:
        drifted: list[list[str]] = []
        used: dict[str, str] = {}
        for window in windows:
            table = calculator.calculate(window).filter(period="analysis").to_df()
            alerts = [key for key in table.columns if key[2] == "alert"]
            used |= {column: f"{method}, {_limit(table, column, method)}" for column, method, _ in alerts}
            drifted.append(sorted({key[0] for key in alerts if bool(table[key].iloc[0])}))
        return drifted, used

    return work


def _limit(table: Frame, column: str, method: str) -> str:
    return f"{table[column, method, 'upper_threshold'].iloc[0]:.4f}"


if __name__ == "__main__":
    serve(nannyml.__version__, prepare)
