"""What judging one window needs of those before it: the budget of false alarms, and online detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from detectors.lord import simes
from service.config.model import Model
from service.config.monitor import Monitor
from service.evaluation.budget import Budget
from service.evaluation.changes import Changes
from service.evaluation.evaluate import Carried, evaluate
from service.evaluation.judged import adjusted
from service.evaluation.result import Evaluated
from service.windows.closed import ClosedWindow


class Decider:
    """Judges the windows of a model one after the other.

    All memory from window to window is here; :func:`service.evaluation.evaluate.evaluate` has none. The same
    windows in the same order give the same results, and a decider that was kept goes on as it would have.

    Parameters
    ----------
    monitors
        All monitors, in the order of the configuration.
    """

    def __init__(self, model: Model, monitors: Sequence[Monitor]) -> None:
        self._model = model
        self._monitors = tuple(monitors)
        self._changes = Changes(model, monitors)
        self._budget = Budget.of(model)

    def judge(self, window: ClosedWindow) -> Evaluated:
        """Results and judgements of the next window; windows come by end, version and name."""
        measured = self._changes.take(window)
        spending = None if self._budget is None else self._budget.offer(window)
        carried = Carried(measured.blocks, spending)
        evaluated = evaluate(window, self._model, self._monitors, carried)
        if self._budget is not None:
            spending = self._budget.settle(window, simes(adjusted(evaluated).tolist()))
        return replace(evaluated, spending=spending, unfollowed=measured.cut)

    def dump(self) -> bytes:
        """All state as bytes, for a snapshot."""
        budget = b"" if self._budget is None else self._budget.dump()
        return msgspec.msgpack.encode((budget, self._changes.dump()))

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        budget, changes = msgspec.msgpack.decode(data, type=tuple[bytes, bytes])
        self._changes.load(changes)
        if self._budget is not None and budget:
            self._budget.load(budget)
