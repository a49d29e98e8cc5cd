"""Versions of a model are counted one by one only as far as their budget goes."""

import orjson

from service.config.settings import Settings
from service.embedded.files import FileRecord
from service.pipeline import Ingest
from service.windows.control import Control

SETTINGS = Settings.model_validate_json(
    orjson.dumps(
        {
            "models": [{"name": "m", "features": {"x": {"type": "numeric"}}, "windows": [{"length": "1m"}]}],
            "limits": {"versions": 2},
        }
    )
)
START_MS = 1_780_000_020_000  # on a minute


def totals(batches: list[list[str]]) -> dict[str, int]:
    """Events by version in the pane that the records of all batches make, one record a version named."""
    ingest = Ingest(SETTINGS, Control())
    source = ingest.assign("t/0", None)
    offset = 0
    for versions in batches:
        records = []
        for version in versions:
            event = {
                "model": "m",
                "model_version": version,
                "timestamp": START_MS,
                "prediction": {"score": 1},
            }
            records.append(FileRecord(offset, orjson.dumps(event)))
            offset += 1
        ingest.take("t/0", records)
    source.caught_up(START_MS + 120_000)
    counted = {key[1]: int(pane.totals[0, 0]) for key, pane in source.finish()}
    assert source.tallies()["m"].cut == counted.get("__other__", 0)
    return counted


def test_the_first_versions_by_offset_keep_their_names_and_the_rest_share_one() -> None:
    assert totals([["a", "b", "c", "a", "d"]]) == {"a": 2, "b": 1, "__other__": 2}


def test_how_records_are_batched_does_not_matter() -> None:
    versions = ["a", "c", "b", "b", "d", "a", "c"]
    assert totals([versions]) == totals([[version] for version in versions])
