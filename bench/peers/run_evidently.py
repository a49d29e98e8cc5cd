"""Evidently's drift preset over windows: ``python -m bench.peers.run_evidently``, in the peers' environment.

As it comes: ``DataDriftPreset()`` chooses method and threshold of each column. For the comparison of speed, a
task that says ``compared``, the methods are PSI and KS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import evidently
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from bench.peers.serving import Frame, Judged, Work, kinds, serve


def prepare(reference: Frame, windows: list[Frame], task: Mapping[str, Any]) -> Work:
    """Reports of all windows. There is nothing to fit: each computes from the whole reference."""
    numeric, others = kinds(reference)
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=others)
    before = Dataset.from_pandas(reference, data_definition=definition)
    methods = ("psi", "ks") if task.get("compared") else (None,)
    report = Report([DataDriftPreset(method=method) for method in methods])

    def work() -> Judged:
        drifted: list[list[str]] = []
        used: dict[str, str] = {}
        for window in windows:
            found = report.run(Dataset.from_pandas(window, data_definition=definition), before).dict()
            columns = [metric for metric in found["metrics"] if "column" in metric["config"]]
            used |= {
                m["config"]["column"]: f"{m['config']['method']}, {m['config']['threshold']}" for m in columns
            }
            drifted.append(sorted({m["config"]["column"] for m in columns if _drifted(m)}))
        return drifted, used

    return work


def _drifted(metric: Mapping[str, Any]) -> bool:
    method, threshold = metric["config"]["method"], metric["config"]["threshold"]
    # A score is a p-value where the method is a test, else a distance.
    return bool(metric["value"] < threshold if "p_value" in method else metric["value"] >= threshold)


if __name__ == "__main__":
    serve(evidently.__version__, prepare)
