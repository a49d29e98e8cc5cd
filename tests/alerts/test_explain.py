"""Explanations in words: a line each, and none where there is nothing to say."""

import msgspec

from service.alerts.explain import explanation_lines
from service.evaluation.result import Explanation, SliceShare, ValueShare
from tests.alerts.making import judgement, monitor, window

RESULT = judgement(monitor(), "x", window(1)).result


def lines(told: Explanation) -> tuple[str, ...]:
    return explanation_lines(msgspec.structs.replace(RESULT, explanation=told))


def test_everything_that_is_known_is_a_line_in_the_order_of_questions() -> None:
    told = Explanation(
        change="mean 3 to 4",
        values=(ValueShare("> 30", 0.25, 0.1, 0.8),),
        slices=(SliceShare("region=eu", 0.9, 0.1), SliceShare("plan=g", 0.5, 0.2)),
        unseen=(("CA ", 1200), ("ny", 3)),
    )
    assert lines(told) == (
        "It went from mean 3 to 4.",
        "> 30: 25.0% of the window, 10.0% of reference",
        "Unknown to the reference: CA  (1,200), ny (3).",
        (
            "Where: region=eu makes 90% of it with 10% of the traffic; "
            "plan=g makes 50% of it with 20% of the traffic."
        ),
    )


def test_of_a_slice_the_value_on_all_traffic_is_told() -> None:
    assert lines(Explanation(everywhere=0.0031)) == ("On all traffic it is 0.0031.",)


def test_a_result_without_an_explanation_has_no_lines() -> None:
    assert explanation_lines(RESULT) == ()
