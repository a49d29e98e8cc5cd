"""Each mistake that can be made, one by one: where it is found, and what is said of it.

The two tables are the promise of `driftline check-config`: spoil a good file in one way, and exactly one
problem is reported, in the changed line, under the path of the table, with consequence and mend.
"""

import pytest

from tests.config.base import GOOD, Case, problems_of, spoiled
from tests.config.mistakes_between_sections import BETWEEN_SECTIONS
from tests.config.mistakes_in_a_section import IN_A_SECTION

CASES = IN_A_SECTION | BETWEEN_SECTIONS


def test_the_good_configuration_has_no_mistake() -> None:
    assert problems_of(GOOD) == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_found_once_in_its_line_and_named_with_consequence_and_mend(case: Case) -> None:
    text = spoiled(case.old, case.new)
    changed = [
        i for i, (a, b) in enumerate(zip(text.splitlines(), GOOD.splitlines(), strict=False), 1) if a != b
    ]

    problems = problems_of(text)

    assert [problem.path for problem in problems] == [case.path], "\n".join(map(str, problems))
    (problem,) = problems
    assert problem.line == changed[0]
    assert case.message in problem.message
    assert case.consequence in problem.consequence
    assert case.mend in problem.mend


def test_a_column_points_at_the_value_and_at_the_key_of_an_unknown_field() -> None:
    (value,) = problems_of(spoiled("port: 8080", "port: 80800"))
    assert (value.column, value.value) == (len("web: {port: ") + 1, "80800")

    (key,) = problems_of(spoiled("port: 8080", "prt: 8080"))
    assert (key.column, key.value) == (len("web: {") + 1, "8080")


def test_many_mistakes_are_all_named_at_once_in_the_order_of_their_lines() -> None:
    text = (
        GOOD.replace("kafka-1:9092", "kafka-1")
        .replace("min: 18", "min: 180")
        .replace("every: 5m", "every: 7m")
        .replace("lateness: 30s", "lateness: 30")
        .replace("metric: psi", "metric: pis")
        .replace("name: errors", "name: drift")
        .replace("https://", "")
        .replace("port: 8080", "port: 8080, port: 8081")
        .replace("slices: 100", "slices: 0")
    )

    problems = problems_of(text)

    assert [problem.path for problem in problems] == [
        "kafka.bootstrap_servers",
        "models[0].features.age.min",
        "models[0].windows[0].every",
        "models[0].lateness",
        "monitors[0].metric",
        "monitors[1].name",
        "receivers.webhooks[0].url",
        "web.port",
        "limits.slices",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_a_mistake_in_one_field_does_not_hide_a_mismatch_of_another() -> None:
    text = spoiled("features: [age]", "features: [agee]").replace("lateness: 30s", "lateness: soon")
    assert [p.path for p in problems_of(text)] == ["models[0].lateness", "monitors[0].features[0]"]


def test_what_a_broken_model_may_yet_have_is_not_called_missing() -> None:
    text = spoiled("{type: numeric, min: 18, max: 120}", "{type: number}")
    assert [p.path for p in problems_of(text)] == ["models[0].features.age"]


def test_secrets_written_where_they_do_not_belong_are_not_repeated() -> None:
    for old, new in [
        ("sources:", "  security: {password: hunter2}\nsources:"),
        ("https://example.com/hook", "https://me:hunter2@example.com/hook"),
    ]:
        problems = problems_of(spoiled(old, new))
        assert len(problems) == 1
        assert "hunter2" not in str(problems) + str(problems[0])
