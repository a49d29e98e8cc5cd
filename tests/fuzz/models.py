"""What the fuzzers feed: two models, and a profile and partials to begin mutations from."""

import json
import random
from typing import Any

from detectors.profile import Profile
from service.config.model import Model
from service.events.native import NativeDecoder
from service.profiles.from_batches import profile_from_batches
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
