"""Numbers as a person reads them."""

from __future__ import annotations

import math


def format_number(value: float | None) -> str:
    """Three or four digits that matter, with k and M where they make it shorter; a dash for no value.

    >>> [format_number(value) for value in (None, 0.0, 0.31234, 12.5, 20000, 1_250_000, 3e-7, -4.0)]
    ['–', '0', '0.312', '12.5', '20k', '1.25M', '3e-07', '-4']
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if unit <= size < 1e12:
            divisor = 1e3 if letter == "k" else unit
            return f"{value / divisor:.4g}{letter}"
    return f"{value:.4g}" if size >= 1 else f"{value:.3g}"


def format_share(share: float) -> str:
    """A share in percent.

    >>> [format_share(value) for value in (0, 0.00004, 0.0123, 0.25, 1)]
    ['0%', '<0.01%', '1.2%', '25%', '100%']
    """
    percent = share * 100
    if percent == 0:
        return "0%"
    if percent < 0.01:
        return "<0.01%"
    digits = f"{percent:.1f}" if percent >= 1 else f"{percent:.2f}"
    return f"{digits.rstrip('0').rstrip('.')}%"


def format_p(value: float | None) -> str:
    """A p-value; small ones by their order of magnitude.

    >>> [format_p(value) for value in (None, 0.5, 0.012345, 0.00001)]
    ['–', '0.5', '0.0123', '<0.0001']
    """
    if value is None:
        return "–"
    return "<0.0001" if value < 1e-4 else f"{value:.3g}"


def format_count(value: int | None) -> str:
    """A whole number with separators; a dash for none."""
    return "–" if value is None else f"{value:,}"


def format_ratio(value: float | None) -> str:
    """A multiple of the threshold.

    >>> [format_ratio(value) for value in (None, 0.04, 1.27, 31.4, float("inf"))]
    ['–', '0.04×', '1.27×', '31×', '∞×']
    """
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞×"
    return f"{value:.0f}×" if value >= 10 else f"{value:.2f}×"


def format_moment(text: str) -> str:
    """A time in RFC 3339 with date, hour and minute, and seconds where there are any.

    >>> format_moment("2026-08-22T11:00:00Z"), format_moment("2026-08-22T11:00:12.5Z")
    ('2026-08-22 11:00', '2026-08-22 11:00:12')
    """
    seconds = "" if text[17:19] == "00" else text[16:19]
    return f"{text[:10]} {text[11:16]}{seconds}"
