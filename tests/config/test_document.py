"""The text of a configuration: syntax, places, keys as they are written, aliases and merge keys."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.document import NODES_MAX, read
from service.config.loading import parse
from service.config.model import Model
from service.config.monitor import Monitor
from service.config.problems import ConfigErrors
from service.config.settings import Source
from tests.config.base import GOOD, problems_of


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("kafka:\n  group: 'x\n", 3, "no YAML"),
        ("web: [1,\nx: }", 2, "no YAML"),
        ("web:\n\tport: 1", 2, "no YAML"),
        ("web: 1\n---\nweb: 2", 2, "another document"),
        ("web: *nowhere", 1, "nowhere"),
        ("a: 1\nb: \x01", 2, "does not allow"),
        ('web: {host: "\\ud800"}\nmodels: [{name: x, features: {a: {type: numeric}}}]', 1, "surrogate"),
        ('"\\ud800": 1\nmodels: [{name: x, features: {a: {type: numeric}}}]', 1, "surrogate"),
        ("[" * 1000, 1, "nested too deeply"),
        ("a: &x [*x]", 1, "aliases"),
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
    ],
)
def test_a_text_that_is_no_yaml_is_a_problem_with_its_line(text: str, line: int, part: str) -> None:
    problem = next(p for p in problems_of(text) if part in p.message)
    assert problem.line == line


def test_a_root_that_is_no_mapping_is_one_problem() -> None:
    assert ["is not a section" in problem.message for problem in problems_of("- models")] == [True]


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (problem,) = problems_of("\n".join(lines))
    assert f"{NODES_MAX:,}" in problem.message


def test_keys_and_times_are_taken_as_they_are_written() -> None:
    data = read("{7: 1, on: 2, 1.50: 3, ~: 4, t: 2026-01-01T00:00:00Z, n: 010, o: 0o10}").data
    assert data == {"7": 1, "on": 2, "1.50": 3, "~": 4, "t": "2026-01-01T00:00:00Z", "n": 10, "o": 8}


def test_every_repetition_of_a_key_is_found_at_its_own_line() -> None:
    document = read("a: 1\nb: 2\na: 3\na: 4\n")
    assert [finding.place for finding in document.findings] == [(3, 1), (4, 1)]
    assert document.data == {"a": 1, "b": 2}


def test_what_is_written_out_wins_over_what_is_merged_and_so_does_its_place() -> None:
    text = "base: &b {x: 1, y: 2}\nnext:\n  x: 3\n  <<: *b\nboth: {<<: [{x: 5}, *b]}\n"
    document = read(text)
    assert document.data["next"] == {"x": 3, "y": 2}
    assert document.data["both"] == {"x": 5, "y": 2}
    assert document.place(("next", "x")) == (3, 6)
    assert document.place(("next", "y")) == (1, 20)
    assert document.findings == []


def test_merged_monitors_are_checked_like_others() -> None:
    text = GOOD.replace(
        "  - {name: errors, metric: error_ratio, threshold: 0.1}",
        "  - &m {name: errors, metric: error_ratio, threshold: 0.1}\n  - {<<: *m, name: more, threshold: 7}",
    )
    assert [problem.path for problem in problems_of(text)] == ["monitors[2].threshold"]


@given(st.text(alphabet=st.sampled_from("ab:-[]{},&*!<|>'\"# \n\t0.~?%@"), max_size=60))
def test_no_text_raises_anything_but_its_problems(text: str) -> None:
    with pytest.raises(ConfigErrors):
        parse(text, "test.yaml")


FIELDS = sorted(Model.model_fields | Monitor.model_fields | Source.model_fields)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["kafka", "sources", "models", "monitors", "receivers", "web", "limits", "timing"]),
    json_values,
)
def test_no_value_in_any_section_raises_anything_but_problems(section: str, value: object) -> None:
    text = json.dumps(read(GOOD).data | {section: value})  # JSON is YAML
    assert all(p.message and p.consequence and p.mend for p in problems_of(text))


@given(st.sampled_from(["models", "monitors", "sources"]), st.sampled_from(FIELDS), json_values)
def test_no_value_in_any_field_of_a_list_raises_anything_but_problems(
    section: str, field: str, value: object
) -> None:
    data = read(GOOD).data
    text = json.dumps(data | {section: [data[section][0] | {field: value}]})
    assert all(p.message and p.consequence and p.mend for p in problems_of(text))
