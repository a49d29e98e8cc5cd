"""How often each metric finds which change: the table of ``docs/methods.md`` is what simulation gives."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from detectors.chi2 import chi2
from detectors.fields import GRID_STEPS
from detectors.groups import category_groups, decile_groups, group_counts
from detectors.ks import ks
from detectors.linf import linf
from detectors.psi import psi
from detectors.shift import Sample, mean_shift, std_shift

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
WINDOWS = 2_000
WINDOW_SIZE, REFERENCE_SIZE = 5_000, 50_000
ALPHA = 0.001
TOLERANCE = 0.06
"""Five standard errors of such a share from so many windows, and the rounding."""

NORMAL = {
    "normal, mean + 0.05 sd": (0.05, 1.0),
    "normal, mean + 0.1 sd": (0.1, 1.0),
    "normal, sd × 1.05": (0.0, 1.05),
    "normal, sd × 1.1": (0.0, 1.1),
}
FOUR, FIFTY = [0.4, 0.3, 0.2, 0.1, 0.0], [0.02] * 50 + [0.0]
CATEGORIES = {
    "4 categories, 2 points from the least frequent to the most": (FOUR, [0.42, 0.3, 0.2, 0.08, 0.0]),
    "4 categories, 0.2 % of a new one": (FOUR, [0.3992, 0.2994, 0.1996, 0.0998, 0.002]),
    "50 categories, one from 2 % to 3 %": (FIFTY, [0.03] + [0.97 / 49] * 49 + [0.0]),
    "50 categories, half of them up and half down by a tenth": (FIFTY, [0.022, 0.018] * 25 + [0.0]),
}


def table() -> dict[str, dict[str, float]]:
    lines = PAGE.read_text(encoding="utf-8").split("| change |")[1].split("\n\n")[0].splitlines()
    metrics = [cell.strip(" `") for cell in lines[0].strip(" |").split("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {
        name: {metric: float(cell) for metric, cell in zip(metrics, cells, strict=True) if cell != "–"}
        for name, *cells in rows
    }


def share(p: np.ndarray) -> float:
    return float((p <= ALPHA).mean())


def of_groups(reference: np.ndarray, window: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    size = int(groups.max()) + 1
    a, b = group_counts(reference, groups, size), group_counts(window, groups, size)
    return {
        "psi": share(psi(a, b).p_value),
        "chi2": share(chi2(a, b).p_value),
        "linf": share(linf(a, b).p_value),
    }


def normal_moments(rng: np.random.Generator, n: int, mean: float, sd: float) -> Sample:
    means = rng.normal(mean, sd / np.sqrt(n), WINDOWS)
    variances = sd**2 * rng.chisquare(n - 1, WINDOWS) / (n - 1)
    return Sample(np.full(WINDOWS, float(n)), means * GRID_STEPS, variances * GRID_STEPS**2)


def test_the_table_has_a_row_for_each_change_and_no_other() -> None:
    assert set(table()) == {*NORMAL, *CATEGORIES}


@pytest.mark.parametrize("name", NORMAL)
def test_changes_of_a_number_are_found_as_often_as_the_page_says(name: str) -> None:
    rng = np.random.default_rng()
    mean, sd = NORMAL[name]
    edges = np.concatenate(([-np.inf], stats.norm.ppf(np.arange(0.01, 1, 0.01)), [np.inf]))
    likely = np.diff(stats.norm.cdf(edges, mean, sd))
    reference = rng.multinomial(REFERENCE_SIZE, np.full(len(likely), 1 / len(likely)), WINDOWS)
    window = rng.multinomial(WINDOW_SIZE, likely, WINDOWS)
    known, new = normal_moments(rng, REFERENCE_SIZE, 0, 1), normal_moments(rng, WINDOW_SIZE, mean, sd)
    found = of_groups(reference, window, decile_groups(reference)) | {
        "ks": share(ks(reference, window).p_value),
        "mean_shift": share(mean_shift(known, new).p_value),
        "std_shift": share(std_shift(known, new, np.full(WINDOWS, 3.0)).p_value),
    }
    assert table()[name] == pytest.approx(found, abs=TOLERANCE)


@pytest.mark.parametrize("name", CATEGORIES)
def test_changes_of_categories_are_found_as_often_as_the_page_says(name: str) -> None:
    rng = np.random.default_rng()
    before, after = CATEGORIES[name]
    reference = rng.multinomial(REFERENCE_SIZE, before, WINDOWS)
    window = rng.multinomial(WINDOW_SIZE, np.array(after) / sum(after), WINDOWS)
    assert table()[name] == pytest.approx(
        of_groups(reference, window, category_groups(reference)), abs=TOLERANCE
    )
