"""What the fuzzers feed: two models, and a profile and partials to begin mutations from."""

import json
import random
from typing import Any

from detectors.profile import Profile
from service.config.model import Model
from service.config.settings import Settings
from service.events.native import NativeDecoder
from service.pipeline import Ingest
from service.profiles.from_batches import profile_from_batches
from service.windows.control import Control, ProfilePublished, RetrainingReported, encode_control
from service.windows.statement import Progress, encode_partial
from tests.events.making import Row, compiled_decoder, decoder
from tests.fuzz.hostile import TIME_MS, chaff, dumped

LIMIT = 1_000_000


def chaff_model(name: str = "chaff", **changes: Any) -> Model:
    """A model with two numbers, a name, a slice."""
    return Model.model_validate(
        {
            "name": name,
            "positive_label": "approve",
            "features": {
                "age": {"type": "numeric"},
                "income": {"type": "numeric"},
                "state": {"type": "categorical"},
            },
            "slices": [["region"]],
            "windows": [{"length": "1m"}],
        }
        | changes
    )


def models() -> tuple[Model, Model]:
    """The model that is sent hostile records, and a neighbour that is sent good ones."""
    return chaff_model(), chaff_model("good")


def scanning_decoder() -> NativeDecoder:
    """The decoder as it runs."""
    return _limited(decoder(*models()))


def plain_decoder() -> NativeDecoder:
    """The decoder as it runs where no scanner was built."""
    return _limited(compiled_decoder(*models()))


def _limited(made: NativeDecoder) -> NativeDecoder:
    made._event_bytes = LIMIT
    if made._scanner is not None:
        made._scanner._event_bytes = LIMIT
    return made


def good_event(i: int) -> bytes:
    """A good prediction of the model `good`, told from others by its age."""
    event = chaff(model="good", prediction_id=f"g{i}", timestamp=TIME_MS + i)
    return json.dumps(event | {"features": {**event["features"], "age": float(i)}}).encode()


def small_profile(seed: int = 0) -> Profile:
    """The profile of `chaff`, out of a few hundred events."""
    rng = random.Random(seed)
    events = [
        chaff(features={"age": rng.gauss(40, 9), "income": rng.random(), "state": rng.choice("ABC")})
        for _ in range(300)
    ]
    records = [Row(i, dumped(event), TIME_MS) for i, event in enumerate(events)]
    return profile_from_batches(chaff_model(), "1", scanning_decoder().decode(records).batches)


def fuzz_settings() -> Settings:
    """One model, one source."""
    return Settings.model_validate({"models": [chaff_model()], "sources": [{"topic": "in"}]})


def sample_partials() -> list[bytes]:
    """Statements of panes and progress as a worker sends them."""
    ingest = Ingest(fuzz_settings(), Control())
    ingest.assign("in/0", None)
    events = [chaff(timestamp=TIME_MS + i * 600, prediction_id=f"c{i}") for i in range(400)]
    ingest.take("in/0", [Row(i, dumped(event), event["timestamp"]) for i, event in enumerate(events)])
    ingest.sources["in/0"].caught_up(TIME_MS + 10_000_000)
    stated = [encode_partial(statement) for statement in ingest.finished("in/0")]
    assert len(stated) > 3
    clock_ms, known_ms = TIME_MS + 240_000, TIME_MS + 10_000_000
    progress = Progress(
        topic="in", partition=0, partitions=1, hi=400, clock_ms=clock_ms, caught_up_ms=known_ms
    )
    return [*stated, encode_partial(progress)]


def sample_controls() -> list[bytes]:
    """A profile and a report of a retraining as they stand on the control topic."""
    report = RetrainingReported("chaff", "started", TIME_MS, "ann")
    return [encode_control(ProfilePublished.of(small_profile(), TIME_MS)), encode_control(report)]
