"""What a commit carries, so that whoever reads the source again counts exactly the same.

The broker bounds a commit's metadata, so it is packed tightly: jumps as differences, models by the time up to
when they were finished. Where many models share a source, their names are replaced by fingerprints.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from math import gcd

import msgspec

from service.windows.clock import Clock, Jump
from service.windows.codec import pack_text, unpack_text

METADATA_BYTES = 4_000
"""The broker's default bound (``offset.metadata.max.bytes``) is 4,096 bytes."""
FINGERPRINT_BYTES = 4
_FORM = 2


class Resume(msgspec.Struct, frozen=True):
    """A position in a source and the state in force there.

    Attributes
    ----------
    offset
        The lowest first offset of any unfinished pane: where to read from.
    position
        How far the source had been read.
    newest_ms, jumps
        The clock at ``offset``, with all jumps known since.
    finished_ms
        For each model, up to when its panes were finished and acknowledged: those are not counted again.
    lost
        How many records were gone before they could be counted, ever.
    """

    offset: int
    position: int
    newest_ms: int
    jumps: list[Jump]
    finished_ms: dict[str, int]
    lost: int = 0

    def clock(self) -> Clock:
        """The clock at ``offset``."""
        return Clock(self.newest_ms, list(self.jumps))

    def metadata(self) -> str:
        """Text for the commit's metadata: with the models' names where they fit, else with fingerprints."""
        groups = _by_time(self.finished_ms)
        text = _text(self, groups)
        if len(text) <= METADATA_BYTES:
            return text
        return _text(self, [(at_ms, b"".join(map(fingerprint, names))) for at_ms, names in groups])


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """A ``Resume`` on its way: ``jumps`` are differences, their times in units of ``unit_ms``."""

    form: int
    offset: int
    ahead: int
    newest_ms: int
    unit_ms: int
    jumps: list[int]
    finished: list[tuple[int, list[str] | bytes]]
    lost: int = 0


def read_metadata(text: str | None, models: Collection[str] = ()) -> Resume | None:
    """What ``Resume.metadata`` wrote; None when the commit was made by somebody else.

    ``models`` are the names that fingerprints are looked up in; a model that is not among them is forgotten.
    """
    if not text:
        return None
    try:
        packed = msgspec.msgpack.decode(unpack_text(base64.b85decode(text)), type=_Packed)
    except (ValueError, msgspec.MsgspecError):
        return None
    if packed.form != _FORM or len(packed.jumps) % 2:
        return None
    return Resume(
        packed.offset,
        packed.offset + packed.ahead,
        packed.newest_ms,
        list(_jumps(packed)),
        dict(_finished(packed.finished, models)),
        packed.lost,
    )


@cache
def fingerprint(name: str) -> bytes:
    """What stands for a model's name where names do not fit."""
    return blake2b(name.encode(), digest_size=FINGERPRINT_BYTES).digest()


def alike(models: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of models that one fingerprint stands for: one in four billion."""
    ordered = sorted(models, key=fingerprint)
    return [(one, other) for one, other in pairwise(ordered) if fingerprint(one) == fingerprint(other)]


def _text(resume: Resume, finished: Sequence[object]) -> str:
    jumps = [Jump(resume.offset, 0), *resume.jumps]
    offsets = [after.offset - before.offset for before, after in pairwise(jumps)]
    times = [after.until_ms - before.until_ms for before, after in pairwise(jumps)]
    unit_ms = gcd(*times) or 1
    steps = [step for pair in zip(offsets, (time // unit_ms for time in times), strict=True) for step in pair]
    ahead = resume.position - resume.offset
    fields = (_FORM, resume.offset, ahead, resume.newest_ms, unit_ms, steps, finished, resume.lost)
    return base64.b85encode(pack_text(msgspec.msgpack.encode(fields))).decode()


def _jumps(packed: _Packed) -> Iterator[Jump]:
    offset, until_ms = packed.offset, 0
    for ahead, steps in zip(packed.jumps[::2], packed.jumps[1::2], strict=True):
        offset, until_ms = offset + ahead, until_ms + steps * packed.unit_ms
        yield Jump(offset, until_ms)


def _by_time(finished_ms: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    groups: dict[int, list[str]] = {}
    for name, at_ms in sorted(finished_ms.items()):
        groups.setdefault(at_ms, []).append(name)
    return sorted(groups.items())


def _finished(
    groups: Iterable[tuple[int, list[str] | bytes]], models: Collection[str]
) -> Iterator[tuple[str, int]]:
    known = {fingerprint(name): name for name in models}
    for at_ms, marks in groups:
        if isinstance(marks, bytes):
            size = FINGERPRINT_BYTES
            found = [known.get(marks[i : i + size]) for i in range(0, len(marks), size)]
            yield from ((name, at_ms) for name in found if name is not None)
        else:
            yield from ((name, at_ms) for name in marks)
