"""A report about a model is heard where the model is evaluated, and nowhere else."""

from __future__ import annotations

import pytest

from service.config.digest import settings_digest
from service.pipeline import Evaluation
from service.windows.control import Control, RetrainingReported
from tests.pipeline.test_silence import SETTINGS


@pytest.mark.parametrize(("here", "kept"), [(["fast", "slow"], {"fast"}), (["slow"], set())])
def test_a_retraining_of_a_model_whose_partials_go_elsewhere_does_not_begin_it_here(
    here: list[str], kept: set[str]
) -> None:
    evaluation = Evaluation(SETTINGS, Control(), settings_digest(SETTINGS), here)
    evaluation.report(RetrainingReported("fast", "started", 1, "somebody"))
    assert evaluation.models.keys() == kept
