"""The proof of the verdicts: every case by number, with what it is and why it is judged so."""

import numpy as np
import pytest

from service.config.monitor import Monitor
from service.evaluation.block import ENOUGH, TOO_FEW, UNDEFINED
from service.evaluation.result import Verdict
from service.evaluation.verdict import VERDICTS, Evidence, verdicts
from tests.evaluation.scene import monitor

NO_DATA, BREACH, HOLDING, CLEAR = VERDICTS
NAN = float("nan")

PSI = monitor("psi", 0.2)
PSI_LOW = monitor("psi", 0.2, resolve_threshold=0.1)
PSI_UNTESTED = monitor("psi", 0.2, alpha=None)
SHIFT = monitor("mean_shift", 0.5, resolve_threshold=0.3)
FALL = monitor("mean_shift", -0.5, below=True)
MISSING = monitor("missing_ratio", 0.1, resolve_threshold=0.05)
POSITIVE_LOW = monitor("positive_rate", 0.2, below=True, resolve_threshold=0.25)
TRAFFIC_LOW = monitor("traffic", 100, below=True)

# number: rule, value, data, p, adjusted p, change, verdict, why
CASES: dict[int, tuple[Monitor, float, int, float, float, float, Verdict, str]] = {
    1: (PSI, NAN, TOO_FEW, NAN, NAN, NAN, NO_DATA, "too little data says nothing"),
    2: (PSI, 9.0, TOO_FEW, 0.0, 0.0, NAN, NO_DATA, "not even when a value is known"),
    3: (SHIFT, NAN, UNDEFINED, NAN, NAN, NAN, NO_DATA, "a constant reference has no unit"),
    4: (PSI, NAN, ENOUGH, 0.0, 0.0, NAN, NO_DATA, "a value that does not exist says nothing"),
    5: (PSI, 0.3, ENOUGH, 0.001, 0.009, NAN, BREACH, "effect and adjusted p-value both"),
    6: (PSI, 0.2, ENOUGH, 0.001, 0.01, NAN, BREACH, "both marks belong to the breach"),
    7: (PSI, 0.19, ENOUGH, 0.0, 0.0, NAN, CLEAR, "significant, but too small to matter"),
    8: (
        PSI,
        0.3,
        ENOUGH,
        0.01,
        0.3,
        NAN,
        HOLDING,
        "stands out alone but not among all tests: keep, do not raise",
    ),
    9: (PSI, 0.3, ENOUGH, 0.011, 0.3, NAN, CLEAR, "large but within noise"),
    10: (PSI_LOW, 0.15, ENOUGH, 0.0, 0.0, NAN, HOLDING, "between the two marks"),
    11: (PSI_LOW, 0.1, ENOUGH, 0.0, 0.0, NAN, HOLDING, "on the resolve mark is not on its good side"),
    12: (PSI_LOW, 0.099, ENOUGH, 0.0, 0.0, NAN, CLEAR, "on the good side"),
    13: (PSI_LOW, 0.15, ENOUGH, 0.4, 0.9, NAN, CLEAR, "between the marks but within noise"),
    14: (PSI_UNTESTED, 0.2, ENOUGH, 0.9, 1.0, NAN, BREACH, "without alpha the effect alone decides"),
    15: (PSI_UNTESTED, 0.1, ENOUGH, 0.0, 0.0, NAN, CLEAR, "likewise"),
    16: (SHIFT, -0.6, ENOUGH, 0.0, 0.0, NAN, BREACH, "a shift counts by magnitude"),
    17: (SHIFT, -0.4, ENOUGH, 0.0, 0.0, NAN, HOLDING, "also against the resolve mark"),
    18: (SHIFT, -0.2, ENOUGH, 0.0, 0.0, NAN, CLEAR, "likewise"),
    19: (FALL, -0.6, ENOUGH, 0.0, 0.0, NAN, BREACH, "a rule that looks below sees the sign"),
    20: (FALL, 0.6, ENOUGH, 0.0, 0.0, NAN, CLEAR, "a rise is no fall"),
    21: (MISSING, 0.12, ENOUGH, 0.0, 0.0, 0.1, BREACH, "more than the reference had"),
    22: (MISSING, 0.12, ENOUGH, 0.0, 0.0, -0.1, CLEAR, "beyond the threshold, but better than the reference"),
    23: (MISSING, 0.12, ENOUGH, 0.5, 1.0, 0.001, CLEAR, "as missing as it always was"),
    24: (
        MISSING,
        0.12,
        ENOUGH,
        NAN,
        NAN,
        NAN,
        BREACH,
        "no reference to compare with: the effect alone decides",
    ),
    25: (MISSING, 0.07, ENOUGH, 0.0, 0.0, 0.05, HOLDING, "between the two marks"),
    26: (POSITIVE_LOW, 0.2, ENOUGH, 0.0, 0.0, -0.2, BREACH, "a rate may fall too low"),
    27: (POSITIVE_LOW, 0.2, ENOUGH, 0.0, 0.0, 0.1, CLEAR, "low, but higher than the reference"),
    28: (POSITIVE_LOW, 0.24, ENOUGH, 0.0, 0.0, -0.2, HOLDING, "between the two marks, from below"),
    29: (POSITIVE_LOW, 0.26, ENOUGH, 0.0, 0.0, -0.2, CLEAR, "on the good side, from below"),
    30: (
        TRAFFIC_LOW,
        0.0,
        ENOUGH,
        NAN,
        NAN,
        NAN,
        BREACH,
        "silence is a finding, and no test is needed for it",
    ),
    31: (TRAFFIC_LOW, 101.0, ENOUGH, NAN, NAN, NAN, CLEAR, "enough traffic"),
}


@pytest.mark.parametrize("number", CASES)
def test_each_case_is_judged_as_the_table_says(number: int) -> None:
    rule, value, data, p_value, p_adjusted, change, verdict, why = CASES[number]
    evidence = Evidence(
        np.array([value]),
        np.array([data], np.int8),
        np.array([p_value]),
        np.array([p_adjusted]),
        np.array([change]),
    )
    assert VERDICTS[verdicts(rule, evidence)[0]] is verdict, why


def test_many_are_judged_as_each_alone() -> None:
    cases = [case for case in CASES.values() if case[0] is PSI]
    columns = list(zip(*cases, strict=True))
    evidence = Evidence(
        np.array(columns[1]),
        np.array(columns[2], np.int8),
        np.array(columns[3]),
        np.array(columns[4]),
        np.array(columns[5]),
    )
    assert [VERDICTS[code] for code in verdicts(PSI, evidence)] == list(columns[6])
