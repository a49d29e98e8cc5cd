"""Draws the pictures of the documents: ``python -m bench.plots``. The same code draws the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bench.plots import distances, moments, series
from bench.plots.quality import quality_picture
from bench.quality.page import results

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images" / "methods"

DRAWN: dict[str, Callable[[], str]] = {
    "psi": distances.psi_picture,
    "ks": distances.ks_picture,
    "js": distances.js_picture,
    "hellinger": distances.hellinger_picture,
    "linf": distances.linf_picture,
    "chi2": distances.chi2_picture,
    "wasserstein": distances.wasserstein_picture,
    "small-samples": distances.small_samples_picture,
    "mean-shift": moments.mean_shift_picture,
    "std-shift": moments.std_shift_picture,
    "rates": moments.rates_picture,
    "season": series.season_picture,
    "budget": series.budget_picture,
    "online": series.online_picture,
    "reconstruction": series.reconstruction_picture,
}
"""Simulated by the detectors themselves."""

FROM_RESULTS = {"dependence": series.dependence_picture, "quality": quality_picture}
"""Drawn from the results of the quality benchmark."""


def pictures() -> Iterator[tuple[str, str]]:
    """Names and SVG texts of all pictures."""
    for name, draw in DRAWN.items():
        yield name, draw()
    found = results()
    for name, draw_found in FROM_RESULTS.items():
        yield name, draw_found(found)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pictures():
        path = FOLDER / f"{name}.svg"
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.name}, {len(text.encode()) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
