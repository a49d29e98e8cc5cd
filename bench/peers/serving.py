"""What both runners share: a JSON object a line in, one out. Runs in the peers' environment."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

Frame = Any
"""A data frame; Driftline's own environment has no pandas to take the type from."""

Judged = tuple[list[list[str]], dict[str, str]]
"""Drifted columns by window, and by column the method and its threshold."""

Work = Callable[[], Judged]


def serve(version: str, prepare: Callable[[Frame, list[Frame], Mapping[str, Any]], Work]) -> None:
    """Answer every task on standard input: drifted columns by window, and the CPU seconds of judging them.

    A task names two Parquet files, ``reference`` and ``windows``, and the ``rows`` of a window. The clock
    runs from data frames in memory to verdicts; ``prepare`` fits to the reference before that.
    """
    warnings.simplefilter("ignore")
    # Libraries print; answers have the standard output to themselves.
    answers, sys.stdout = sys.stdout, sys.stderr
    _say(answers, {"version": version, "pandas": pd.__version__})
    for line in sys.stdin:
        task = json.loads(line)
        reference, windows = pd.read_parquet(task["reference"]), pd.read_parquet(task["windows"])
        work = prepare(reference, list(_cut(windows, task["rows"])), task)
        start = time.process_time()
        drifted, methods = work()
        seconds = time.process_time() - start
        _say(answers, {"drifted": drifted, "methods": methods, "cpu_s": seconds})


def kinds(frame: Frame) -> tuple[list[str], list[str]]:
    """Numeric columns, and the others."""
    numeric = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    return numeric, [name for name in frame.columns if name not in numeric]


def _cut(windows: Frame, rows: int) -> Iterator[Frame]:
    for start in range(0, len(windows), rows):
        yield windows.iloc[start : start + rows].reset_index(drop=True)


def _say(answers: Any, message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()
