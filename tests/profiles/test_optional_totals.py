"""What a profile holds beside its fields: latency, sums by bin, components."""

from pathlib import Path

import numpy as np
import pytest

from detectors.components import Fitted
from detectors.profile import Profile
from detectors.totals.sections import scatter_of
from service.config.model import Model
from service.errors import ProfileError
from service.profiles.from_batches import build_from_batches
from service.profiles.reading import load_profile
from tests.profiles.data import MODEL, build, read


def test_the_latency_of_a_table_is_counted_and_a_negative_one_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "age,income,state,children,latency_ms\n1,1,CA,0,12.5\n1,1,CA,0,-3\n1,1,CA,0,\n1,1,CA,0,x\n"
    )
    layout, row = (profile := build(path).profile).layout, profile.totals[0]
    assert layout.latency is not None
    states = [int(layout.state(row, layout.latency, s)) for s in ("invalid", "absent", "null")]
    assert states == [2, 0, 1]
    assert layout.values(row, layout.latency).sum() == 1


def test_a_model_without_latency_has_a_profile_without_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("age,income,state,children,latency_ms\n1,1,CA,0,12.5\n")
    model = MODEL.model_copy(update={"latency": False})
    profile = build_from_batches(model, "7", read(path, model=model).batches).profile
    assert profile.layout.latency is None


FULL = Model.model_validate(
    {
        "name": "m",
        "features": {"x": {"type": "numeric"}, "y": {"type": "numeric"}},
        "bin_sums": True,
        "multivariate": True,
    }
)


def table(path: Path, shuffled: bool) -> Path:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(5_000)
    rows = [
        f"{a},{a + b},{1_787_392_800_000 + i}"
        for i, (a, b) in enumerate(zip(x, rng.standard_normal(5_000), strict=True))
    ]
    if shuffled:
        rows = [rows[i] for i in rng.permutation(5_000)]
    path.write_text("x,y,timestamp\n" + "\n".join(rows) + "\n")
    return path


def test_a_profile_holds_sums_by_bin_a_scatter_and_components_and_reads_back_the_same(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", shuffled=False)
    profile = build_from_batches(FULL, "", read(path, model=FULL).batches).profile
    again = Profile.from_json(profile.to_json())
    assert again.id == profile.id
    for known in (profile, again):
        assert (known.layout.bin_sums, known.layout.multivariate) == (True, True)
        assert scatter_of(known.layout, known.totals[0]).n == 5_000
        assert known.components is not None
        assert Fitted.from_document(known.components).features == ("x", "y")


def test_components_rest_on_the_order_of_times_and_not_of_rows(tmp_path: Path) -> None:
    ids = {
        build_from_batches(
            FULL, "", read(table(tmp_path / "a.csv", shuffled=flag), model=FULL).batches
        ).profile.id
        for flag in (False, True)
    }
    assert len(ids) == 1


def test_a_profile_of_the_former_schema_is_to_be_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"schema": "driftline.profile/1"}')
    with pytest.raises(
        ProfileError, match=r"driftline.profile/1, and this release reads .*/2.*build it anew"
    ):
        load_profile(path)
