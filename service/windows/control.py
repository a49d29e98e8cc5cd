"""What the control topic says, folded: which profile holds from which pane on."""

from __future__ import annotations

from operator import itemgetter
from typing import Literal

import msgspec

from detectors.profile import Profile
from service.windows.codec import pack_text, unpack_text


class ProfilePublished(msgspec.Struct, frozen=True, tag="profile"):
    """A profile holds for the panes that start at or after ``boundary_ms``.

    ``learned`` ones only count while the model version has no profile at all: two evaluators may learn at
    once. ``configured`` ones were named by a configuration: a restart with the same one does not publish them
    again.
    """

    packed: bytes
    boundary_ms: int
    learned: bool = False
    configured: bool = False

    @classmethod
    def of(
        cls, profile: Profile, boundary_ms: int, *, learned: bool = False, configured: bool = False
    ) -> ProfilePublished:
        """The record that puts a profile in force."""
        return cls(pack_text(profile.to_json()), boundary_ms, learned, configured)

    @property
    def profile(self) -> Profile:
        """The profile itself, read anew at each call; ``ValueError`` when the record holds none."""
        try:
            return Profile.from_json(unpack_text(self.packed))
        except (LookupError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
            raise ValueError(f"no profile: {error!r}") from error


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
    try:
        return _DECODER.decode(data)
    except UnicodeDecodeError as error:  # the one error of msgspec that is not of its own kind
        raise msgspec.ValidationError(str(error)) from error


class Control:
    """The fold of all control records so far, in their order."""

    def __init__(self) -> None:
        self._profiles: dict[tuple[str, str], list[tuple[int, Profile]]] = {}
        self._configured: dict[tuple[str, str], str] = {}
        self.changes = 0
        """Grows with every record that changed anything, so that caches know."""

    def apply(self, record: ProfilePublished) -> Profile | None:
        """Take one record in; the profile that holds from its boundary on, None when it changes nothing."""
        profile = record.profile
        if record.configured:
            self._configured[profile.model, profile.version] = profile.id
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
        if not version:  # labels carry none: of all profiles of the model, the one that began to hold last
            held = [self._held((model, name), pane_ms) for of, name in sorted(self._profiles) if of == model]
            begun = [entry for entry in held if entry is not None]
            return max(begun, key=itemgetter(0))[1] if begun else None
        entry = self._held((model, version), pane_ms) or self._held((model, ""), pane_ms)
        return entry and entry[1]

    def configured(self, model: str, version: str) -> str | None:
        """Id of the profile that a configuration named last, whatever was published since."""
        return self._configured.get((model, version))

    def latest(self, model: str) -> list[Profile]:
        """The newest profile of each version of the model."""
        of_model = [history for (name, _), history in sorted(self._profiles.items()) if name == model]
        return [history[-1][1] for history in of_model if history]

    def published(self, model: str) -> dict[str, int]:
        """The versions that have a profile of their own, and from when on they first had one."""
        return {
            version: history[0][0]
            for (name, version), history in self._profiles.items()
            if name == model and version and history
        }

    def knows(self, model: str, version: str) -> bool:
        """Whether the model version has a profile, now or from a later pane on."""
        return bool(self._profiles.get((model, version)) or self._profiles.get((model, "")))

    def _held(self, key: tuple[str, str], pane_ms: int) -> tuple[int, Profile] | None:
        """Boundary and profile that hold for the pane under one key."""
        begun = [entry for entry in self._profiles.get(key, ()) if entry[0] <= pane_ms]
        return begun[-1] if begun else None
