"""The tables, in Markdown, from the document that a run leaves in ``bench/results/quality.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.quality.columns import COLUMNS, SERVICE
from bench.quality.intervals import Between, Share

Document = Mapping[str, Any]
NONE = "–"
"""A column that was not run, or a delay where nothing was found."""


def detection_table(found: Document) -> str:
    """False windows and power by column, with the aim of the service's column beside it."""
    rows = []
    for line in found["detection"]:
        sign = "≥" if line["feature"] else "≤"
        aim = "" if line["aim"] is None else f"{sign} {100 * line['aim']:.0f} %"
        cells = [_cell(line, name, lambda c: str(Share(**c["windows"]))) for name in COLUMNS]
        verdict = f"**{line['verdict']}**" if line["verdict"] == "missed" else line["verdict"]
        rows.append((line["scenario"], figure(line), *cells, aim, verdict))
    return table(("scenario", "figure", *COLUMNS, "aim", ""), rows)


def figure(line: Mapping[str, Any]) -> str:
    """What the share of windows means in a scenario."""
    if not line["feature"]:
        return "false windows"
    return "windows found" if line["drift"]["ramp"] else "power in a window"


def delay_table(found: Document) -> str:
    """Time to detect, missed runs and time between false alarms, in windows."""
    rows = []
    for line in found["detection"]:

        def row(title: str, say: Callable[[Mapping[str, Any]], str], line: Mapping[str, Any] = line) -> None:
            rows.append((line["scenario"], title, *(_cell(line, name, say) for name in COLUMNS)))

        if not line["feature"]:
            row("between false windows", lambda c: str(Between(**c["windows_between"])))
            continue
        row("windows to detect, where found", lambda c: _delay(c["windows_to_detect"]))
        most = len(line["columns"][SERVICE]["runs"][0])
        row(f"runs of {most} missed", lambda c: _of(c["missed_runs"]))
    return table(("scenario", "figure", *COLUMNS), rows)


def tests_table(found: Document) -> str:
    """Single tests of the service at 1 %, on traffic without drift."""
    rows = [
        (
            line["scenario"],
            f"`{line['metric']}`",
            *(str(Share(**line[k])) for k in ("uncalibrated", "all", "slices")),
        )
        for line in found["tests"]
        if line["all"]["k"] + line["uncalibrated"]["k"]
    ]
    return table(("scenario", "metric", "uncalibrated, on `all`", "on `all`", "on the other slices"), rows)


def rate_table(found: Document) -> str:
    """False alarms of single tests of the library, before and after calibration."""
    rows = [
        (
            f"{r['phi']:g}",
            f"{r['records']:,}",
            f"`{r['test']}`",
            str(Share(**r["plain"])),
            str(Share(**r["calibrated"])),
        )
        for r in found["dependence"]
    ]
    return table(("φ", "records of the reference", "test", "uncalibrated", "calibrated"), rows)


def same_hour_table(found: Document) -> str:
    """A daily wave against both kinds of reference."""
    # Tests against the same hour are not calibrated, so that they have no second column.
    kinds = {
        "reference": "the reference",
        "reference_uncalibrated": "the reference, uncalibrated",
        "same_hour": "the same hour",
    }
    rows = [(line["scenario"], *(str(Share(**line[kind])) for kind in kinds)) for line in found["seasonal"]]
    return table(("with a daily wave of 0.3 sd", *(f"against {what}" for what in kinds.values())), rows)


def run_length_table(found: Document) -> str:
    """Run lengths to a false alarm by dependence, and delays by step."""
    first = found["online"][0]
    head = (
        "detector",
        *(f"between false alarms, φ = {phi}" for phi in first["between"]),
        *(f"delay of {step} sd" for step in first["delay"]),
    )
    rows = []
    for line in found["online"]:
        delays = (_median(line["delay"][step], line["missed"][step]) for step in line["delay"])
        rows.append((line["detector"], *(str(Between(**b)) for b in line["between"].values()), *delays))
    return table(head, rows)


def peers_table(found: Document) -> str:
    """What each peer chose by itself, and in how many windows it was asked."""
    rows = []
    for name, peer in found["settings"]["peers"].items():
        asked_of = [line["columns"][name] for line in found["detection"] if name in line["columns"]]
        counts = [column["windows"]["n"] for column in asked_of]
        asked = f"{min(counts)} to {max(counts)}"
        rows.append((f"{name} {peer['version']}", _chosen(peer["methods"]), asked))
    return table(("tool", "what it chose, and from where on it alarms", "windows of a scenario"), rows)


TABLES: Mapping[str, tuple[str, Callable[[Document], str]]] = {
    "detection": ("False windows and power", detection_table),
    "delay": ("Time, in windows", delay_table),
    "tests": ("Single tests of the service at 1 % without drift", tests_table),
    "seasonal": ("Windows with an alarm, by reference", same_hour_table),
    "dependence": ("Single tests of the library at 1 % without drift", rate_table),
    "online": ("Online detectors: values between false alarms, and median delay", run_length_table),
    "peers": ("What the peers chose", peers_table),
}
"""By name a title and the table, as they are printed and as documents embed them."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(line: Mapping[str, Any], name: str, say: Callable[[Mapping[str, Any]], str]) -> str:
    column = line["columns"].get(name)
    return say(column) if column and column["windows"]["n"] else NONE


def _of(share: Mapping[str, Any]) -> str:
    return f"{share['k']} of {share['n']}"


def _delay(delay: float | None) -> str:
    return NONE if delay is None else f"{delay:.1f}"


def _median(delay: float | None, missed: float) -> str:
    if delay is None:
        return "not seen"
    return f"{delay:.0f}" + (f", {100 * missed:.0f} % missed" if missed else "")


def _chosen(methods: Mapping[str, str]) -> str:
    """Methods with the columns that have each; thresholds that differ by column as a range."""
    by_method: dict[str, list[str]] = {}
    for said in methods.values():
        method, _, limit = said.rpartition(", ")
        by_method.setdefault(method, []).append(limit)
    parts = []
    for method, limits in by_method.items():
        low, high = min(limits, key=float), max(limits, key=float)
        span = low if low == high else f"{low} to {high}"
        parts.append(f"{method} from {span} ({len(limits)} columns)")
    return "; ".join(parts)
