"""What the control topic says, folded: which profile holds from which pane on."""

from __future__ import annotations

from typing import Literal

import msgspec

from detectors.profile import Profile
from service.windows.codec import pack_text, unpack_text


class ProfilePublished(msgspec.Struct, frozen=True, tag="profile"):
    """A profile holds for the panes that start at or after ``boundary_ms``.

    ``learned`` ones only count while the model version has no profile at all: two evaluators may learn at
    once.
    """

    packed: bytes
    boundary_ms: int
    learned: bool = False

    @classmethod
    def of(cls, profile: Profile, boundary_ms: int, *, learned: bool = False) -> ProfilePublished:
        """The record that puts a profile in force."""
        return cls(pack_text(profile.to_json()), boundary_ms, learned)

    @property
    def profile(self) -> Profile:
        """The profile itself, read anew at each call."""
        return Profile.from_json(unpack_text(self.packed))


class RetrainingReported(msgspec.Struct, frozen=True, tag="retraining"):
    """Somebody said that a retraining of the model started or finished."""

    model: str
    event: Literal["started", "finished"]
    at_ms: int
    principal: str


ControlRecord = ProfilePublished | RetrainingReported

_DECODER: msgspec.msgpack.Decoder[ControlRecord] = msgspec.msgpack.Decoder(ControlRecord)


def encode_control(record: ControlRecord) -> bytes:
    """The bytes of a record on the control topic."""
    return msgspec.msgpack.encode(record)


def decode_control(data: bytes) -> ControlRecord:
    """What ``encode_control`` was given; ``msgspec.ValidationError`` when it is something else."""
    return _DECODER.decode(data)


class Control:
    """The fold of all control records so far, in their order."""

    def __init__(self) -> None:
        self._profiles: dict[tuple[str, str], list[tuple[int, Profile]]] = {}
        self.changes = 0
        """Grows with every record that changed anything, so that caches know."""

    def apply(self, record: ProfilePublished) -> Profile | None:
        """Take one record in; the profile that holds from its boundary on, None when it changes nothing."""
        profile = record.profile
        history = self._profiles.setdefault((profile.model, profile.version), [])
        if record.learned and history:
            return None
        if history and history[-1][1].id == profile.id:
            return None
        # A later record with an earlier boundary replaces what it overtakes.
        history[:] = [entry for entry in history if entry[0] < record.boundary_ms]
        history.append((record.boundary_ms, profile))
        self.changes += 1
        return profile

    def in_force(self, model: str, version: str, pane_ms: int) -> Profile | None:
        """The profile of the pane that starts at ``pane_ms``: of the version itself, else of any version."""
        keys = [(model, version), (model, "")]
        if not version:  # labels carry none: whatever profile of the model came last holds for them
            own = [key for key in self._profiles if key[0] == model]
            keys = [max(own, key=self._newest_boundary)] if own else []
        for key in keys:
            for boundary_ms, profile in reversed(self._profiles.get(key, ())):
                if boundary_ms <= pane_ms:
                    return profile
        return None

    def latest(self, model: str) -> list[Profile]:
        """The newest profile of each version of the model."""
        of_model = [history for (name, _), history in sorted(self._profiles.items()) if name == model]
        return [history[-1][1] for history in of_model if history]

    def knows(self, model: str, version: str) -> bool:
        """Whether the model version has a profile, now or from a later pane on."""
        return bool(self._profiles.get((model, version)) or self._profiles.get((model, "")))

    def _newest_boundary(self, key: tuple[str, str]) -> tuple[int, str]:
        return self._profiles[key][-1][0], key[1]
