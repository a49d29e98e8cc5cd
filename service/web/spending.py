"""What a model has spent of its budget of false alarms, as its newest window says."""

from __future__ import annotations

from service.evaluation.result import Spending
from service.web.board import Board


def newest_spending(board: Board, model: str) -> Spending | None:
    """The spending that the model's newest window states; None without a budget."""
    stated = [
        (snapshot.evaluated.window.end_ms, spending.spent, spending)
        for snapshot in board.snapshots(model).values()
        if (spending := snapshot.evaluated.spending) is not None
    ]
    return max(stated, key=lambda item: item[:2])[-1] if stated else None
