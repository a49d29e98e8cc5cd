"""An explanation in words, a line each."""

from __future__ import annotations

from service.evaluation.result import Explanation, Result


def explanation_lines(result: Result) -> tuple[str, ...]:
    """What moved, the values that made it, and where; nothing for a result without an explanation."""
    told = result.explanation
    if told is None:
        return ()
    return (*_moved(told), *_values(told), *_unseen(told), *_where(told))


def _moved(told: Explanation) -> list[str]:
    return [f"It went from {told.change}."] if told.change else []


def _values(told: Explanation) -> list[str]:
    return [
        f"{part.values}: {part.window:.1%} of the window, {part.reference:.1%} of reference"
        for part in told.values
    ]


def _unseen(told: Explanation) -> list[str]:
    names = ", ".join(f"{name} ({count:,})" for name, count in told.unseen)
    return [f"Unknown to the reference: {names}."] if names else []


def _where(told: Explanation) -> list[str]:
    if told.slices:
        parts = "; ".join(
            f"{part.slice} makes {part.of_change:.0%} of it with {part.of_records:.0%} of the traffic"
            for part in told.slices
        )
        return [f"Where: {parts}."]
    return [] if told.everywhere is None else [f"On all traffic it is {told.everywhere:.4g}."]
