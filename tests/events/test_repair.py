"""NaN and infinities are no JSON, but common: what is put in their place never changes anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.repair import DEPTH_MAX, rewritten, without_tokens

UNUSABLE = [""]

text = st.text('NaInfity":\\, {}[]-', max_size=12) | st.sampled_from(['":NaN,"', "NaN", ":NaN}", '\\":NaN,'])
numbers = st.sampled_from([float("nan"), float("inf"), -float("inf"), 1.5])
documents = st.dictionaries(
    text, text | numbers | st.dictionaries(text, numbers | text, max_size=3), max_size=4
)


def replaced(value: object) -> object:
    if isinstance(value, dict):
        return {key: replaced(inner) for key, inner in value.items()}
    return UNUSABLE if isinstance(value, float) and value != 1.5 else value


@given(documents, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_what_parses_after_replacing_differs_from_the_original_in_tokens_only(
    document: dict[str, object], separators: tuple[str, str]
) -> None:
    try:
        found = json.loads(
            without_tokens(json.dumps(document, separators=separators).encode()), parse_constant=fail
        )
    except ValueError:
        return  # left to the tolerant parser
    assert found == replaced(document)


def fail(token: str) -> object:
    raise ValueError(token)


@given(documents)
def test_the_tolerant_parser_reads_whatever_python_writes(document: dict[str, object]) -> None:
    found = json.loads(rewritten(json.dumps(document).encode()), parse_constant=fail)
    assert found == json.loads(json.dumps(document), parse_constant=lambda _: [])


@pytest.mark.parametrize("depth", [DEPTH_MAX, DEPTH_MAX + 1])
def test_nesting_is_bounded(depth: int) -> None:
    value = b"[" * depth + b'"[[["' + b"]" * depth
    if depth == DEPTH_MAX:
        assert rewritten(value) == value
    else:
        with pytest.raises(ValueError, match="nested deeper than 100 levels"):
            rewritten(value)
