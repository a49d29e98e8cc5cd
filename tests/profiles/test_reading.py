"""Reference data out of files: the same profile from every format, and clear words for what is not read."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from detectors.fields import CategoricalField
from detectors.layout import COUNTERS
from service.config.model import Model
from service.errors import DriftlineError, EventFileError, ProfileError
from service.profiles.reading import load_profile, save_profile
from tests.events.making import categories
from tests.profiles.data import MODEL, build, events, read, rows, write

TABLE = rows(600)


@pytest.fixture(scope="module")
def reference_id(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(write(tmp_path_factory.mktemp("reference") / "rows.parquet", TABLE)).profile.id


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.ndjson"])
def test_every_format_of_the_same_rows_gives_the_same_id(
    name: str, tmp_path: Path, reference_id: str
) -> None:
    assert build(write(tmp_path / name, TABLE)).profile.id == reference_id


def test_native_events_give_the_same_id_as_flat_rows(tmp_path: Path, reference_id: str) -> None:
    assert build(write(tmp_path / "events.jsonl", events(TABLE))).profile.id == reference_id


def test_several_files_of_mixed_formats_in_any_order_give_the_same_id(
    tmp_path: Path, reference_id: str
) -> None:
    parts = [
        write(tmp_path / "c.jsonl", events(TABLE[400:])),
        write(tmp_path / "a.csv", TABLE[:200]),
        write(tmp_path / "b.parquet", TABLE[200:400]),
    ]
    assert build(*parts).profile.id == reference_id


def test_counters_tell_labels_and_actuals(tmp_path: Path) -> None:
    profile = build(write(tmp_path / "rows.csv", TABLE)).profile
    counted = dict(zip(COUNTERS, profile.totals[0].tolist(), strict=False))
    known = [row["actual"] for row in TABLE if row["actual"] is not None]
    assert counted == {
        "events": 600,
        "errors": 0,
        "labelled": 600,
        "positive": sum(row["label"] == "approve" for row in TABLE),
        "actuals": len(known),
        "actual_positive": known.count("approve"),
    }


def test_slice_names_escape_what_could_be_read_in_two_ways(tmp_path: Path) -> None:
    profile = build(write(tmp_path / "rows.csv", TABLE)).profile
    assert "region=eu,state=a%2Cb%3Dc" in profile.slices


def test_parquet_tells_null_from_nan(tmp_path: Path) -> None:
    table = pa.table(
        {"age": [1.0, math.nan, None, math.inf], "income": [1.0] * 4, "state": ["x"] * 4, "children": [1] * 4}
    )
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    (batch,) = read(tmp_path / "a.parquet").batches
    assert batch.numeric[:, 0].tolist()[:2] == [1.0, -math.inf]
    assert math.isnan(batch.numeric[2, 0])
    assert batch.numeric[3, 0] == -math.inf


def test_in_csv_only_an_empty_field_is_null_and_a_bad_number_is_one_invalid_value(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('age,income,state,children\n1,,NA,0\nold,NaN,"",1\n 3 ,1e3,null,2\n')
    (batch,) = read(path).batches
    assert batch.numeric[:, 0].tolist() == [1.0, -math.inf, 3.0]
    assert math.isnan(batch.numeric[0, 1])
    assert batch.numeric[1:, 1].tolist() == [-math.inf, 1000.0]
    assert categories(batch) == (["NA", None, "null"], ["0", "1", "2"])


def test_in_json_an_absent_key_is_not_null_and_a_wrong_type_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"age": null, "income": "5", "state": "CA", "children": true}\n'
        '{"income": 5, "state": null, "children": 1.5}\n'
    )
    profile = build(path).profile
    states = {
        field.name: [
            int(profile.layout.state(profile.totals[0], place, s)) for s in ("invalid", "absent", "null")
        ]
        for place, field in enumerate(profile.layout.judged)
    }
    assert states == {
        "age": [0, 1, 1],
        "income": [1, 0, 0],
        "prediction": [0, 2, 0],
        "state": [0, 0, 1],
        "children": [1, 0, 0],
    }


def test_labels_of_whole_numbers_and_booleans_are_their_json_text(tmp_path: Path) -> None:
    model = Model.model_validate({"name": "m", "positive_label": "1", "features": {"x": {"type": "numeric"}}})
    for name, column in (("int", [1, 0, 1]), ("float", [1.0, 0.0, 1.0]), ("text", ["1", "0", "1"])):
        path = tmp_path / f"{name}.parquet"
        pa.parquet.write_table(pa.table({"x": [1.0, 2.0, 3.0], "label": column}), path)
        assert read(path, model=model).batches[0].counters[:, 3].tolist() == [1, 0, 1], name


def test_a_regression_counts_known_actual_values(tmp_path: Path) -> None:
    model = Model.model_validate({"name": "m", "task": "regression", "features": {"x": {"type": "numeric"}}})
    path = write(
        tmp_path / "a.parquet", [{"x": 1.0, "prediction": 2.5, "actual": v} for v in (1.0, None, 3.0)]
    )
    predictions, labels = read(path, model=model).batches
    assert predictions.numeric[:, 1].tolist() == [2.5] * 3
    assert labels.is_label
    assert labels.counters.sum(axis=0).tolist() == [0, 0, 0, 0, 2, 0]


def test_dictionaries_large_strings_and_decimals_are_read(tmp_path: Path) -> None:
    table = pa.table(
        {
            "age": pa.array([1, 2], pa.decimal128(10, 2)),
            "income": pa.array([1, None], pa.uint8()),
            "state": pa.array(["CA", None]).dictionary_encode(),
            "children": pa.array(["0", "1"], pa.large_string()),
        }
    )
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    (batch,) = read(tmp_path / "a.parquet").batches
    assert batch.numeric[:, 0].tolist() == [1.0, 2.0]
    assert categories(batch) == (["CA", None], ["0", "1"])


def test_only_rows_in_the_interval_are_kept(tmp_path: Path) -> None:
    day = 86_400_000
    table = [dict(row, timestamp=place * day) for place, row in enumerate(TABLE[:10])]
    for name in ("a.parquet", "a.csv", "a.jsonl"):
        data = read(write(tmp_path / name, table), interval=(2 * day, 5 * day))
        kept = [batch for batch in data.batches if not batch.is_label]
        assert np.concatenate([batch.event_ms for batch in kept]).tolist() == [2 * day, 3 * day, 4 * day]


@pytest.mark.parametrize("kind", ["s", "ms", "ns"])
def test_timestamps_of_any_unit_are_milliseconds(kind: str, tmp_path: Path) -> None:
    column = pa.array([1_700_000_000_000], pa.timestamp("ms", "UTC")).cast(pa.timestamp(kind, "UTC"))
    table = pa.table({"age": [1.0], "income": [1.0], "state": ["CA"], "children": [1], "timestamp": column})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", interval=(0, None)).batches[0].event_ms.tolist() == [
        1_700_000_000_000
    ]


def test_reading_stops_at_the_bound_and_says_so(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.csv", TABLE[:100]), write(tmp_path / "b.csv", TABLE[100:])
    data = read(first, second, max_rows=100)
    assert (data.rows, data.cut) == (100, True)
    assert not read(first, max_rows=101).cut


def test_bad_lines_are_counted_by_reason_and_the_first_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"age": 1, "income": 2, "state": "CA", "children": 0})
    path.write_text(f"{good}\n{{broken\n\n[1]\n{good}\n")
    data = read(path)
    assert data.rows == 2
    assert data.refused.counts == {"not_json": 1, "not_an_event": 1}
    assert data.refused.first.startswith("line 2: ")


def test_events_of_other_models_are_counted_as_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*events(TABLE[:5]), *events(TABLE[:2], model="other")])
    data = read(path)
    assert data.rows == 5
    assert set(data.refused.counts) == {"unknown_model"}


GOOD = {"age": [1.0], "income": [1.0], "state": ["CA"], "children": [1]}


def parquet(**columns: object) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        table = pa.table({name: column for name, column in {**GOOD, **columns}.items() if column is not None})
        pa.parquet.write_table(table, folder / "a.parquet")
        return folder / "a.parquet"

    return make


def text(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content)
        return folder / name

    return make


MISSING = (ProfileError, "missing_column")
WRONG = (ProfileError, "wrong_type")
AMBIGUOUS = (ProfileError, "ambiguous_column")
UNREADABLE = (EventFileError, "unreadable")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (parquet(age=None), MISSING, "no column `age`.*columns in the file: income, state"),
        (parquet(age=None, Age=[1.0]), MISSING, r"is it `Age`\?"),
        (text("a.csv", "age,income,state\n1,2,x\n"), MISSING, "no column `children`"),
        (text("a.jsonl", '{"age": 1}\n'), MISSING, "no column `income`.*: age; rename"),
        (parquet(age=["old"]), WRONG, "`age` holds values of type string where numbers"),
        (parquet(age=[True]), WRONG, "`age` holds values of type bool"),
        (parquet(state=[1.5]), WRONG, "`state` holds values of type double.*Int64"),
        (
            text("a.csv", "age,income,state,children\nold,2,x,0\nnew,2,x,0\n"),
            WRONG, "`age` holds no valid value in 2 rows where numbers",
        ),
        (
            text("a.jsonl", '{"age": 1, "income": 1, "state": [], "children": 0}\n'),
            WRONG, "`state` holds no valid value",
        ),
        (parquet(score=[0.5], prediction=[0.5]), AMBIGUOUS, "both `score` and `prediction`"),
        (parquet(prediction=["approve"]), WRONG, "`prediction` holds values of type string"),
        (
            text("a.csv", "age,age,income,state,children\n1,1,2,x,0\n"),
            AMBIGUOUS, "`age` is there 2 times",
        ),
        (text("a.csv", "age,income,state,children\n1,2,x\n"), UNREADABLE, "Expected 4 columns"),
        (text("a.csv", ""), UNREADABLE, "cannot be read"),
        (text("a.parquet", "PAR0"), UNREADABLE, "cannot be read"),
        (text("a.txt", ""), (EventFileError, "unknown_format"), "`.txt` are not read; give .parquet"),
        (lambda folder: folder / "gone.csv", UNREADABLE, "gone.csv"),
        (text("a.jsonl", "one\ntwo\n"), (EventFileError, "not_events"), "no line could be counted.*line 1"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_a_reference_is_refused_with_its_name(
    make: Callable[[Path], Path], error: tuple[type[DriftlineError], str], words: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(error[0], match=words) as caught:
        build(path)
    assert caught.value.reason == error[1]
    assert str(caught.value).startswith(f"{path}: ")


def test_times_are_needed_when_rows_are_chosen_by_time(tmp_path: Path) -> None:
    path = parquet()(tmp_path)
    with pytest.raises(ProfileError, match="no column `timestamp`"):
        read(path, interval=(0, None))


def test_a_bad_time_is_refused_only_when_times_are_needed(tmp_path: Path) -> None:
    path = parquet(timestamp=["yesterday"])(tmp_path)
    assert len(read(path).batches[0]) == 1
    with pytest.raises(ProfileError, match="`timestamp` holds `yesterday` where times belong"):
        read(path, interval=(0, None))


def test_a_profile_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    profile = build(write(tmp_path / "rows.csv", TABLE)).profile
    size = save_profile(profile, tmp_path / "p.json")
    assert size == (tmp_path / "p.json").stat().st_size
    assert load_profile(tmp_path / "p.json").id == profile.id
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.json", "rows.csv"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": "driftline.profile/2"}', '{"schema": "other"}']
)
def test_a_file_that_is_no_profile_is_refused(content: str, tmp_path: Path) -> None:
    path = text("p.json", content)(tmp_path)
    with pytest.raises(ProfileError, match="not a profile") as caught:
        load_profile(path)
    assert caught.value.reason == "not_a_profile"


def test_a_category_column_of_integers_has_the_categories_of_their_text(tmp_path: Path) -> None:
    field = build(write(tmp_path / "rows.parquet", TABLE)).profile.layout.judged[-1]
    assert isinstance(field, CategoricalField)
    assert field.categories == ("0", "1", "2", "3")
    assert MODEL.features["children"].type == "categorical"
