"""The bytes in which a detector is kept between two runs."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

Config = TypeVar("Config")
State = TypeVar("State")

_SUM_BYTES = 4


def pack(kind: str, config: msgspec.Struct, state: msgspec.Struct) -> bytes:
    """A checksum, then kind, configuration and state as MessagePack.

    Parameters
    ----------
    kind
        Detector and schema version, such as ``cusum/1``: a changed detector never resumes wrong state.
    """
    body = msgspec.msgpack.encode((kind, config, state))
    return zlib.crc32(body).to_bytes(_SUM_BYTES, "big") + body


def unpack(data: bytes, kind: str, config: type[Config], state: type[State]) -> tuple[Config, State]:
    """What :func:`pack` was given.

    Raises
    ------
    ValueError
        When the bytes are damaged (compiled detectors would abort on them), or of another kind.
    """
    total, body = data[:_SUM_BYTES], data[_SUM_BYTES:]
    if zlib.crc32(body).to_bytes(_SUM_BYTES, "big") != total:
        raise ValueError(f"state of `{kind}` is damaged ({len(data)} bytes): start the detector anew")
    found, *rest = msgspec.msgpack.decode(body, type=tuple[str, msgspec.Raw, msgspec.Raw])
    if found != kind:
        raise ValueError(f"state is of `{found}`, not of `{kind}`: start the detector anew")
    first, second = rest
    return msgspec.msgpack.decode(first, type=config), msgspec.msgpack.decode(second, type=state)
