"""What is computed once and kept: as long as a profile is, or while there is room."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from detectors.profile import Profile

T = TypeVar("T")


def once_a_profile(make: Callable[[Profile], T]) -> Callable[[Profile], T]:
    """The function with its results kept, whatever number of profiles is in use.

    A profile is known by its identity: it never changes. What is kept must not hold the profile itself, or
    neither would ever be given up.
    """
    kept: WeakKeyDictionary[Profile, list[T]] = WeakKeyDictionary()

    @wraps(make)
    def known(profile: Profile) -> T:
        found = kept.get(profile)
        if found is None:
            found = kept[profile] = [make(profile)]
        return found[0]

    return known


class Recent(Generic[T]):
    """The values used last, as many as there is room for.

    Parameters
    ----------
    room
        Sum of the sizes of what is kept; a value that is larger is kept alone.

    >>> squares = Recent[int](room=2)
    >>> [squares.get(n, lambda n=n: (n * n, 1)) for n in (1, 2, 3)], len(squares)
    ([1, 4, 9], 2)
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._kept: dict[Hashable, tuple[T, int]] = {}

    def get(self, key: Hashable, make: Callable[[], tuple[T, int]]) -> T:
        """The value of a key; ``make`` gives one that is not there, and its size."""
        found = self._kept.pop(key, None)
        if found is None:
            found = make()
            self._used += found[1]
        self._kept[key] = found
        while self._used > self._room and len(self._kept) > 1:
            self._used -= self._kept.pop(next(iter(self._kept)))[1]
        return found[0]

    def __len__(self) -> int:
        return len(self._kept)
