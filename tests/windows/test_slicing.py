"""Names of slices: whatever the tags hold, no two slices share a name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.events.coded import CodedColumn
from service.windows.slicing import ALL, OTHER, SliceNames, escape, other_name, slice_name

VALUES = st.one_of(st.text(max_size=6), st.sampled_from([OTHER, ALL, "a=b", "a,b", "%3D", "", "%5F_other__"]))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=2, unique=True))
def test_two_slices_never_share_a_name(pair: list[tuple[str, str]]) -> None:
    one, other = (slice_name(("region", "tier"), values) for values in pair)
    assert one != other


@given(VALUES)
def test_no_value_of_a_tag_can_be_taken_for_the_slice_that_the_budget_fills(value: str) -> None:
    assert slice_name(("region",), (value,)) not in {other_name(("region",)), ALL}


@given(VALUES)
def test_an_escaped_value_holds_no_mark_of_a_name_and_no_control_character(value: str) -> None:
    assert not set(escape(value)) & set("=,\n\x00\x7f")


def test_an_event_without_a_tag_is_in_no_slice_of_the_dimension() -> None:
    tags = {"region": CodedColumn.of(["eu", None, "eu"]), "tier": CodedColumn.of(["gold", "gold", None])}
    assert SliceNames(("region", "tier")).of(tags) == ["region=eu,tier=gold", None, None]


@given(st.lists(st.tuples(*[st.none() | st.sampled_from(["a", "b", "c"])] * 3), min_size=1, max_size=30))
def test_crossed_tags_name_the_slice_of_each_event(rows: list[tuple[str | None, ...]]) -> None:
    tags = ("x", "y", "z")
    names = SliceNames(tags).of(
        {tag: CodedColumn.of(column) for tag, column in zip(tags, zip(*rows, strict=True), strict=True)}
    )
    assert names == [None if None in row else f"x={row[0]},y={row[1]},z={row[2]}" for row in rows]


@given(st.lists(st.one_of(st.none(), VALUES), max_size=30), st.integers(1, 4))
def test_a_memory_that_is_full_still_names_every_slice(values: list[str | None], bound: int) -> None:
    expected = [None if value is None else slice_name(("region",), (value,)) for value in values]
    names = SliceNames(("region",), bound)
    for first in range(0, len(values), 7):
        assert names.of({"region": CodedColumn.of(values[first : first + 7])}) == expected[first : first + 7]
    assert len(names) <= bound
