"""A good configuration to spoil, and how to look at what was found."""

from collections.abc import Iterator
from typing import NamedTuple

from service.config.loading import parse
from service.config.problems import ConfigErrors, Problem


class Case(NamedTuple):
    """One change of the good file, and the problem it makes."""

    old: str
    new: str
    path: str
    message: str
    consequence: str
    mend: str


GOOD = """\
kafka:
  bootstrap_servers: kafka-0:9092,kafka-1:9092
sources:
  - topic: credit.predictions
models:
  - name: credit
    versions: ["7"]
    features:
      age: {type: numeric, min: 18, max: 120}
      state: {type: categorical, categories: [CA, NY]}
    slices: [[region], [region, plan]]
    windows: [{length: 1h, every: 5m}, {length: 1d}]
    lateness: 30s
    reference: {learn: {events: 5000, start: 2026-01-01T00:00:00Z, end: 2026-02-01T00:00:00Z}}
monitors:
  - {name: drift, metric: psi, threshold: 0.2, models: [credit], features: [age], slices: [all],
     window: 1h/5m}
  - {name: errors, metric: error_ratio, threshold: 0.1}
receivers:
  alertmanager: {urls: ["http://am-0:9093"], labels: {team: risk}}
  webhooks:
    - {name: ops, url: "https://example.com/hook", types: [drift.alert.firing], timeout: 5s}
web: {port: 8080}
limits: {slices: 100}
timing: {flush: 1s}
"""


def problems_of(text: str) -> tuple[Problem, ...]:
    """The problems of a text; none when it is good."""
    try:
        parse(text, "test.yaml")
    except ConfigErrors as errors:
        return errors.problems
    return ()


def spoiled(old: str, new: str) -> str:
    """The good configuration with one change, which must be possible in one place only."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times in the good configuration"
    return GOOD.replace(old, new)


def line_of(text: str, part: str) -> int:
    """The line, counted from 1, of the only one that holds ``part``."""
    lines: Iterator[int] = (i for i, line in enumerate(text.splitlines(), start=1) if part in line)
    found = list(lines)
    assert len(found) == 1, f"{part!r} stands in lines {found}"
    return found[0]
