"""How well drift is found, and how rarely what is none: ``python -m bench.quality [--quick]``.

Every run draws its own seed, prints it and keeps it with the results in ``bench/results/quality.json``;
``--seed`` repeats a run. docs/methods/quality.md tells how to read the tables.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

import click
import orjson

from bench.peers.peer import missing
from bench.quality.columns import EVIDENTLY, NANNYML
from bench.quality.dependence import rates
from bench.quality.detection import run
from bench.quality.document import document
from bench.quality.judges import Judges
from bench.quality.online import run_lengths
from bench.quality.report import TABLES, Document
from bench.quality.scenarios import SCENARIOS
from bench.quality.seasonal import same_hour
from bench.report import RESULTS, machine, state

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is drawn.

    Attributes
    ----------
    runs, windows_max
        Of each scenario, and the most windows of a run.
    trials
        Of the tests under dependence.
    share, delays
        Of the online detectors' full length, and trials a step.
    peers
        By peer how many windows of a scenario it judges; Evidently takes seconds for each.
    """

    runs: int
    windows_max: int
    trials: int
    share: float
    delays: int
    peers: Mapping[str, int]


FULL = Size(10, 50, 400, 0.3, 50, {EVIDENTLY: 10, NANNYML: 1_000})
QUICK = Size(8, 2, 60, 0.05, 10, {EVIDENTLY: 1, NANNYML: 4})
PATH = RESULTS / "quality.json"
REFERENCES = (20_000, 50_000)


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the work: says whether it runs, not how good it is.")
@click.option("--seed", type=int, help="Repeats the run of this seed; default: a fresh one.")
@click.option("--save/--no-save", "keep", default=True, help="Whether bench/results/quality.json is written.")
@click.option(
    "--seasonal", is_flag=True, help="Only the seasonal baselines, again, into the results there are."
)
def main(*, quick: bool, seed: int | None, keep: bool, seasonal: bool) -> None:
    """Measure what is found and what is made up."""
    size = QUICK if quick else FULL
    seed = secrets.randbits(32) if seed is None else seed
    if seasonal:
        _again(size, seed, keep=keep)
        return
    where = {"seed": seed, "quick": quick, **state(), "machine": machine()}
    reason = missing()
    if reason:
        print(f"Without the peers' columns: {reason}.", file=sys.stderr)
    with Judges(() if reason else tuple(size.peers)) as judges:
        asked = {} if reason else size.peers
        outcomes = _watched("scenarios", run(SCENARIOS, seed, size.runs, size.windows_max, judges, asked))
        peers = {name: judges.about[name] | {"methods": judges.methods[name]} for name in asked}
    rhythm = _watched("seasonal baselines", same_hour(seed, size.runs))
    judged = _watched("dependence", (r for n in REFERENCES for r in rates(seed, size.trials, n)))
    lengths = _watched("online detectors", run_lengths(seed, size.share, size.delays))
    found = orjson.loads(orjson.dumps(where | document(outcomes, rhythm, judged, lengths, peers)))
    _tell(found, TABLES, keep=keep)


def _again(size: Size, seed: int, *, keep: bool) -> None:
    """The seasonal baselines alone; the results say of which commit and seed they are."""
    found = orjson.loads(PATH.read_bytes())
    rhythm = [asdict(line) for line in _watched("seasonal baselines", same_hour(seed, size.runs))]
    found |= {"seasonal": rhythm, "seasonal_of": {"seed": seed, **state(), "machine": machine()}}
    _tell(orjson.loads(orjson.dumps(found)), {"seasonal": TABLES["seasonal"]}, keep=keep)


def _tell(
    found: Document, tables: Mapping[str, tuple[str, Callable[[Document], str]]], *, keep: bool
) -> None:
    print(f"Seed {found['seed']}. Shares with 95 % intervals.\n")
    for title, text in tables.values():
        print(f"### {title}\n\n{text(found)}\n")
    if keep:
        RESULTS.mkdir(exist_ok=True)
        PATH.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        print(f"Written to {PATH.relative_to(RESULTS.parent.parent)}.")


def _watched(name: str, items: Iterable[Item]) -> list[Item]:
    found = []
    for item in items:
        found.append(item)
        print(f"{name}: {len(found)}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
