"""Fuzzing guided by coverage, of one decoder: run by its test, in a process of its own.

Arguments: the target, then those of libFuzzer, a folder of examples to begin with among them.
"""

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["service.events", "service.windows", "detectors.profile"]):
    import msgspec

    from detectors.profile import Profile
    from service.pipeline import Evaluation
    from service.windows.control import Control, ProfilePublished, decode_control
    from service.windows.statement import decode_partial
    from tests.events.making import Row
    from tests.fuzz.hostile import TIME_MS
    from tests.fuzz.models import fuzz_settings, good_event, plain_decoder, scanning_decoder

_GOOD = good_event(0)
_DECODERS = (scanning_decoder(), plain_decoder())
_SETTINGS = fuzz_settings()


def events(data: bytes) -> None:
    """A record between two good ones: one fate, the same with the scanner and without it."""
    records = [Row(i, value, TIME_MS) for i, value in enumerate((_GOOD, data, _GOOD))]
    fates = []
    for decoder in _DECODERS:
        decoded = decoder.decode(records)
        assert sum(map(len, decoded.batches)) + len(decoded.rejects) == 3
        fates.append([(reject.record.offset, reject.reason, reject.detail) for reject in decoded.rejects])
    assert fates[0] == fates[1]


def partials(data: bytes) -> None:
    """A record of the partials is refused by its decoder, or applied."""
    try:
        partial = decode_partial(data)
    except msgspec.MsgspecError:
        return
    list(Evaluation(_SETTINGS, Control(), "digest").apply(partial))


def control(data: bytes) -> None:
    """A record of the control topic is refused as its reader expects, or folded."""
    try:
        record = decode_control(data)
        if isinstance(record, ProfilePublished):
            Control().apply(record)
    except (msgspec.MsgspecError, ValueError, KeyError):
        return


def profile(data: bytes) -> None:
    """A profile in a control record is refused by a ValueError, or is one."""
    try:
        Profile.from_json(data)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError):
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (events, partials, control, profile)
}

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
