"""Feeds the parts in C, built with the compiler's sanitizers, hostile records and responses.

Run by its test, in a process of its own. Arguments: a seed, how many records, and for each part its module
and the shared object to load in its place.
"""

import importlib.util
import random
import sys


def load(name: str, path: str) -> None:
    """Put a shared object in place of an installed module."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def attack(seed: int, count: int) -> int:
    """Decode and count as the service does, with and without a profile; how many events there were."""
    from service.config.settings import Settings  # noqa: PLC0415  # after the parts were put in place
    from service.pipeline import Ingest  # noqa: PLC0415  # likewise
    from service.windows.control import Control, ProfilePublished  # noqa: PLC0415  # likewise
    from tests.events.making import Row, side_by_side  # noqa: PLC0415  # likewise
    from tests.fuzz.hostile import TIME_MS, hostile  # noqa: PLC0415  # likewise
    from tests.fuzz.models import good_event, models, small_profile  # noqa: PLC0415  # likewise

    control = Control()
    control.apply(ProfilePublished.of(small_profile(), 0))
    settings = Settings.model_validate({"models": models(), "sources": [{"topic": "in"}]})
    ingest, rng, events = Ingest(settings, control), random.Random(seed), 0
    ingest.assign("in/0", None)
    for first in range(0, count, 500):
        values = [one.value for one in hostile(rng, 400)] + [good_event(i) for i in range(100)]
        # Each value in memory of its own size, so that a byte read beyond it is seen.
        own = [value and bytes(bytearray(value)) for value in values]
        records = [Row(first + i, value, TIME_MS + first * 100) for i, value in enumerate(own)]
        # Every other time they stand in one buffer, with what might be read on into between them.
        run = side_by_side(records, rng.choice([b"", b"\0", b"}", b'"', b"0"])) if first % 1_000 else records
        events += sum(ingest.take("in/0", run).events.values())
        list(ingest.finished("in/0"))
        ingest.sources["in/0"].acknowledge()
    return events


def damage(seed: int, count: int) -> int:
    """Index responses of a broker that were damaged; how many records were found in them."""
    from service.kafka.frames import blank  # noqa: PLC0415  # after the parts were put in place
    from service.kafka.response import Response  # noqa: PLC0415  # after the parts were put in place
    from tests.fuzz.hostile import mutated  # noqa: PLC0415  # likewise
    from tests.kafka.responses import CODECS, Batch, Sent, encoded  # noqa: PLC0415  # likewise

    rng, records = random.Random(seed), 0
    for _ in range(count):
        sent = [
            Sent(rng.choice([None, b"", b"{}" * 90]), b"k", [("h", None)] * rng.randrange(3))
            for _ in range(4)
        ]
        whole = encoded([Batch(sent, rng.choice([0, 0, *CODECS])) for _ in range(3)])
        data = mutated(rng, whole)
        own, view = blank(len(data))
        view[:] = data
        response = Response(bytes(own), rng.choice([0, 103, 2**63 - 1]))
        while run := response.take(rng.choice([None, 1, 5])):
            records += sum(len(one.headers) < 3 or one.key is not None for one in run)
    return records


if __name__ == "__main__":
    for part in sys.argv[3:]:
        load(*part.split("=", 1))
    seed, count = map(int, sys.argv[1:3])
    found, indexed = attack(seed, count), damage(seed, count)
    sys.stdout.write(f"{found} events counted, {indexed} records indexed, no fault\n")
